/* Any text as a plugin's SQL: its tokens cover it, nothing hides between them; what is accepted
 * calls nothing and names nothing that it must not. */
#include "fuzz/fuzz.h"

#include "tables/lexer.h"
#include "tables/postgres_functions.h"
#include "tables/request.h"
#include "tables/scan.h"

static const char *const seeds[] = {
    "SELECT a, count(*) FROM t WHERE b = $1 AND c LIKE 'x''y' GROUP BY a; -- end",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT \"n\" FROM r /* x */",
    "INSERT INTO t (a, b) VALUES ($1, 1.5e10), ($2, .5)",
    "SELECT pg_sleep(1), pg_catalog.set_config('a', 'b', true), \"pg_sleep\"(1)",
    "DELETE FROM t WHERE a IN (SELECT coalesce(b, 1) FROM u AS v (b))",
    "SELECT * FROM public.x, information_schema.tables; DROP TABLE t",
};

static const char *const words[] = {
    "'",      "''",  "\"",    "--",  "/*", "*/",         "\n",      "\r",       "(",    ")",
    ";",      "$1",  "$$",    "$a$", "E'", "U&\"",       "pg_read", "lo_creat", "1.5e", "\\",
    "SELECT", "as ", "with ", "é",   "?",  "set_config", "0x",      " ",        "\xff", NULL,
};

/* What stands between two tokens: blank, or a comment. */
static void check_gap(const char *sql, size_t from, size_t to)
{
    bool comment = memmem(sql + from, to - from, "--", 2) != NULL ||
                   memmem(sql + from, to - from, "/*", 2) != NULL;

    for (size_t i = from; i < to && !comment; i++)
        FUZZ_CHECK(strchr(" \t\n\r\f", sql[i]) != NULL);
}

static bool covers(const char *sql)
{
    struct lexer lexer = {sql, 0};
    struct error e = ERROR_INIT;
    struct token t;
    size_t last = 0;

    for (;;) {
        if (lexer_next(&lexer, &t, &e) < 0) {
            fuzz_check_error(&e);
            return false;
        }
        FUZZ_CHECK(t.begin >= last && t.end >= t.begin && t.end <= strlen(sql));
        check_gap(sql, last, t.begin);
        if (t.kind == TOKEN_END)
            return true;
        FUZZ_CHECK(t.end > t.begin);
        last = t.end;
    }
}

/* Looked for in another way than by the scanner: backwards from each '('. */
static void check_accepted(const char *sql, size_t length)
{
    struct lexer lexer = {sql, 0};
    struct error e = ERROR_INIT;
    struct token t, last = {.kind = TOKEN_END};

    while (lexer_next(&lexer, &t, &e) == 0 && t.kind != TOKEN_END && t.begin < length) {
        bool is_name = t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
        FUZZ_CHECK(!is_name || strncmp(t.text, "pg_", 3) != 0);
        FUZZ_CHECK(!is_name || strcmp(t.text, "information_schema") != 0);
        FUZZ_CHECK(t.kind != TOKEN_OTHER || t.mark != ';');
        last = t;
    }
    FUZZ_CHECK(last.kind == TOKEN_END || last.end == length);
}

static void one(struct random *r)
{
    static const struct scan_names names = {.is_function = postgres_function_is_allowed};
    struct request request = {.kind = fuzz_below(r, 2) ? CALL_QUERY : CALL_EXEC};
    struct error e = ERROR_INIT;
    struct buf text;
    size_t length = 0;

    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &text);
    text.len = strlen(buf_text(&text));
    request.sql = buf_text(&text);
    request.sql_len = text.len;
    request.params = NULL;
    if (!covers(request.sql)) {
        FUZZ_CHECK(scan_sql(&request, &names, &length, &e) < 0);
    } else if (scan_sql(&request, &names, &length, &e) == 0) {
        FUZZ_CHECK(length <= text.len);
        check_accepted(request.sql, length);
    } else {
        fuzz_check_error(&e);
    }
    buf_release(&text);
}

int main(void)
{
    return fuzz_run(20000, one);
}
