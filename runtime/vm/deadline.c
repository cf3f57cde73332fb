#include "vm/deadline.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "base/error.h"

/*
 * The only process-wide variables of this layer: a signal handler has no argument. `running` is the
 * deadline of the call in progress, or NULL; `thread` the one thread that runs Lua.
 */
static struct deadline *volatile running;
static pthread_t thread;

/* The address is the error object. */
static char time_is_up;

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int deadline_raise(lua_State *L, struct deadline *d)
{
    d->fatal = 1;
    lua_settop(L, 0); /* room for one value, whatever the stack holds */
    lua_pushlightuserdata(L, &time_is_up);
    lua_error(L);
    abort(); /* not reached: lua_error does not return */
}

void deadline_check(lua_State *L, struct deadline *d)
{
    if (d->fatal)
        deadline_raise(L, d);
}

static void raise_hook(lua_State *L, lua_Debug *ar)
{
    struct deadline *d = running;

    if (d == NULL)
        return;
    if (d->where[0] == '\0' && lua_getinfo(L, "Sl", ar)) {
        memcpy(d->where, ar->short_src, sizeof d->where);
        d->line = ar->currentline;
    }
    lua_pushlightuserdata(L, &time_is_up);
    lua_error(L);
}

static void on_tick(int signal)
{
    int saved = errno;
    struct deadline *d = running;

    if (d == NULL) {
        /* nothing to bound */
    } else if (!pthread_equal(pthread_self(), thread)) {
        pthread_kill(thread,
                     signal); /* hooks may be set only from the thread that runs the state */
    } else if (d->ticks++ == 0) {
        d->first_ns = cpu_ns();
    } else if (d->fatal || cpu_ns() - d->first_ns >= d->limit_ns) {
        d->fatal = 1;
        lua_sethook(d->L, raise_hook, LUA_MASKCOUNT, 1);
    }
    errno = saved;
}

int deadline_install(struct error *e)
{
    struct sigaction action;
    struct itimerval timer;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_tick;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    timer.it_interval.tv_sec = 0;
    timer.it_interval.tv_usec = DEADLINE_TICK_MS * 1000;
    timer.it_value = timer.it_interval;
    thread = pthread_self();
    if (sigaction(SIGPROF, &action, NULL) < 0)
        return error_set(e, ERROR_IO, "cannot handle SIGPROF: %s", strerror(errno));
    if (setitimer(ITIMER_PROF, &timer, NULL) < 0)
        return error_set(e, ERROR_IO, "cannot start the CPU timer: %s", strerror(errno));
    return 0;
}

void deadline_clear(struct deadline *d)
{
    d->fatal = 0;
    d->ticks = 0;
}

static void begin(struct deadline *d, lua_State *L, int64_t limit_ns, int64_t limit_ms)
{
    d->fatal = 0;
    d->limit_ns = limit_ns;
    d->shown_ms = limit_ms;
    d->where[0] = '\0';
    d->line = 0;
    d->L = L;
    atomic_signal_fence(memory_order_seq_cst); /* the handler sees all of it or nothing */
    running = d;
}

void deadline_start(struct deadline *d, lua_State *L, int64_t limit_ms)
{
    d->ticks = 0;
    begin(d, L, limit_ms * 1000000, limit_ms);
}

void deadline_resume(struct deadline *d, lua_State *L, int64_t left_ns, int64_t limit_ms)
{
    d->ticks = 1;
    d->first_ns = cpu_ns();
    begin(d, L, left_ns, limit_ms);
    if (left_ns > 0)
        return;
    d->fatal = 1;
    lua_sethook(L, raise_hook, LUA_MASKCOUNT, 1);
}

uint32_t deadline_stop(struct deadline *d)
{
    int64_t used;

    running = NULL; /* first: from here on the handler leaves the state alone */
    atomic_signal_fence(memory_order_seq_cst);
    if (d->fatal)
        lua_sethook(d->L, NULL, 0, 0);
    if (d->ticks == 0)
        return 0;
    d->ticks = 0;
    used = (cpu_ns() - d->first_ns) / 1000;
    return used > UINT32_MAX ? UINT32_MAX : (uint32_t)used;
}
