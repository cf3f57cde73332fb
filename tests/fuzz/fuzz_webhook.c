/* Whatever a user's executor answers: only a status with the batch's own key is an answer, and what
 * is said about the rest is inert. */
#include "fuzz/fuzz.h"

#include "model/value.h"
#include "webhook/answer.h"
#include "webhook/url.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const seeds[] = {
    "{\"key\":\"" KEY "\",\"status\":\"executed\",\"outcome\":{\"a\":[1,2.5,\"x\"]}}",
    "{\"key\":\"" KEY "\",\"status\":\"refused\",\"error\":{\"code\":\"A\",\"message\":\"m\"}}",
    "{\"status\":\"never\",\"key\":\"" KEY "\"}",
    "{\"status\":\"pending\"}",
    "https://executor.example:8443/a/{key}?b=c",
    "http://[::1]:80/x",
};

static const char *const words[] = {
    "key",  "status",  "executed",  "refused", "never",   "\\u0000", "\"",
    "{",    "}",       "[[[[",      "1e99",    "\x1b[2J", "outcome", "error",
    "code", "message", "127.0.0.1", "://",     "@",       "",        NULL,
};

static void check_inert(const char *text, size_t size)
{
    FUZZ_CHECK(memchr(text, '\0', size) != NULL);
    for (; *text != '\0'; text++)
        FUZZ_CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_answer(const struct buf *text)
{
    struct webhook_answer a;
    struct error e = ERROR_INIT;

    webhook_answer_read(buf_text(text), text->len, KEY, &a);
    check_inert(a.message, sizeof a.message);
    check_inert(a.code, sizeof a.code);
    FUZZ_CHECK((a.outcome != NULL) ==
               (a.status == WEBHOOK_EXECUTED || a.status == WEBHOOK_ACCEPTED));
    if (a.status == WEBHOOK_NO_ANSWER) {
        FUZZ_CHECK(a.message[0] != '\0');
    } else {
        json_t *json = value_parse(buf_text(text), text->len, WEBHOOK_ANSWER_BYTES, &e);
        FUZZ_CHECK(strcmp(json_string_value(json_object_get(json, "key")), KEY) == 0);
        FUZZ_CHECK(json_string_length(json_object_get(json, "key")) == strlen(KEY));
        json_decref(json);
    }
    webhook_answer_release(&a);
}

static void check_url(const struct buf *text)
{
    struct error e = ERROR_INIT;

    if (webhook_url_check(buf_text(text), &e) < 0)
        fuzz_check_error(&e);
    else
        check_inert(buf_text(text), text->len + 1);
}

static void one(struct random *r)
{
    struct buf text;

    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &text);
    check_answer(&text);
    check_url(&text);
    buf_release(&text);
}

int main(void)
{
    return fuzz_run(50000, one);
}
