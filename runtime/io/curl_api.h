/*
 * curl_api: libcurl, loaded when the first client is made. For the clients in this layer only.
 *
 * See base/library.h for why.
 */
#ifndef ORRERY_IO_CURL_API_H
#define ORRERY_IO_CURL_API_H

#include <curl/curl.h>

struct error;

/* X(name without "curl_") */
#define CURL_FUNCTIONS(X)                                                                          \
    X(global_init)                                                                                 \
    X(global_cleanup)                                                                              \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(easy_perform)                                                                                \
    X(easy_send)                                                                                   \
    X(easy_recv)                                                                                   \
    X(easy_cleanup)                                                                                \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(multi_init)                                                                                  \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_socket_action)                                                                         \
    X(multi_info_read)                                                                             \
    X(multi_assign)                                                                                \
    X(multi_strerror)                                                                              \
    X(multi_cleanup)

struct curl_api {
#define X(name) __typeof__(curl_##name) *name;
    CURL_FUNCTIONS(X)
#undef X
};

/* Loads and initialises the library, which then stays loaded. UNSUPPORTED when it is not installed.
 */
int curl_api_open(struct curl_api *out, struct error *e);

#endif
