/* orrery tx show: one submission, whatever its executor, and the transaction in it. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/desk_records.h"
#include "cli/format.h"
#include "cli/labelled.h"
#include "cli/run_text.h"
#include "cli/tx.h"
#include "cli/tx_json.h"
#include "cli/tx_outcome.h"
#include "cli/tx_text.h"
#include "model/submission.h"
#include "model/value.h"

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static json_int_t number_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static bool is(const json_t *o, const char *name, const char *value)
{
    const char *text = text_of(o, name);

    return text != NULL && strcmp(text, value) == 0;
}

static void say(struct labelled *l, const char *label, struct buf *text, enum tone tone)
{
    if (text->len > 0)
        labelled_toned(l, label, buf_text(text), tone);
    buf_release(text);
}

/* ---- what the bytes say ---- */

static void add_transaction(json_t *s, const uint8_t *bytes, size_t len)
{
    const char *signature = text_of(s, "signature");
    struct error e = ERROR_INIT;
    json_t *tx = NULL, *signed_by = NULL;

    if (tx_json_decode(bytes, len, &tx, &e) < 0) {
        error_prefix(&e, "the bytes on record are no transaction: ");
        json_object_set_new(s, "problem", json_string(e.message));
        return;
    }
    if (!json_equal(json_object_get(tx, "digest"), json_object_get(s, "digest")))
        json_object_set_new(s, "problem", json_string("the bytes on record have another digest"));
    if (signature != NULL && tx_signature_json(bytes, len, tx, signature, &signed_by, &e) < 0)
        json_object_set_new(s, "problem", json_string(e.message));
    if (signed_by != NULL)
        json_object_set_new(s, "signed", signed_by);
    json_object_set_new(s, "transaction", tx);
}

/* JSON where it is JSON, else text. */
static void add_body(json_t *s, const uint8_t *bytes, size_t len)
{
    struct error ignored = ERROR_INIT;
    json_t *body = value_parse_around((const char *)bytes, len, SUBMISSION_BYTES, &ignored);

    if (body == NULL)
        body = json_stringn((const char *)bytes, len);
    if (body != NULL)
        json_object_set_new(s, "body", body);
}

static void read_bytes(json_t *s)
{
    const char *text = text_of(s, "base64");
    size_t len = text != NULL ? strlen(text) : 0, got;
    uint8_t *bytes = mem_alloc(len + 1);
    struct error e = ERROR_INIT;

    if (base64_decode(text != NULL ? text : "", len, bytes, len, &got, &e) < 0)
        json_object_set_new(s, "problem", json_string(e.message));
    else if (is(s, "executor", "sui"))
        add_transaction(s, bytes, got);
    else
        add_body(s, bytes, got);
    free(bytes);
}

/* ---- what the daemon knows of an open one ---- */

static void add_pursuit(struct desk_records *r, json_t *s)
{
    const char *id = text_of(s, "id");
    struct error ignored = ERROR_INIT;
    json_t *status = NULL;
    const json_t *one;
    size_t i;

    if (r->client == NULL || !is(s, "state", "open") ||
        desk_records_ask(r, json_pack("{s:s}", "op", "status"), &status, &ignored) < 0)
        return;
    json_object_set(s, "live", json_object_get(status, "live"));
    json_array_foreach(json_object_get(json_object_get(status, "transactions"), "list"), i, one)
    {
        if (id == NULL || !is(one, "id", id))
            continue;
        json_object_set(s, "tries", json_object_get(one, "tries"));
        json_object_set(s, "why", json_object_get(one, "why"));
    }
    json_decref(status);
}

static int ask(struct context *c, json_t **out, int64_t *now_ms, struct error *e)
{
    struct desk_records r;
    int result;

    if (desk_records_open(c, &r, e) < 0)
        return -1;
    result = desk_records_ask(
        &r, json_pack("{s:s, s:s}", "op", "tx_show", "tx", options_argument(&c->options, 1)), out,
        e);
    if (result == 0) {
        add_pursuit(&r, *out);
        json_object_set_new(*out, "running", json_boolean(r.client != NULL));
        *now_ms = r.now_ms;
    }
    desk_records_close(&r);
    return result;
}

/* ---- for people ---- */

static void say_state(struct labelled *l, const json_t *s)
{
    static const char *const words[][2] = {
        {"open", "open: its outcome is not known yet"},
        {"executed", "executed"},
        {"failed", "executed, and failed: that is final"},
        {"dead", "dead: it was not and never will be executed"},
    };
    const char *word = tx_state_word(s);

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], word) == 0)
            labelled_toned(l, "state", words[i][1], tx_state_tone(s));
}

static void say_actions(struct labelled *l, const json_t *actions)
{
    const json_t *action;
    struct buf text;
    size_t i;

    buf_init(&text, RUN_TEXT_MAX);
    json_array_foreach(actions, i, action)
    {
        buf_add_str(&text, i > 0 ? " + " : "");
        run_text_action(&text, action);
    }
    say(l, "actions", &text, TONE_PLAIN);
}

static void say_run(struct labelled *l, const json_t *s)
{
    const json_t *run = json_object_get(s, "run");
    struct buf text;

    if (text_of(s, "plugin") == NULL) {
        labelled_line(l, "run", "none: upkeep of the account");
        labelled_text(l, "id", text_of(s, "id"));
        return;
    }
    buf_init(&text, RUN_TEXT_MAX);
    labelled_add_text(&text, text_of(s, "id"));
    buf_add_str(&text, " of ");
    labelled_add_text(&text, text_of(s, "plugin"));
    buf_add_str(&text, json_is_object(run) ? ", " : ", not on record any more");
    if (json_is_object(run))
        labelled_add_text(&text, text_of(run, "status") ? text_of(run, "status") : "-");
    say(l, "run", &text, TONE_PLAIN);
    say_actions(l, json_object_get(run, "actions"));
}

static void say_times(struct labelled *l, const json_t *s)
{
    json_int_t created = number_of(s, "created"), settled = number_of(s, "settled");
    char when[FORMAT_SIZE], span[FORMAT_SIZE];

    labelled_linef(l, "on record", "%s UTC", format_time(created, when));
    if (settled > 0)
        labelled_linef(l, "ended", "%s UTC, after %s", format_time(settled, when),
                       format_span(settled - created, span));
}

/* The epoch after which it can be proven dead. */
static void add_expiry(struct buf *out, const json_t *s)
{
    const json_t *x = json_object_get(json_object_get(s, "transaction"), "expiration");
    const json_t *epoch = json_object_get(x, is(x, "kind", "epoch") ? "epoch" : "max_epoch");

    if (json_is_integer(epoch))
        buf_addf(out, "; expires after epoch %lld", (long long)json_integer_value(epoch));
}

static void say_next(struct labelled *l, const json_t *s)
{
    struct buf text;

    if (!is(s, "state", "open"))
        return;
    labelled_text(l, "why", text_of(s, "why"));
    buf_init(&text, RUN_TEXT_MAX);
    if (!json_is_true(json_object_get(s, "running")))
        buf_add_str(&text, "no daemon runs: the next `orrery run --live` looks it up, and sends it "
                           "again, before any new decision");
    else if (json_is_false(json_object_get(s, "live")))
        buf_add_str(&text, "looked up until its outcome is known, but not sent: the daemon runs "
                           "without --live");
    else
        buf_add_str(&text, "looked up and sent again until its outcome is known");
    add_expiry(&text, s);
    say(l, "next", &text, TONE_WARN);
}

static void say_signature(struct labelled *l, const json_t *s)
{
    const json_t *by = json_object_get(s, "signed");

    if (is(s, "executor", "sui") && by != NULL)
        labelled_toned(l, "signature",
                       json_is_true(json_object_get(by, "holds"))
                           ? (is(by, "by", "sender") ? "holds: it is the sender's"
                                                     : "holds, but is not the sender's")
                           : "does NOT hold",
                       json_is_true(json_object_get(by, "holds")) ? TONE_PLAIN : TONE_BAD);
}

static void print(const struct output *o, const json_t *s)
{
    const json_t *body = json_object_get(s, "body");
    struct labelled l = {.o = o};

    labelled_text(&l, "digest", text_of(s, "digest"));
    say_state(&l, s);
    say_run(&l, s);
    labelled_text(&l, "vault", text_of(s, "vault"));
    labelled_text(&l, "executor", text_of(s, "executor"));
    labelled_text(&l, "account", text_of(s, "account"));
    say_times(&l, s);
    tx_outcome_print(&l, s);
    say_next(&l, s);
    tx_holds_print(&l, s);
    if (text_of(s, "problem") != NULL)
        labelled_toned(&l, "problem", text_of(s, "problem"), TONE_BAD);
    say_signature(&l, s);
    if (json_is_object(json_object_get(s, "transaction"))) {
        fputc('\n', o->out);
        tx_text_print(&l, json_object_get(s, "transaction"));
    }
    if (json_is_string(body))
        labelled_text(&l, "body", json_string_value(body));
    else
        labelled_json(&l, "body", body);
}

int tx_show(struct context *c, struct error *e)
{
    int64_t now_ms;
    json_t *s;

    if (ask(c, &s, &now_ms, e) < 0)
        return -1;
    read_bytes(s);
    if (c->output.json)
        output_data(&c->output, s);
    else
        print(&c->output, s);
    json_decref(s);
    return 0;
}
