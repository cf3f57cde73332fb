/* The proxy breaks where it was told to, to the byte. Before a server that keeps what it gets. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "contract/proxy.h"
#include "contract/proxy_socket.h"

/* Serves one connection after the other: keeps all bytes, echoes each. */
struct echo {
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char kept[4096];
    size_t count, ended; /* bytes; connections that are over */
};

static void keep(struct echo *echo, const char *data, size_t n, bool ended)
{
    pthread_mutex_lock(&echo->lock);
    assert_true(echo->count + n <= sizeof echo->kept);
    memcpy(echo->kept + echo->count, data, n);
    echo->count += n;
    echo->ended += ended;
    pthread_cond_signal(&echo->changed);
    pthread_mutex_unlock(&echo->lock);
}

static void *serve(void *arg)
{
    struct echo *echo = arg;
    char data[512];
    int fd;

    while ((fd = accept(echo->listener, NULL, NULL)) >= 0) {
        ssize_t n;
        while ((n = recv(fd, data, sizeof data, 0)) > 0) {
            keep(echo, data, (size_t)n, false);
            send(fd, data, (size_t)n, MSG_NOSIGNAL);
        }
        close(fd);
        keep(echo, data, 0, true);
    }
    return NULL;
}

struct scene {
    struct echo echo;
    struct proxy *proxy;
};

static int set_up(void **state)
{
    struct scene *s = mem_zero(1, sizeof *s);

    s->echo.listener = proxy_listen(&s->echo.port);
    pthread_mutex_init(&s->echo.lock, NULL);
    pthread_cond_init(&s->echo.changed, NULL);
    assert_int_equal(pthread_create(&s->echo.thread, NULL, serve, &s->echo), 0);
    s->proxy = proxy_start(s->echo.port);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    proxy_stop(s->proxy);
    shutdown(s->echo.listener, SHUT_RDWR);
    pthread_join(s->echo.thread, NULL);
    close(s->echo.listener);
    free(s);
    return 0;
}

/* What the server got in all, once `ended` connections are over. */
static void server_got(struct scene *s, size_t ended, const char *expected)
{
    pthread_mutex_lock(&s->echo.lock);
    while (s->echo.ended < ended)
        pthread_cond_wait(&s->echo.changed, &s->echo.lock);
    assert_int_equal(s->echo.count, strlen(expected));
    assert_memory_equal(s->echo.kept, expected, strlen(expected));
    pthread_mutex_unlock(&s->echo.lock);
}

static int client_sends(struct scene *s, const char *text)
{
    int fd = proxy_connect(proxy_port(s->proxy));

    assert_true(fd >= 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

/* Reads until the end, or until `text` has come; true when it has. */
static bool client_gets(int fd, const char *text)
{
    char got[512];
    size_t count = 0;
    ssize_t n = 1;

    while (count < strlen(text) && (n = recv(fd, got + count, strlen(text) - count, 0)) > 0)
        count += (size_t)n;
    return count == strlen(text) && memcmp(got, text, count) == 0;
}

static bool client_is_cut(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) <= 0;
}

static void everything_passes(void **state)
{
    struct scene *s = *state;
    int fd = client_sends(s, "0123456789");

    assert_true(client_gets(fd, "0123456789"));
    assert_int_equal(proxy_count(s->proxy, PROXY_TO_SERVER), 10);
    assert_int_equal(proxy_count(s->proxy, PROXY_TO_CLIENT), 10);
    close(fd);
    server_got(s, 1, "0123456789");
}

static void a_cut_comes_after_the_byte(void **state)
{
    struct scene *s = *state;
    char expected[64] = "";
    size_t len = 0;

    for (size_t after = 0; after < 5; after++) {
        int fd;
        proxy_arm(s->proxy, after % 2 ? PROXY_RESET : PROXY_CUT, PROXY_TO_SERVER, after);
        fd = client_sends(s, "abcdefgh");
        while (!client_is_cut(fd))
            continue;
        close(fd);
        assert_true(proxy_disarm(s->proxy));
        memcpy(expected + len, "abcdefgh", after);
        expected[len += after] = '\0';
        server_got(s, after + 1, expected);
    }
}

static void an_answer_is_cut_off(void **state)
{
    struct scene *s = *state;
    int fd;

    proxy_arm(s->proxy, PROXY_CUT, PROXY_TO_CLIENT, 3);
    fd = client_sends(s, "abcdefgh");
    assert_true(client_gets(fd, "abc"));
    assert_true(client_is_cut(fd));
    close(fd);
    server_got(s, 1, "abcdefgh");
}

static void what_is_held_arrives_late(void **state)
{
    struct scene *s = *state;
    int fd;

    proxy_arm(s->proxy, PROXY_HOLD, PROXY_TO_SERVER, 3);
    fd = client_sends(s, "abcdefgh");
    while (!client_is_cut(fd)) /* the echo of what came before */
        continue;
    close(fd);
    assert_int_equal(proxy_count(s->proxy, PROXY_TO_SERVER), 3);
    assert_true(proxy_disarm(s->proxy));
    assert_int_equal(proxy_deliver(s->proxy), 5);
    server_got(s, 1, "abcdefgh");
    assert_int_equal(proxy_deliver(s->proxy), 0);
}

static void a_stall_ends_nothing_by_itself(void **state)
{
    struct scene *s = *state;
    struct pollfd pfd = {.events = POLLIN};

    proxy_arm(s->proxy, PROXY_STALL, PROXY_TO_CLIENT, 3);
    pfd.fd = client_sends(s, "abcdefgh");
    assert_true(client_gets(pfd.fd, "abc"));
    assert_int_equal(poll(&pfd, 1, 100), 0);
    assert_true(proxy_disarm(s->proxy));
    assert_true(client_is_cut(pfd.fd));
    close(pfd.fd);
    server_got(s, 1, "abcdefgh");
}

static void connections_are_refused_for_a_while(void **state)
{
    struct scene *s = *state;
    int fd = client_sends(s, "a");

    assert_true(client_gets(fd, "a"));
    for (int i = 0; i < 3; i++) {
        proxy_refuse(s->proxy, true);
        assert_true(client_is_cut(fd));
        close(fd);
        assert_int_equal(proxy_connect(proxy_port(s->proxy)), -1);
        proxy_refuse(s->proxy, false);
        fd = client_sends(s, "b");
        assert_true(client_gets(fd, "b"));
    }
    proxy_drop(s->proxy);
    assert_true(client_is_cut(fd));
    close(fd);
    server_got(s, 4, "abbb");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(everything_passes),
        TEST(a_cut_comes_after_the_byte),
        TEST(an_answer_is_cut_off),
        TEST(what_is_held_arrives_late),
        TEST(a_stall_ends_nothing_by_itself),
        TEST(connections_are_refused_for_a_while),
    };

    return cmocka_run_group_tests_name("the cutting proxy", tests, NULL, NULL);
}
