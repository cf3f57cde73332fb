#include "cli/desk_records.h"

#include "base/error.h"
#include "cli/client.h"
#include "cli/live.h"
#include "core/records.h"

int desk_records_open(struct context *c, struct desk_records *out, struct error *e)
{
    struct desk_records r = {0};
    int live = live_try_open(c, &r.client, e);

    if (live < 0)
        return -1;
    if (live == 0) {
        if (stopped_open(c, STORE_INSPECT, false, &r.stopped, e) < 0)
            return -1;
        if (stopped_journal(&r.stopped, &r.journal, e) < 0) {
            stopped_close(&r.stopped);
            return -1;
        }
        r.now_ms = stopped_now_ms(&r.stopped);
        r.stopped.journal = r.journal;
    }
    *out = r;
    return 0;
}

int desk_records_ask(struct desk_records *r, json_t *request, json_t **data, struct error *e)
{
    struct record_ask ask = {.journal = r->journal, .now_ms = r->now_ms, .request = request};
    int result = r->client != NULL ? client_call(r->client, request, data, e)
                                   : records_answer(&ask, data, e);

    json_decref(request);
    return result;
}

void desk_records_close(struct desk_records *r)
{
    if (r->client == NULL)
        stopped_close(&r->stopped);
    client_close(r->client);
}

int desk_records_once(struct context *c, json_t *request, json_t **data, struct error *e)
{
    struct desk_records r;
    int result;

    if (desk_records_open(c, &r, e) < 0) {
        json_decref(request);
        return -1;
    }
    result = desk_records_ask(&r, request, data, e);
    desk_records_close(&r);
    return result;
}

/* The next page, appended to `whole`. */
static int add_page(struct desk_records *r, const json_t *request, const char *name, size_t limit,
                    json_t *whole, size_t *bytes, struct error *e)
{
    json_t *question = json_copy((json_t *)request), *page = NULL;
    json_t *items = json_object_get(whole, name), *next = json_object_get(whole, "next");
    size_t left = limit - json_array_size(items);

    json_object_set_new(question, "limit",
                        json_integer((json_int_t)(left < RECORDS_PAGE ? left : RECORDS_PAGE)));
    if (json_is_string(next))
        json_object_set(question, "after", next);
    if (desk_records_ask(r, question, &page, e) < 0)
        return -1;
    json_array_extend(items, json_object_get(page, name));
    next = json_object_get(page, "next");
    json_object_set(whole, "next", next != NULL ? next : json_null());
    (void)desk_records_are_many(page, bytes);
    json_decref(page);
    return 0;
}

static bool wants_more(const json_t *whole, const char *name, size_t limit)
{
    return json_is_string(json_object_get(whole, "next")) &&
           json_array_size(json_object_get(whole, name)) < limit;
}

static int add_length(const char *text, size_t len, void *sum)
{
    (void)text;
    *(size_t *)sum += len;
    return 0;
}

bool desk_records_are_many(const json_t *page, size_t *bytes)
{
    json_dump_callback(page, add_length, bytes, JSON_COMPACT);
    return *bytes > DESK_RECORDS_BYTES;
}

void desk_records_tell_shortened(struct context *c)
{
    fprintf(c->output.err,
            "… this is not all: more than %d MiB at once are not shown; go on with --after\n",
            DESK_RECORDS_BYTES / (1024 * 1024));
}

int desk_records_pages(struct context *c, json_t *request, const char *name, size_t limit,
                       json_t **data, struct error *e)
{
    json_t *whole = json_pack("{s:[], s:n}", name, "next");
    struct desk_records r;
    size_t bytes = 0;
    int result = desk_records_open(c, &r, e);

    if (result == 0) {
        do {
            result = add_page(&r, request, name, limit, whole, &bytes, e);
        } while (result == 0 && wants_more(whole, name, limit) && bytes <= DESK_RECORDS_BYTES);
        desk_records_close(&r);
    }
    if (result == 0 && wants_more(whole, name, limit))
        desk_records_tell_shortened(c);
    json_decref(request);
    if (result == 0)
        *data = json_incref(whole);
    json_decref(whole);
    return result;
}

void desk_records_print_next(const struct output *o, const char *what, const json_t *data)
{
    const char *next = json_string_value(json_object_get(data, "next"));

    if (next == NULL)
        return;
    fprintf(o->out, "%s%s with --after ", output_tone(o->colour, TONE_DIM), what);
    output_inert(o->out, next);
    fprintf(o->out, "%s\n", output_plain(o->colour));
}
