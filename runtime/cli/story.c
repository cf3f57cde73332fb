#include "cli/story.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/format.h"
#include "cli/labelled.h"
#include "cli/log_text.h"
#include "cli/run_text.h"
#include "cli/story_seen.h"
#include "cli/tx.h"

#define HASH_SHOWN 12

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL && *text != '\0' ? text : NULL;
}

static json_int_t number_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static void add_inert(struct buf *out, const char *before, const char *text)
{
    if (text == NULL)
        return;
    buf_add_str(out, before);
    labelled_add_text(out, text);
}

static void say(struct labelled *l, const char *label, struct buf *text)
{
    if (text->len > 0)
        labelled_line(l, label, buf_text(text));
    buf_release(text);
}

/* ---- what it is ---- */

static void say_head(struct labelled *l, const json_t *run)
{
    const char *status = text_of(run, "status");
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    labelled_add_text(&text, status ? status : "-");
    labelled_text(l, "run", text_of(run, "id"));
    labelled_toned(l, "status", buf_text(&text), output_status_tone(status ? status : ""));
    labelled_text(l, "strategy", text_of(run, "plugin"));
    buf_release(&text);
}

/* "version 3 (1f9c03aa), deployed 2026-11-21 09:12:33 by kim: calmer" */
static void say_code(struct labelled *l, const json_t *run)
{
    const json_t *code = json_object_get(run, "code");
    const char *hash = text_of(run, "version");
    char when[FORMAT_SIZE];
    struct buf text;

    if (hash == NULL)
        return;
    buf_init(&text, RUN_TEXT_MAX);
    if (json_is_object(code)) {
        buf_addf(&text, "version %lld, deployed %s", (long long)number_of(code, "number"),
                 format_time(number_of(code, "created_ms"), when));
        add_inert(&text, " by ", text_of(code, "author"));
        add_inert(&text, ": ", text_of(code, "note"));
    } else {
        text_add_inert(&text, hash, strlen(hash), HASH_SHOWN);
    }
    say(l, "code", &text);
}

/* ---- what set it off ---- */

static void say_trigger(struct labelled *l, const json_t *run)
{
    const json_t *cause = json_object_get(run, "caused_by");
    const char *trigger = text_of(run, "trigger"), *parent = text_of(run, "parent");
    json_int_t due = number_of(run, "scheduled_ms");
    char when[32];
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    labelled_add_text(&text, trigger ? trigger : "-");
    add_inert(&text, " ", text_of(run, "topic"));
    if (due > 0)
        buf_addf(&text, ", due %s", clock_format(due, when));
    if (parent != NULL) {
        add_inert(&text, ", emitted by the run ", parent);
        add_inert(&text, " of ", text_of(cause, "plugin"));
    }
    say(l, "trigger", &text);
    labelled_json(l, "payload", json_object_get(run, "payload"));
    labelled_json(l, "metadata", json_object_get(run, "metadata"));
}

/* "started 2 ms late, took 7 ms, 235 µs of CPU time, 1 attempt" */
static void say_times(struct labelled *l, const json_t *run)
{
    json_int_t due = number_of(run, "scheduled_ms"), started = number_of(run, "started_ms");
    json_int_t finished = number_of(run, "finished_ms"), attempts = number_of(run, "attempts");
    char span[FORMAT_SIZE], when[32];

    if (started == 0) {
        if (finished > 0)
            labelled_linef(l, "times", "never started, ended %s", clock_format(finished, when));
        return;
    }
    if (started > due && due > 0)
        labelled_linef(l, "times", "started %s, %s after it was due", clock_format(started, when),
                       format_span(started - due, span));
    else
        labelled_linef(l, "times", "started %s", clock_format(started, when));
    if (finished > 0)
        labelled_linef(l, "times", "ended %s, %lld µs of CPU time, %lld attempt%s",
                       clock_format(finished, when), (long long)number_of(run, "cpu_us"),
                       (long long)attempts, attempts == 1 ? "" : "s");
}

/* ---- what it decided ---- */

static void say_actions(struct labelled *l, const char *label, const json_t *actions)
{
    const json_t *action;
    struct buf text;
    size_t i;

    json_array_foreach(actions, i, action)
    {
        buf_init(&text, RUN_TEXT_MAX);
        if (json_array_size(actions) > 1)
            buf_addf(&text, "%zu. ", i + 1);
        run_text_action(&text, action);
        say(l, label, &text);
    }
}

static void add_code(struct buf *out, const char *code)
{
    buf_add_str(out, " (");
    labelled_add_text(out, code);
    buf_add_char(out, ')');
}

static void say_error(struct labelled *l, const char *label, const json_t *error)
{
    const char *code = text_of(error, "code");
    struct buf text;

    if (error == NULL || json_is_null(error))
        return;
    buf_init(&text, RUN_TEXT_MAX);
    run_text_error(&text, error);
    /* Messages of plans begin with their code. */
    if (code != NULL && strncmp(buf_text(&text), code, strlen(code)) != 0)
        add_code(&text, code);
    labelled_toned(l, label, buf_text(&text), TONE_BAD);
    buf_release(&text);
}

static bool has_status(const json_t *run, const char *status)
{
    const char *text = text_of(run, "status");

    return text != NULL && strcmp(text, status) == 0;
}

/* As decide() gave them; what was executed may be more: a deposit before it. */
static const json_t *decided_of(const json_t *run)
{
    const json_t *decided = json_object_get(json_object_get(run, "seen"), "decided");

    return json_is_array(decided) ? decided : json_object_get(run, "actions");
}

static void say_decision(struct labelled *l, const json_t *run)
{
    const json_t *actions = decided_of(run);
    struct buf text;

    say_actions(l, "decided", actions);
    if (has_status(run, "failed")) {
        say_error(l, json_array_size(actions) > 0 ? "failed" : "decided",
                  json_object_get(run, "error"));
        return;
    }
    if (has_status(run, "rejected")) {
        say_error(l, "refused", json_object_get(run, "error"));
        if (!json_is_object(json_object_get(run, "error")))
            labelled_text(l, "refused", text_of(run, "reason"));
        return;
    }
    if (text_of(run, "reason") == NULL)
        return;
    buf_init(&text, RUN_TEXT_MAX);
    if (has_status(run, "skipped"))
        buf_add_str(&text, "nothing, it was skipped: ");
    else if (has_status(run, "cancelled"))
        buf_add_str(&text, "nothing, it was cancelled: ");
    else
        buf_add_str(&text, "nothing: ");
    labelled_add_text(&text, text_of(run, "reason"));
    say(l, "decided", &text);
}

/* ---- what was sent, and what came back ---- */

static size_t count_kind(const json_t *actions, const char *kind)
{
    const json_t *action;
    size_t i, count = 0;

    json_array_foreach(actions, i, action)
    {
        const char *name = text_of(action, "kind");
        count += name != NULL && strcmp(name, kind) == 0;
    }
    return count;
}

static void say_sent(struct labelled *l, const json_t *run)
{
    const json_t *actions = json_object_get(run, "actions");
    size_t emits = count_kind(actions, "emit");
    size_t sent = json_array_size(actions) - emits - count_kind(actions, "noop");
    const char *vault = text_of(run, "vault");
    struct buf text;

    if (!has_status(run, "completed"))
        return;
    if (json_is_true(json_object_get(run, "dry_run"))) {
        labelled_line(l, "sent", "nothing: a dry run");
        return;
    }
    if (sent > 0) {
        buf_init(&text, RUN_TEXT_MAX);
        buf_addf(&text, "%zu action%s to vault ", sent, sent == 1 ? "" : "s");
        labelled_add_text(&text, vault ? vault : "-");
        buf_add_str(&text, ", as one transaction");
        say(l, "sent", &text);
    }
    if (sent > 0 && !json_equal(actions, decided_of(run)))
        say_actions(l, "sent", actions);
    if (emits > 0)
        labelled_linef(l, "sent", "%zu event%s", emits, emits == 1 ? "" : "s");
}

/* "mint_binary: cost 2,529,304,900, quantity 5,000,000,000" */
static void add_event(struct buf *out, const json_t *event)
{
    const char *kind = text_of(event, "kind"), *before = ": ", *name;
    json_t *value, *o = (json_t *)(uintptr_t)event;
    char amount[FORMAT_SIZE];

    labelled_add_text(out, kind ? kind : "event");
    json_object_foreach(o, name, value)
    {
        if (strcmp(name, "kind") == 0 || json_is_boolean(value))
            continue;
        add_inert(out, before, name);
        buf_add_char(out, ' ');
        if (json_is_string(value))
            labelled_add_text(out, json_string_value(value));
        else if (json_is_number(value))
            buf_add_str(out, format_amount(value, amount));
        else
            labelled_add_value(out, value);
        before = ", ";
    }
}

/* "DX3rSF…, executed" */
static void say_transaction(struct labelled *l, const json_t *run)
{
    const json_t *tx = json_object_get(run, "transaction");
    struct buf text;

    if (!json_is_object(tx))
        return;
    buf_init(&text, RUN_TEXT_MAX);
    add_inert(&text, "", text_of(tx, "digest"));
    buf_addf(&text, ", %s", tx_state_word(tx));
    if (strcmp(tx_state_word(tx), "open") == 0)
        buf_add_str(&text, ": its outcome is not known yet");
    labelled_toned(l, "transaction", buf_text(&text), tx_state_tone(tx));
    buf_release(&text);
}

/* What the executor said, before it was sent or in the end, but for what has lines of its own. */
static void say_rest(struct labelled *l, const json_t *result, bool is_open)
{
    json_t *rest = json_copy((json_t *)(uintptr_t)result);

    json_object_del(rest, "digest");
    json_object_del(rest, "events");
    if (json_array_size(json_object_get(rest, "emits")) == 0)
        json_object_del(rest, "emits");
    if (json_object_size(rest) > 0)
        labelled_json(l, is_open ? "prepared" : "came back", rest);
    json_decref(rest);
}

static void say_result(struct labelled *l, const json_t *run)
{
    const json_t *result = json_object_get(run, "result"), *one;
    const json_t *tx = json_object_get(run, "transaction");
    const json_t *events = json_object_get(result, "events");
    struct buf text;
    size_t i;

    say_transaction(l, run);
    if (json_is_object(tx)) {
        if (json_is_object(result))
            say_rest(l, result, strcmp(tx_state_word(tx), "open") == 0);
    } else {
        if (json_is_object(result) && text_of(result, "digest") == NULL && !json_is_array(events))
            labelled_json(l, "came back", result);
        labelled_text(l, "came back", text_of(result, "digest"));
    }
    json_array_foreach(events, i, one)
    {
        buf_init(&text, RUN_TEXT_MAX);
        add_event(&text, one);
        say(l, "came back", &text);
    }
    json_array_foreach(json_object_get(run, "results"), i, one)
    {
        buf_init(&text, RUN_TEXT_MAX);
        buf_addf(&text, "action %lld: ", (long long)number_of(one, "index") + 1);
        labelled_add_value(&text, json_object_get(one, "result"));
        say(l, "came back", &text);
    }
}

/* ---- what it left behind ---- */

static void say_logs(struct labelled *l, const json_t *run)
{
    json_int_t dropped = number_of(run, "logs_dropped");
    const json_t *line;
    struct buf text;
    size_t i;

    json_array_foreach(json_object_get(run, "logs"), i, line)
    {
        buf_init(&text, RUN_TEXT_MAX);
        log_text_add(&text, line);
        say(l, "log", &text);
    }
    if (dropped > 0)
        labelled_linef(l, "log", "%lld older line%s not kept", (long long)dropped,
                       dropped == 1 ? " was" : "s were");
}

static void say_children(struct labelled *l, const json_t *run)
{
    const json_t *child;
    struct buf text;
    size_t i;

    json_array_foreach(json_object_get(run, "children"), i, child)
    {
        buf_init(&text, RUN_TEXT_MAX);
        add_inert(&text, "", text_of(child, "id"));
        add_inert(&text, "  ", text_of(child, "plugin"));
        add_inert(&text, "  ", text_of(child, "status"));
        if (text.len > 0)
            buf_add_str(&text, "  ");
        run_text_what(&text, child);
        say(l, "caused", &text);
    }
    if (json_is_true(json_object_get(run, "more_children"))) {
        buf_init(&text, RUN_TEXT_MAX);
        add_inert(&text, "… and more: orrery runs children ", text_of(run, "id"));
        say(l, "caused", &text);
    }
}

static void say_dead(struct labelled *l, const json_t *run)
{
    const json_t *dead = json_object_get(run, "dead");
    const char *state = text_of(dead, "state"), *retry = text_of(dead, "retry");
    struct buf text;

    if (state == NULL)
        return;
    buf_init(&text, RUN_TEXT_MAX);
    add_inert(&text, "it is a dead letter: ", state);
    add_inert(&text, " as ", retry);
    if (strcmp(state, "open") == 0)
        add_inert(&text, "; orrery dead retry ", text_of(run, "id"));
    say(l, "afterwards", &text);
}

/* "orrery runs trace ID  …" */
static void say_command(const struct output *o, const char *verb, const char *id, const char *what)
{
    fprintf(o->out, "orrery %s ", verb);
    output_inert(o->out, id);
    fprintf(o->out, "%*s%s\n", (int)(13 - strlen(verb)), "", what);
}

static void say_further(const struct output *o, const json_t *run)
{
    bool traced = json_array_size(json_object_get(run, "spans")) > 0;
    bool sent = json_is_object(json_object_get(run, "transaction"));
    const char *id = text_of(run, "id");

    if (id == NULL || (!traced && !sent))
        return;
    fprintf(o->out, "\n%s", output_tone(o->colour, TONE_DIM));
    if (traced)
        say_command(o, "runs trace", id, "where its time went");
    if (traced && json_is_object(json_object_get(run, "seen")))
        say_command(o, "runs verify", id, "decides again from what it saw, and compares");
    if (sent)
        say_command(o, "tx show", id, "its transaction, and what came of it");
    fputs(output_plain(o->colour), o->out);
}

void story_print(const struct output *o, const json_t *run)
{
    struct labelled l = {.o = o};

    say_head(&l, run);
    say_code(&l, run);
    say_trigger(&l, run);
    say_times(&l, run);
    story_seen(&l, run);
    say_decision(&l, run);
    say_sent(&l, run);
    say_result(&l, run);
    story_after(&l, run);
    say_logs(&l, run);
    say_children(&l, run);
    say_dead(&l, run);
    say_further(o, run);
}
