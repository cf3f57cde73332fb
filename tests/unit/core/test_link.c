/*
 * The link to a worker that breaks every rule there is. The worker is this program again, in its
 * role: what it does wrong is named in a file that it finds by its parent's process id.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/link.h"
#include "unit/core/fake_worker.h"

#define TICKS       20
#define DEADLINE_MS 30000

/* ---- the worker ---- */

static void say(const struct message *m, bool slowly)
{
    struct error e = ERROR_INIT;
    struct buf out;

    buf_init(&out, LIMIT_FRAME_BYTES + 64);
    if (message_encode(&out, m, &e) < 0)
        _exit(9);
    for (size_t i = 0; slowly && i < out.len; i++)
        fake_put(out.data + i, 1);
    if (!slowly)
        fake_put(out.data, out.len);
    buf_release(&out);
}

static void hello(uint32_t version)
{
    say(&(struct message){.type = MESSAGE_HELLO,
                          .as.hello = {.version = version, .lua = "Lua 5.4", .measures = "none"}},
        false);
}

static struct message decided(uint64_t run)
{
    struct message m;

    memset(&m, 0, sizeof m);
    m.type = MESSAGE_DECIDED;
    m.as.decided = (struct message_decided){
        .run = run, .outcome = DECIDED_NOOP, .reason = "a test", .state_keys = 1};
    return m;
}

static void answer(const char *scenario, uint64_t run)
{
    struct message m = decided(run);

    if (strcmp(scenario, "wrong_id") == 0) {
        m.as.decided.run++;
    } else if (strcmp(scenario, "wrong_type") == 0) {
        memset(&m, 0, sizeof m);
        m.type = MESSAGE_HOOKED;
        m.as.hooked.run = run;
    } else if (strcmp(scenario, "core_message") == 0) {
        memset(&m, 0, sizeof m);
        m.type = MESSAGE_UNLOAD;
    } else if (strcmp(scenario, "half_then_exit") == 0) {
        fake_put("\x40\0\0\0\x91", 5);
        _exit(3);
    } else if (strcmp(scenario, "garbage_answer") == 0) {
        fake_put("\x08\0\0\0\xc1\xc1\xc1\xc1\xc1\xc1\xc1\xc1", 12);
        return;
    }
    if (strcmp(scenario, "twice") == 0)
        say(&m, false);
    say(&m, strcmp(scenario, "slowly") == 0);
}

/* Reads ticks and answers them as the scenario says. */
static void serve(const char *scenario)
{
    struct message_decoder *decoder = message_decoder_new(SIDE_CORE);
    struct message *m = mem_zero(1, sizeof *m);
    struct frame_reader in;
    struct error e = ERROR_INIT;
    const char *frame;
    size_t len;

    frame_reader_init(&in, LIMIT_FRAME_BYTES);
    for (;;) {
        char *room = frame_reader_room(&in, 65536);
        ssize_t n = read(SPAWN_SOCKET_FD, room, 65536);
        if (n <= 0)
            _exit(0);
        frame_received(&in, (size_t)n);
        while (frame_next(&in, &frame, &len, &e) > 0)
            if (message_decode(decoder, frame, len, m, &e) == 0 && m->type == MESSAGE_TICK)
                answer(scenario, m->as.tick.run);
    }
}

static int worker(void)
{
    char scenario[SCENARIO_BYTES];

    alarm(60);
    if (!fake_scenario(scenario))
        return 8;
    if (strcmp(scenario, "silent") == 0)
        for (;;)
            pause();
    if (strcmp(scenario, "early") == 0)
        answer("", 1);
    if (strcmp(scenario, "giant_frame") == 0)
        fake_put("\xff\xff\xff\xff", 4);
    if (strcmp(scenario, "empty_frame") == 0)
        fake_put("\0\0\0\0", 4);
    hello(strcmp(scenario, "foreign") == 0 ? PROTOCOL_VERSION + 1 : PROTOCOL_VERSION);
    if (strcmp(scenario, "hello_again") == 0)
        hello(PROTOCOL_VERSION);
    if (strcmp(scenario, "unasked") == 0)
        answer("", 77);
    if (strcmp(scenario, "exits") == 0)
        _exit(7);
    if (strcmp(scenario, "killed") == 0)
        raise(SIGKILL);
    if (strcmp(scenario, "hangs_up") == 0) {
        close(SPAWN_SOCKET_FD);
        for (;;)
            pause();
    }
    if (strcmp(scenario, "unread") == 0) {
        poll(&(struct pollfd){SPAWN_SOCKET_FD, POLLIN, 0}, 1, -1);
        answer("", 1000);
        _exit(5);
    }
    serve(scenario);
    return 0;
}

/* ---- core's side ---- */

struct fixture {
    uv_loop_t loop;
    struct link link;
    uv_timer_t deadline;
    struct question questions[TICKS];
    size_t ask; /* so many, when it is ready */
    size_t answered;
    bool refuse; /* the answers, as core does when a record is impossible */
    bool ready, died;
    char why[192];
    size_t left; /* questions without an answer when it died */
};

static void ask(struct fixture *f, size_t i)
{
    struct message m = {.type = MESSAGE_TICK};
    struct error e = ERROR_INIT;

    m.as.tick = (struct message_tick){.slot = 1, .run = 1000 + i, .trigger = TRIGGER_MANUAL};
    f->questions[i] = (struct question){.expected = MESSAGE_DECIDED, .id = 1000 + i};
    assert_int_equal(link_send(&f->link, &m, &f->questions[i], &e), 0);
}

static void on_ready(void *arg, struct link *link)
{
    struct fixture *f = arg;

    (void)link;
    f->ready = true;
    for (size_t i = 0; i < f->ask; i++)
        ask(f, i);
}

static int on_answer(void *arg, struct link *link, struct question *q, struct message *m,
                     struct error *e)
{
    struct fixture *f = arg;

    (void)link;
    assert_ptr_equal(q, &f->questions[f->answered]); /* in the order of asking */
    assert_int_equal(m->as.decided.run, q->id);
    assert_string_equal(m->as.decided.reason, "a test");
    f->answered++;
    return f->refuse ? error_set(e, ERROR_PROTOCOL, "an impossible answer, says the test") : 0;
}

static void on_death(void *arg, struct link *link, const char *why)
{
    struct fixture *f = arg;

    f->died = true;
    snprintf(f->why, sizeof f->why, "%s", why);
    f->left = 0;
    for (const struct question *q = link->first; q != NULL; q = q->next)
        f->left++;
    assert_int_equal(f->left, link->outstanding);
    link->first = link->last = NULL; /* the owner takes them */
    link->outstanding = 0;
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", DEADLINE_MS);
}

static struct fixture *start(const char *scenario, size_t ticks)
{
    struct fixture *f = mem_zero(1, sizeof *f);
    struct link_hooks hooks = {
        .answered = on_answer, .ready = on_ready, .died = on_death, .arg = f};
    struct error e = ERROR_INIT;

    assert_true(fake_set_scenario(scenario));
    f->ask = ticks;
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->deadline);
    uv_timer_start(&f->deadline, on_deadline, DEADLINE_MS, 0);
    link_init(&f->link, &f->loop, &hooks);
    assert_int_equal(link_start(&f->link, &e), 0);
    return f;
}

static void end(struct fixture *f)
{
    link_close(&f->link);
    uv_close((uv_handle_t *)&f->deadline, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    fake_forget_scenario();
}

static void turn(struct fixture *f)
{
    link_flush(&f->link);
    uv_run(&f->loop, UV_RUN_ONCE);
}

/* The scenario ends with the worker's death, for the reason `why`. */
static void dies(const char *scenario, const char *why, size_t answered)
{
    struct fixture *f = start(scenario, TICKS);

    while (!f->died)
        turn(f);
    if (strstr(f->why, why) == NULL)
        fail_msg("%s: expected '%s' in '%s'", scenario, why, f->why);
    assert_int_equal(f->answered, answered);
    if (f->ready)
        assert_int_equal(f->left, TICKS - answered);
    assert_false(f->link.alive);
    end(f);
}

static void test_violations_cost_the_worker_its_life(void **state)
{
    (void)state;
    dies("giant_frame", "broke the protocol", 0);
    dies("empty_frame", "broke the protocol", 0);
    dies("early", "broke the protocol", 0);
    dies("foreign", "foreign greeting", 0);
    dies("hello_again", "greeting", 0);
    dies("unasked", "broke the protocol", 0);
    dies("wrong_id", "'decided' where 'decided' was due", 0);
    dies("wrong_type", "'hooked' where 'decided' was due", 0);
    dies("core_message", "broke the protocol", 0);
    dies("garbage_answer", "broke the protocol", 0);
    dies("twice", "broke the protocol", 1);
}

static void test_deaths_are_told_apart(void **state)
{
    (void)state;
    dies("exits", "exited with code 7", 0);
    dies("killed", "killed by signal 9 ", 0);
    dies("hangs_up", "hung up and was killed", 0); /* alive, but of no use */
    dies("half_then_exit", "exited with code 3", 0);
}

/* It dies with questions that it has not read and with an answer that core has not read: the socket
 * is in error, and has something to read nevertheless. */
static void test_a_death_with_messages_unread_on_both_sides(void **state)
{
    struct fixture *f = start("unread", TICKS);
    siginfo_t info;

    (void)state;
    while (!f->ready)
        turn(f);
    assert_int_equal(waitid(P_PID, (id_t)f->link.child.pid, &info, WEXITED | WNOWAIT), 0);
    while (!f->died)
        turn(f);
    assert_int_equal(f->answered, 1);
    assert_int_equal(f->left, TICKS - 1);
    assert_non_null(strstr(f->why, "exited with code 5"));
    end(f);
}

static void answers_all(const char *scenario)
{
    struct fixture *f = start(scenario, TICKS);

    while (f->answered < TICKS)
        turn(f);
    assert_false(f->died);
    assert_int_equal(f->link.outstanding, 0);
    assert_int_equal(f->link.answers, TICKS);
    end(f);
}

static void test_whole_and_in_single_bytes(void **state)
{
    (void)state;
    answers_all("good");
    answers_all("slowly");
}

static void test_an_impossible_answer_is_a_violation(void **state)
{
    struct fixture *f = start("good", TICKS);

    (void)state;
    f->refuse = true;
    while (!f->died)
        turn(f);
    assert_non_null(strstr(f->why, "an impossible answer"));
    assert_int_equal(f->answered, 1);
    assert_int_equal(f->left, TICKS - 1);
    end(f);
}

static void test_a_killed_worker_says_why_and_the_next_one_works(void **state)
{
    struct fixture *f = start("silent", TICKS);
    struct error e = ERROR_INIT;

    (void)state;
    link_kill(&f->link, "it was silent");
    link_kill(&f->link, "a second reason");
    while (!f->died)
        turn(f);
    assert_string_equal(f->why, "it was silent");
    assert_false(f->ready);
    assert_true(fake_set_scenario("good"));
    f->died = false;
    assert_int_equal(link_start(&f->link, &e), 0);
    while (f->answered < TICKS)
        turn(f);
    assert_false(f->died);
    end(f);
}

/* Closed while its death is known but not yet told: nobody is told any more. */
static void test_closing_a_dying_link(void **state)
{
    struct fixture *f = start("exits", 0);

    (void)state;
    while (f->link.alive)
        turn(f);
    if (f->link.dying) {
        end(f);
        return;
    }
    assert_true(f->died);
    end(f);
}

static void test_closing_at_any_time(void **state)
{
    (void)state;
    end(start("silent", 1));
    for (int turns = 0; turns < 8; turns++) {
        struct fixture *f = start("good", TICKS);
        for (int i = 0; i < turns && f->answered < TICKS; i++)
            turn(f);
        end(f);
    }
}

/* What is said without an answer is either queued whole, or costs the worker its life. */
static void test_telling_too_much(void **state)
{
    struct fixture *f = start("good", 0);
    struct message m = {.type = MESSAGE_MARKET};
    struct buf frames;

    (void)state;
    while (!f->ready)
        turn(f);
    m.as.market.feed = "btc";
    m.as.market.json = (struct text){"{}", 2};
    link_tell(&f->link, &m);
    buf_init(&frames, 1024);
    buf_add_str(&frames, "whatever was encoded");
    link_tell_frames(&f->link, &frames);
    assert_int_equal(f->link.why[0], '\0');
    f->link.out.max = f->link.out.len + 4;
    link_tell_frames(&f->link, &frames);
    assert_non_null(strstr(f->link.why, "could not be told"));
    while (!f->died)
        turn(f);
    buf_release(&frames);
    end(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_violations_cost_the_worker_its_life),
        cmocka_unit_test(test_deaths_are_told_apart),
        cmocka_unit_test(test_a_death_with_messages_unread_on_both_sides),
        cmocka_unit_test(test_whole_and_in_single_bytes),
        cmocka_unit_test(test_an_impossible_answer_is_a_violation),
        cmocka_unit_test(test_a_killed_worker_says_why_and_the_next_one_works),
        cmocka_unit_test(test_closing_a_dying_link),
        cmocka_unit_test(test_closing_at_any_time),
        cmocka_unit_test(test_telling_too_much),
    };

    if (fake_is_worker(argc, argv))
        return worker();
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
