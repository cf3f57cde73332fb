/* orrery tx resume: outcomes now, instead of at the daemon's next attempt. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/desk_records.h"
#include "cli/tx.h"
#include "core/records.h"

#define WAIT_MS  20000
#define PAUSE_MS 200
#define OPEN_MAX 2000 /* that one command looks after */

struct resuming {
    struct desk_records records;
    json_t *open;    /* what is to be resumed and is open, newest first */
    json_t *settled; /* what was, and has ended meanwhile */
    bool running;
};

static const char *id_of(const json_t *s)
{
    const char *id = json_string_value(json_object_get(s, "id"));

    return id != NULL ? id : "";
}

static bool is_open(const json_t *s)
{
    return strcmp(tx_state_word(s), "open") == 0;
}

static int show(struct resuming *r, const char *tx, json_t **out, struct error *e)
{
    return desk_records_ask(&r->records, json_pack("{s:s, s:s}", "op", "tx_show", "tx", tx), out,
                            e);
}

/* All that are open: a new reference. */
static int list_open(struct resuming *r, json_t **out, struct error *e)
{
    json_t *list = json_array(), *next = NULL;
    int result;

    do {
        json_t *page = NULL, *request = json_pack("{s:s, s:s, s:i}", "op", "tx_list", "state",
                                                  "open", "limit", RECORDS_PAGE);
        if (next != NULL)
            json_object_set_new(request, "after", next);
        next = NULL;
        result = desk_records_ask(&r->records, request, &page, e);
        if (result < 0)
            break;
        json_array_extend(list, json_object_get(page, "transactions"));
        next = json_incref(json_object_get(page, "next"));
        json_decref(page);
    } while (json_is_string(next) && json_array_size(list) < OPEN_MAX);
    json_decref(next);
    if (result == 0)
        *out = list;
    else
        json_decref(list);
    return result;
}

/* What the command is about: the one that was named, which may have ended, or all open ones. */
static int begin(struct resuming *r, const char *tx, struct error *e)
{
    json_t *one;

    r->settled = json_array();
    if (tx == NULL)
        return list_open(r, &r->open, e);
    if (show(r, tx, &one, e) < 0)
        return -1;
    r->open = json_array();
    json_object_del(one, "base64");
    json_array_append_new(is_open(one) ? r->open : r->settled, one);
    return 0;
}

static bool has(const json_t *list, const char *id)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (strcmp(id_of(one), id) == 0)
            return true;
    }
    return false;
}

/* Moves what has ended. */
static int look(struct resuming *r, struct error *e)
{
    json_t *now, *one, *left = json_array();
    int result = list_open(r, &now, e);
    size_t i;

    if (result < 0) {
        json_decref(left);
        return -1;
    }
    json_array_foreach(r->open, i, one)
    {
        json_t *ended = NULL;
        if (result < 0 || has(now, id_of(one))) {
            json_array_append(left, one);
            continue;
        }
        result = show(r, id_of(one), &ended, e);
        if (result == 0) {
            json_object_del(ended, "base64");
            json_array_append_new(r->settled, ended);
        }
    }
    json_decref(now);
    json_decref(r->open);
    r->open = left;
    return result;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Asks the daemon to pursue them, and waits until all have ended or the time is over. */
static int pursue(struct resuming *r, bool all, int64_t wait_ms, struct error *e)
{
    json_t *request = json_pack("{s:s}", "op", "tx_resume"), *data = NULL;
    struct clock clock;
    int64_t end;

    if (!all)
        json_object_set(request, "id", json_object_get(json_array_get(r->open, 0), "id"));
    clock_init_real(&clock);
    end = clock_mono_ns(&clock) + wait_ms * 1000000;
    if (desk_records_ask(&r->records, request, &data, e) < 0)
        return -1;
    json_decref(data);
    while (look(r, e) == 0) {
        if (json_array_size(r->open) == 0 || clock_mono_ns(&clock) >= end)
            return 0;
        sleep_ms(PAUSE_MS);
    }
    return -1;
}

static void print(const struct context *c, const struct resuming *r)
{
    const struct output *o = &c->output;
    size_t open = json_array_size(r->open);

    if (json_array_size(r->settled) > 0)
        tx_print_list(o, r->settled, "");
    if (json_array_size(r->settled) > 0 && open > 0)
        fputc('\n', o->out);
    if (open > 0 || json_array_size(r->settled) == 0)
        tx_print_list(o, r->open, "no open transactions");
    if (open == 0)
        return;
    fprintf(o->out, "\n%s%zu %s%s open%s: ", output_tone(o->colour, TONE_WARN), open,
            open == 1 ? "is" : "are", r->running ? " still" : "", output_plain(o->colour));
    if (r->running)
        fputs("the daemon goes on asking; `orrery status` says why\n", o->out);
    else
        fprintf(o->out, "`orrery run --live` resolves %s before any new decision\n",
                open == 1 ? "it" : "them");
}

static int finish(struct context *c, const struct resuming *r)
{
    if (c->output.json) {
        json_t *data = json_pack("{s:b, s:O, s:O}", "running", r->running, "settled", r->settled,
                                 "open", r->open);
        output_data(&c->output, data);
        json_decref(data);
    } else {
        print(c, r);
    }
    return json_array_size(r->open) > 0 ? 1 : 0;
}

int tx_resume(struct context *c, struct error *e)
{
    const char *tx = options_argument(&c->options, 1);
    struct resuming r = {0};
    int result;

    if (desk_records_open(c, &r.records, e) < 0)
        return -1;
    r.running = r.records.client != NULL;
    result = begin(&r, tx, e);
    if (result == 0 && r.running && json_array_size(r.open) > 0)
        result = pursue(&r, tx == NULL, options_duration(&c->options, "wait", WAIT_MS), e);
    if (result == 0)
        result = finish(c, &r);
    desk_records_close(&r.records);
    json_decref(r.open);
    json_decref(r.settled);
    return result;
}
