#include "webhook/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "model/value.h"

static void says_nothing(struct webhook_answer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void says_nothing(struct webhook_answer *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out->message, sizeof out->message, format, arguments);
    va_end(arguments);
    for (char *c = out->message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    out->status = WEBHOOK_NO_ANSWER;
}

/* A string without NUL; else NULL. */
static const char *text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);

    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static enum webhook_status status_of(const char *name)
{
    static const struct {
        const char *name;
        enum webhook_status status;
    } statuses[] = {
#define X(symbol, text) {text, WEBHOOK_##symbol},
        WEBHOOK_STATUSES(X)
#undef X
    };

    for (size_t i = 0; name != NULL && i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(statuses[i].name, name) == 0)
            return statuses[i].status;
    return WEBHOOK_NO_ANSWER;
}

static bool code_ok(const char *code)
{
    size_t len = code != NULL ? strlen(code) : 0;

    return len > 0 && len < sizeof((struct webhook_answer *)0)->code &&
           strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-") ==
               len;
}

static void read_reason(const json_t *json, struct webhook_answer *out)
{
    const json_t *error = json_object_get(json, "error");
    const char *code = text_of(error, "code");
    const json_t *message = json_object_get(error, "message");
    struct buf text;

    snprintf(out->code, sizeof out->code, "%s",
             code_ok(code)                    ? code
             : out->status == WEBHOOK_REFUSED ? "REFUSED"
                                              : "NEVER");
    buf_init(&text, sizeof out->message - 1);
    if (json_string_length(message) > 0)
        text_add_inert(&text, json_string_value(message), json_string_length(message),
                       sizeof out->message - 16);
    snprintf(out->message, sizeof out->message, "%s",
             text.len > 0 ? buf_text(&text) : "the executor gave no reason");
    buf_release(&text);
}

/* One that is too long is left out, and says so: what was executed was executed. */
static json_t *read_outcome(const json_t *json)
{
    json_t *outcome = json_object_get(json, "outcome");
    json_t *left_out;
    struct buf text;
    int failed;

    if (!json_is_object(outcome))
        return json_object();
    buf_init(&text, WEBHOOK_OUTCOME_BYTES);
    failed = value_write(&text, outcome);
    buf_release(&text);
    if (failed == 0)
        return json_incref(outcome);
    left_out = json_object();
    json_object_set_new(left_out, "left_out", json_string("the outcome is longer than 32 KiB"));
    return left_out;
}

static void read_object(const json_t *json, const char *key, struct webhook_answer *out)
{
    const char *named = text_of(json, "key");
    const char *status = text_of(json, "status");

    out->status = status_of(status);
    if (out->status == WEBHOOK_NO_ANSWER)
        says_nothing(out, "the answer has no \"status\" that is known");
    else if (named == NULL)
        says_nothing(out, "the answer is \"%s\" without the batch's \"key\"", status);
    else if (strcmp(named, key) != 0)
        says_nothing(out, "the answer is about another key");
    else if (out->status == WEBHOOK_EXECUTED || out->status == WEBHOOK_ACCEPTED)
        out->outcome = read_outcome(json);
    else if (out->status == WEBHOOK_REFUSED || out->status == WEBHOOK_NEVER)
        read_reason(json, out);
}

void webhook_answer_read(const char *body, size_t len, const char *key, struct webhook_answer *out)
{
    struct error e = ERROR_INIT;
    json_t *json;

    memset(out, 0, sizeof *out);
    if (len == 0) {
        says_nothing(out, "the answer is empty");
        return;
    }
    json = value_parse(body, len, WEBHOOK_ANSWER_BYTES, &e);
    if (json == NULL)
        says_nothing(out, "the answer is not JSON: %.200s", e.message);
    else if (!json_is_object(json))
        says_nothing(out, "the answer is not a JSON object");
    else
        read_object(json, key, out);
    json_decref(json);
}

void webhook_answer_release(struct webhook_answer *answer)
{
    json_decref(answer->outcome);
    answer->outcome = NULL;
}
