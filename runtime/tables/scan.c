#include "tables/scan.h"

#include <string.h>

#include "base/error.h"
#include "tables/lexer.h"
#include "tables/request.h"

static bool is_in(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

/* ---- the verb ---- */

static const char *const reading[] = {"select", "values", "with", NULL};
static const char *const writing[] = {"insert", "update", "delete", "with", NULL};

static int check_verb(const struct request *r, const struct token *t, struct error *e)
{
    bool query = r->kind == CALL_QUERY;
    const char *expected = query ? "SELECT, VALUES or WITH" : "INSERT, UPDATE, DELETE or WITH";

    if (t->kind == TOKEN_WORD && is_in(query ? reading : writing, t->text))
        return 0;
    if (t->kind == TOKEN_END)
        return error_set(e, ERROR_INVALID, "%s: expected a statement of %s, got nothing",
                         call_name(r->kind), expected);
    error_set(e, ERROR_DENIED, "%s: expected a statement of %s, got '%.20s'", call_name(r->kind),
              expected, t->kind == TOKEN_WORD ? t->text : r->sql + t->begin);
    if (t->kind == TOKEN_WORD && is_in(query ? writing : reading, t->text))
        error_hint(e, query ? "exec writes, query reads" : "query reads, exec writes");
    return -1;
}

/* ---- names ---- */

/* What may stand before '(' without being a function. */
static const char *const keywords[] = {
    "all",       "and",     "any",       "array",        "as",       "between",   "bigint",
    "boolean",   "by",      "case",      "cast",         "char",     "character", "conflict",
    "cube",      "decimal", "distinct",  "double",       "else",     "except",    "exists",
    "filter",    "float",   "from",      "group",        "grouping", "having",    "ilike",
    "in",        "integer", "intersect", "interval",     "into",     "is",        "join",
    "lateral",   "like",    "limit",     "materialized", "not",      "numeric",   "offset",
    "on",        "or",      "over",      "precision",    "real",     "recursive", "returning",
    "rollup",    "row",     "select",    "set",          "sets",     "similar",   "some",
    "symmetric", "then",    "time",      "timestamp",    "to",       "union",     "update",
    "using",     "values",  "varchar",   "when",         "where",    "with",      "within",
    NULL,
};

/* After these a name and '(' is a list of columns: INSERT INTO t (…), WITH t (…) AS, AS t (…). */
static const char *const before_columns[] = {"into", "with", "recursive", "as", NULL};

/* The database's own names. */
static int check_own(const struct request *r, const struct token *t, struct error *e)
{
    if (strncmp(t->text, "pg_", 3) != 0 && strcmp(t->text, "information_schema") != 0 &&
        strncmp(t->text, "orrery_", 7) != 0)
        return 0;
    return error_set(e, ERROR_DENIED, "%s: '%s' is not the plugin's own", call_name(r->kind),
                     t->text);
}

struct names {
    const struct scan_names *rules;
    struct token last, before_last;
};

static bool is_name(const struct token *t)
{
    return t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED;
}

/* `t` follows `last`. */
static int check_call(const struct request *r, const struct names *n, const struct token *t,
                      struct error *e)
{
    const char *name = n->last.text;

    if (t->kind != TOKEN_OTHER || t->mark != '(' || !is_name(&n->last))
        return 0;
    if (n->last.kind == TOKEN_WORD && is_in(keywords, name))
        return 0;
    if (n->before_last.kind == TOKEN_WORD && is_in(before_columns, n->before_last.text))
        return 0;
    if (n->rules->is_function(name))
        return 0;
    error_set(e, ERROR_DENIED, "%s: the function '%s' is not among those that a plugin may call",
              call_name(r->kind), name);
    error_hint(e, "docs/tables.md has the list");
    return -1;
}

static int check_token(const struct request *r, struct names *n, const struct token *t,
                       struct error *e)
{
    if (n->rules == NULL)
        return 0;
    if ((is_name(t) && check_own(r, t, e) < 0) || check_call(r, n, t, e) < 0)
        return -1;
    n->before_last = n->last;
    n->last = *t;
    return 0;
}

/* ---- the whole ---- */

static bool is_semicolon(const struct token *t)
{
    return t->kind == TOKEN_OTHER && t->mark == ';';
}

/* Nothing but semicolons and comments may follow the statement. */
static int check_tail(const struct request *r, struct lexer *l, struct error *e)
{
    struct token t;

    do {
        if (lexer_next(l, &t, e) < 0)
            return -1;
    } while (is_semicolon(&t));
    if (t.kind == TOKEN_END)
        return 0;
    return error_set(e, ERROR_DENIED, "%s: expected one statement, got more after a ';'",
                     call_name(r->kind));
}

static int check_params(const struct request *r, size_t wanted, bool plain, struct error *e)
{
    size_t given = json_array_size(r->params);

    if (wanted == given && !plain)
        return 0;
    if (plain)
        return error_set(e, ERROR_INVALID, "%s: expected parameters as $1, $2 …, got '?'",
                         call_name(r->kind));
    return error_set(e, ERROR_INVALID, "%s: expected %zu parameter%s ($1 to $%zu), got %zu",
                     call_name(r->kind), wanted, wanted == 1 ? "" : "s", wanted, given);
}

int scan_sql(const struct request *r, const struct scan_names *rules, size_t *length,
             struct error *e)
{
    struct lexer l = {r->sql, 0};
    struct names n = {.rules = rules};
    struct token t;
    size_t params = 0;
    bool plain = false;

    if (lexer_next(&l, &t, e) < 0 || check_verb(r, &t, e) < 0)
        return -1;
    for (;;) {
        if (check_token(r, &n, &t, e) < 0)
            return -1;
        if (t.kind == TOKEN_PARAM) {
            plain = plain || r->sql[t.begin] == '?';
            params = t.number > params ? t.number : params;
        }
        *length = t.end;
        if (lexer_next(&l, &t, e) < 0)
            return -1;
        if (t.kind == TOKEN_END)
            break;
        if (is_semicolon(&t)) {
            if (check_tail(r, &l, e) < 0)
                return -1;
            break;
        }
    }
    return check_params(r, params, plain, e);
}
