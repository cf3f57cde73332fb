#include "main/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/store_url.h"

#define SECRET_BYTES (16 * 1024)
#define TOKEN_ENV    "LIBSQL_AUTH_TOKEN"

void secret_free(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static int read_all(int fd, char *out, size_t size, size_t *len)
{
    ssize_t n;

    *len = 0;
    while (*len < size && (n = read(fd, out + *len, size - *len)) != 0) {
        if (n < 0 && errno != EINTR)
            return -1;
        *len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int check_text(const char *option, const char *name, char *text, size_t len, struct error *e)
{
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        text[--len] = '\0';
    if (len == 0)
        return error_set(e, ERROR_CONFIG, "%s=%.120s: it is empty", option, name);
    if (memchr(text, '\0', len) != NULL || memchr(text, '\n', len) != NULL)
        return error_set(e, ERROR_CONFIG, "%s=%.120s: expected one line of text", option, name);
    return 0;
}

static int from_file(const char *option, const char *file, const char *desk, char **out,
                     struct error *e)
{
    char path[4096], *text;
    size_t len = 0;
    int fd, result;

    snprintf(path, sizeof path, "%s%s%s", file[0] == '/' ? "" : desk, file[0] == '/' ? "" : "/",
             file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, ERROR_CONFIG, "%s=%.120s: cannot read it: %s", option, file,
                         strerror(errno));
    text = mem_zero(1, SECRET_BYTES + 2);
    result = read_all(fd, text, SECRET_BYTES + 1, &len);
    close(fd);
    if (result < 0)
        error_set(e, ERROR_CONFIG, "%s=%.120s: cannot read it: %s", option, file, strerror(errno));
    else if (len > SECRET_BYTES)
        result = error_set(e, ERROR_CONFIG, "%s=%.120s: larger than %d bytes", option, file,
                           SECRET_BYTES);
    else
        result = check_text(option, file, text, len, e);
    if (result < 0) {
        explicit_bzero(text, SECRET_BYTES + 2);
        free(text);
        return -1;
    }
    *out = text;
    return 0;
}

static int from_environment(const char *option, const char *name, char **out, struct error *e)
{
    const char *value = getenv(name);
    char *text;

    if (value == NULL) {
        error_set(e, ERROR_CONFIG, "%s=%.120s: the environment has no such variable", option, name);
        error_hint(e, "set it for the daemon, or name another one");
        return -1;
    }
    text = mem_strdup(value);
    if (check_text(option, name, text, strlen(text), e) < 0) {
        secret_free(text);
        return -1;
    }
    *out = text;
    return 0;
}

int secret_find(const struct store_url *url, const char *desk, char **out, struct error *e)
{
    bool libsql = url->kind == STORE_LIBSQL;
    const char *by_env = libsql ? "auth_token_env" : "password_env",
               *by_file = libsql ? "auth_token_file" : "password_file";
    const char *name = store_url_option(url, by_env), *file = store_url_option(url, by_file);

    if ((name != NULL) + (file != NULL) + (url->password != NULL) > 1)
        return error_set(e, ERROR_CONFIG,
                         "'%.200s': expected one of a password in the URL, %s and %s", url->label,
                         by_env, by_file);
    if (file != NULL)
        return from_file(by_file, file, desk, out, e);
    if (name != NULL)
        return from_environment(by_env, name, out, e);
    if (libsql && getenv(TOKEN_ENV) != NULL)
        return from_environment(by_env, TOKEN_ENV, out, e);
    *out = mem_strdup(url->password);
    return 0;
}
