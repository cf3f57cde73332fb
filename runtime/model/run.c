#include "model/run.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool terminal;
} statuses[RUN_STATUS_COUNT] = {
#define X(symbol, name, terminal) [RUN_##symbol] = {name, terminal},
    RUN_STATUSES(X)
#undef X
};

static const char *const trigger_kinds[] = {
    [TRIGGER_CRON] = "cron",
    [TRIGGER_EVENT] = "event",
    [TRIGGER_MANUAL] = "manual",
};

const char *run_status_name(enum run_status status)
{
    return (size_t)status < RUN_STATUS_COUNT ? statuses[status].name : "unknown";
}

int run_status_parse(const char *name, enum run_status *out)
{
    for (size_t i = 0; i < RUN_STATUS_COUNT; i++) {
        if (strcmp(statuses[i].name, name) == 0) {
            *out = (enum run_status)i;
            return 0;
        }
    }
    return -1;
}

bool run_status_terminal(enum run_status status)
{
    return (size_t)status < RUN_STATUS_COUNT && statuses[status].terminal;
}

#define TO(status)  (1u << RUN_##status)
#define ENDINGS     (TO(COMPLETED) | TO(FAILED) | TO(CANCELLED))
#define ALL_ENDINGS (ENDINGS | TO(NOOP) | TO(REJECTED) | TO(SKIPPED))

bool run_status_may_become(enum run_status from, enum run_status to)
{
    static const unsigned next[RUN_STATUS_COUNT] = {
        [RUN_QUEUED] = TO(RUNNING) | TO(PAUSED) | ALL_ENDINGS,
        [RUN_RUNNING] = TO(PAUSED) | TO(PREPARED) | ALL_ENDINGS,
        [RUN_PAUSED] = TO(RUNNING) | ENDINGS,
        [RUN_PREPARED] = TO(SUBMITTED) | TO(COMPLETED) | TO(FAILED),
        [RUN_SUBMITTED] = TO(UNKNOWN) | TO(COMPLETED) | TO(FAILED),
        [RUN_UNKNOWN] = TO(COMPLETED) | TO(FAILED),
    };

    return (size_t)from < RUN_STATUS_COUNT && (size_t)to < RUN_STATUS_COUNT &&
           (next[from] & 1u << to) != 0;
}

bool run_status_is_outside(enum run_status status)
{
    return status == RUN_PREPARED || status == RUN_SUBMITTED || status == RUN_UNKNOWN;
}

const char *trigger_kind_name(enum trigger_kind kind)
{
    size_t count = sizeof trigger_kinds / sizeof trigger_kinds[0];

    return (size_t)kind < count ? trigger_kinds[kind] : "unknown";
}

int trigger_kind_parse(const char *name, enum trigger_kind *out)
{
    for (size_t i = 0; i < sizeof trigger_kinds / sizeof trigger_kinds[0]; i++) {
        if (strcmp(trigger_kinds[i], name) == 0) {
            *out = (enum trigger_kind)i;
            return 0;
        }
    }
    return -1;
}

void run_release(struct run *run)
{
    free(run->topic);
    free(run->payload);
    free(run->reason);
    free(run->error);
    free(run->actions);
    free(run->result);
    free(run->logs);
    free(run->spans);
    free(run->seen);
    free(run->metadata);
    memset(run, 0, sizeof *run);
}

void pending_release(struct pending *pending)
{
    free(pending->topic);
    free(pending->payload);
    memset(pending, 0, sizeof *pending);
}
