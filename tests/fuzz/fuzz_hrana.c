/* Whatever a Hrana server answers is either refused with a reason or safe to read. */
#include "fuzz/fuzz.h"

#include "state/hrana.h"

#define STEPS 3

static const char *const seeds[] = {
    "{\"baton\":null,\"base_url\":null,\"results\":[{\"type\":\"ok\",\"response\":{\"type\":"
    "\"batch\",\"result\":{\"step_results\":[{\"cols\":[],\"rows\":[],\"affected_row_count\":0},"
    "{\"cols\":[{\"name\":\"k\"},{\"name\":\"n\"}],\"rows\":[[{\"type\":\"text\",\"value\":\"a\"},"
    "{\"type\":\"integer\",\"value\":\"-5\"}],[{\"type\":\"text\",\"value\":\"b\\u0000\"},"
    "{\"type\":\"null\"}]]},null],\"step_errors\":[null,null,{\"message\":\"SQLite error: disk is "
    "full\",\"code\":\"SQLITE_FULL\"}]}}},{\"type\":\"ok\",\"response\":{\"type\":\"close\"}}]}",
    "{\"baton\":\"b64\",\"base_url\":\"https://node.db.example:8080/x\",\"results\":[{\"type\":"
    "\"ok\",\"response\":{\"type\":\"batch\",\"result\":{\"step_results\":[null,null,{\"cols\":[{}]"
    ","
    "\"rows\":[[{\"type\":\"float\",\"value\":1.5}],[{\"type\":\"blob\",\"base64\":\"AA\"}]]}],"
    "\"step_errors\":[null,{\"message\":\"x\",\"code\":null},null]}}}]}",
    "{\"results\":[{\"type\":\"error\",\"error\":{\"message\":\"timed out\",\"code\":\"T_OUT\"}}]}",
};

static const char *const words[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "\"\\u0000\"",
    "\"type\"",
    "\"value\"",
    "\"rows\"",
    "\"cols\"",
    "\"integer\"",
    "\"9223372036854775808\"",
    "\"text\"",
    "\"error\"",
    "\"message\"",
    "\"step_results\"",
    "\"step_errors\"",
    "\"baton\"",
    "\"base_url\"",
    "https://",
    "@",
    "\xff",
    NULL,
};

/* Names and values for the structured changes. */
static const char *const names[] = {
    "type", "value",        "rows",        "cols",     "ok",       "error",   "batch",   "message",
    "code", "step_results", "step_errors", "baton",    "base_url", "results", "integer", "text",
    "null", "-1",           "07",          "response", "result",   "float",   "base64",  NULL,
};

static void read_rows(const struct hrana_answer *a, int step, const char *types)
{
    struct error e = ERROR_INIT;

    if (hrana_expect(a, step, types, &e) != 0) {
        fuzz_check_error(&e);
        return;
    }
    FUZZ_CHECK(hrana_executed(a, step));
    for (size_t row = 0; row < hrana_rows(a, step); row++)
        for (size_t column = 0; types[column] != '\0'; column++) {
            size_t len;
            if (types[column] != 't') {
                hrana_integer(a, step, row, column, 0);
                continue;
            }
            FUZZ_CHECK(hrana_text(a, step, row, column, &len) != NULL);
            FUZZ_CHECK(text_is_utf8(hrana_text(a, step, row, column, &len), len));
        }
}

static void check_fault(const struct hrana *h, const struct hrana_answer *a)
{
    struct error e = ERROR_INIT;
    struct hrana_fault fault;

    if (!hrana_failed(a, &fault))
        return;
    FUZZ_CHECK(fault.step >= -1 && fault.step < STEPS);
    FUZZ_CHECK(!hrana_executed(a, fault.step));
    FUZZ_CHECK(hrana_error(h, &fault, &e) == -1);
    fuzz_check_error(&e);
}

/* What is followed begins with a scheme and the host, or a name below it. */
static void check_base(struct hrana *h, const char *base_url)
{
    const char *host = strstr(base_url, "://");

    h->tls = true;
    if (!hrana_base_allowed(h, base_url))
        return;
    FUZZ_CHECK(strncmp(base_url, "https://", 8) == 0);
    host = strcasestr(host, h->host);
    FUZZ_CHECK(host != NULL && strchr(base_url, '@') == NULL);
    FUZZ_CHECK(memchr(base_url + 8, '/', (size_t)(host - base_url) - 8) == NULL);
}

static void read_answer(struct hrana *h, const char *text, size_t len)
{
    static const char *const types[] = {"", "tI", "i", "t", "ttt"};
    struct error e = ERROR_INIT;
    struct hrana_answer a;

    if (hrana_parse(&a, text, len, STEPS, &e) != 0) {
        FUZZ_CHECK(e.code == ERROR_STORE_DOWN);
        fuzz_check_error(&e);
        return;
    }
    for (int step = -1; step <= STEPS; step++)
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            read_rows(&a, step, types[i]);
    check_fault(h, &a);
    if (a.base_url != NULL)
        check_base(h, a.base_url);
    FUZZ_CHECK(a.baton == NULL || strlen(a.baton) <= HRANA_BATON_BYTES);
    hrana_answer_release(&a);
}

static void one(struct random *r)
{
    struct hrana h = {.base = (char *)(uintptr_t) "https://db.example",
                      .host = (char *)(uintptr_t) "db.example",
                      .secret = (char *)(uintptr_t) "b64"};
    struct buf text;
    json_t *seed, *changed;
    char *written;

    if (fuzz_below(r, 2) == 0) {
        fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &text);
        read_answer(&h, buf_text(&text), text.len);
        buf_release(&text);
        return;
    }
    seed = json_loads(seeds[fuzz_below(r, sizeof seeds / sizeof seeds[0])], JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(seed != NULL);
    changed = fuzz_json(r, seed, names, 20 + fuzz_below(r, 100));
    written = json_dumps(changed, JSON_ENCODE_ANY);
    if (written != NULL)
        read_answer(&h, written, strlen(written));
    free(written);
    json_decref(changed);
    json_decref(seed);
}

int main(void)
{
    return fuzz_run(40000, one);
}
