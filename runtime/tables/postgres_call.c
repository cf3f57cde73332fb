/* One call on PostgreSQL: begin, set the limits, look at what the statement would touch, run it,
 * commit, and forget everything that it may have left in the session. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/postgres_bounded.h"
#include "db/postgres_error.h"
#include "model/value.h"
#include "tables/answer.h"
#include "tables/compose.h"
#include "tables/postgres_store.h"
#include "tables/request.h"

/* The server's own limit comes first; this is for a statement that has put it off. */
#define PATIENCE_MS 200

/* Between two rows: one row of the largest answer, and what goes with it. */
#define ROW_EXTRA (64 * 1024)

#define STEPS 5

/* Sizes are looked at after so many bytes, each call counted as some. */
#define CHECK_BYTES (1024 * 1024)
#define CALL_BYTES  (16 * 1024)

enum type_oid {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700,
    OID_JSONB = 3802
};

/* ---- parameters, as text ---- */

struct params {
    Oid types[TABLE_PARAMS_MAX];
    const char *values[TABLE_PARAMS_MAX];
    char numbers[TABLE_PARAMS_MAX][40];
};

/* Text has no type here: the server takes it for what stands around it. */
static void fill_params(const struct statement *s, struct params *out)
{
    for (size_t i = 0; i < s->bind_count; i++) {
        const struct bind *b = &s->binds[i];
        out->types[i] = 0;
        out->values[i] = out->numbers[i];
        if (b->kind == BIND_NULL) {
            out->values[i] = NULL;
        } else if (b->kind == BIND_INTEGER) {
            out->types[i] = OID_INT8;
            snprintf(out->numbers[i], sizeof out->numbers[i], "%lld", (long long)b->integer);
        } else if (b->kind == BIND_REAL) {
            out->types[i] = OID_FLOAT8;
            snprintf(out->numbers[i], sizeof out->numbers[i], "%.17g", b->real);
        } else if (b->kind == BIND_BOOLEAN) {
            out->types[i] = OID_BOOL;
            snprintf(out->numbers[i], sizeof out->numbers[i], "%s", b->integer ? "t" : "f");
        } else {
            out->values[i] = b->text;
        }
    }
}

/* ---- what the server said ---- */

struct meaning {
    const char *sqlstate; /* or its first characters */
    enum error_code code;
};

static const struct meaning meanings[] = {
    {"57014", ERROR_DEADLINE}, {"55P03", ERROR_DEADLINE}, {"42501", ERROR_DENIED},
    {"25006", ERROR_DENIED},   {"23505", ERROR_CONFLICT}, {"40001", ERROR_CONFLICT},
    {"40P01", ERROR_CONFLICT}, {"53200", ERROR_LIMIT},    {"53400", ERROR_LIMIT},
    {"54", ERROR_LIMIT},       {"0A", ERROR_INVALID},     {"21", ERROR_INVALID},
    {"22", ERROR_INVALID},     {"23", ERROR_INVALID},     {"2B", ERROR_INVALID},
    {"34", ERROR_INVALID},     {"42", ERROR_INVALID},
};

static int refused(const struct pg_tables *t, const struct request *r, const struct pg_verdict *v,
                   struct error *e)
{
    const char *call = call_name(r->kind);

    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const struct meaning *m = &meanings[i];
        if (strncmp(v->sqlstate, m->sqlstate, strlen(m->sqlstate)) != 0)
            continue;
        if (m->code == ERROR_DEADLINE)
            return error_set(e, m->code, "%s: took longer than %lld ms", call,
                             (long long)t->limits.time_ms);
        if (strcmp(v->sqlstate, "23505") == 0)
            return error_set(e, m->code, "%s: a row with that key is there already: %s", call,
                             v->words);
        return error_set(e, m->code, "%s: %s", call, v->words);
    }
    return pg_error(t->session.where, v->sqlstate, v->words, e);
}

static int judge(const struct pg_tables *t, const struct request *r, const struct pg_verdict *v,
                 struct error *e)
{
    switch (v->end) {
    case PG_END_DONE:
        return 0;
    case PG_END_REFUSED:
        return refused(t, r, v, e);
    case PG_END_LATE:
        return error_set(e, ERROR_DEADLINE, "%s: took longer than %lld ms", call_name(r->kind),
                         (long long)t->limits.time_ms);
    case PG_END_LARGE:
        return error_set(e, ERROR_LIMIT,
                         "the answer has more than %zu bytes; ask for fewer rows or columns",
                         t->limits.answer_bytes);
    case PG_END_STOPPED: /* whoever stopped it has said why */
        break;
    }
    return error_set(e, ERROR_INTERNAL, "a statement was stopped without a reason");
}

/* ---- rows ---- */

struct reading {
    struct answer *answer;
    struct error *e;
    bool named;
};

static json_t *numeric_value(const char *name, const char *text, struct error *e)
{
    int64_t integer;

    if (text_to_i64(text, &integer) == 0)
        return json_integer(integer);
    return answer_real(name, strtod(text, NULL), e);
}

static json_t *value_of(const struct pg_row *row, int column, struct error *e)
{
    const struct pq_api *pq = &row->session->pq;
    const char *name = pq->fname(row->result, column), *text;
    size_t len;

    if (pq->getisnull(row->result, row->row, column))
        return json_null();
    text = pg_text(row, column, &len);
    switch (pq->ftype(row->result, column)) {
    case OID_BOOL:
        return json_boolean(text[0] == 't');
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        return json_integer(pg_integer(row, column, 0));
    case OID_FLOAT4:
    case OID_FLOAT8:
        return answer_real(name, strtod(text, NULL), e);
    case OID_NUMERIC:
        return numeric_value(name, text, e);
    case OID_JSON:
    case OID_JSONB:
        return answer_json(name, text, len, e);
    default:
        return answer_text(name, text, len, e);
    }
}

static int check_names(const struct pg_row *row, struct error *e)
{
    const char *names[ANSWER_COLUMNS];
    int count = row->session->pq.nfields(row->result);

    for (int i = 0; i < count && i < ANSWER_COLUMNS; i++)
        names[i] = row->session->pq.fname(row->result, i);
    return answer_check_names(names, (size_t)count, e);
}

static int take_row(void *arg, const struct pg_row *row)
{
    struct reading *reading = arg;
    json_t *object;

    if (!reading->named && check_names(row, reading->e) < 0)
        return -1;
    reading->named = true;
    if (row->row < 0)
        return 0;
    object = json_object();
    for (int i = 0; i < row->session->pq.nfields(row->result); i++) {
        json_t *value = value_of(row, i, reading->e);
        if (value == NULL) {
            json_decref(object);
            return -1;
        }
        json_object_set_new(object, row->session->pq.fname(row->result, i), value);
    }
    return answer_add(reading->answer, object, reading->e);
}

/* ---- the beginning of a call ---- */

struct calling {
    struct pg_tables *t;
    const struct request *r;
    const struct statement *s;
    struct params params;
    struct pg_bounds bounds;
    struct pg_verdict verdict;
    bool repeated;    /* its key was used before */
    char touched[80]; /* something outside of the schema; "" */
    char now[24];
};

static int take_key(void *arg, const struct pg_row *row)
{
    ((struct calling *)arg)->repeated = !pg_boolean(row, 0);
    return 0;
}

static int take_touched(void *arg, const struct pg_row *row)
{
    struct calling *c = arg;

    if (row->row >= 0)
        pg_copy(row, 0, c->touched, sizeof c->touched);
    return 0;
}

static size_t add_key(struct calling *c, struct pg_step *step, const char *values[4])
{
    static const char age[] = "604800000", kept[] = "100000";

    _Static_assert(TABLE_KEYS_AGE_MS == 604800000 && TABLE_KEYS_KEPT == 100000, "as text, too");
    if (c->r->key == NULL)
        return 0;
    snprintf(c->now, sizeof c->now, "%lld", (long long)clock_now_ms(c->t->clock));
    values[0] = c->r->key;
    values[1] = c->now;
    values[2] = age;
    values[3] = kept;
    *step = (struct pg_step){.sql = "SELECT orrery_use_key($1::text, $2::bigint, $3::bigint,"
                                    " $4::bigint)",
                             .params = 4,
                             .values = values,
                             .each = take_key,
                             .arg = c};
    return 1;
}

static bool has_sql(const struct request *r)
{
    return r->kind == CALL_QUERY || r->kind == CALL_EXEC;
}

/* A statement that is prepared has its tables locked: the exact list of what it would touch. */
static size_t add_look(struct calling *c, struct pg_step *steps, const char *values[1])
{
    if (!has_sql(c->r))
        return 0;
    values[0] = c->t->relations;
    steps[0] = (struct pg_step){.sql = buf_text(&c->s->sql),
                                .what = PG_STEP_PREPARE,
                                .params = (int)c->s->bind_count,
                                .types = c->params.types};
    steps[1] = (struct pg_step){
        .sql = "SELECT l.relation::regclass::text FROM pg_catalog.pg_lock_status() l"
               " WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid()"
               " AND l.relation <> ALL ($1::oid[]) LIMIT 1",
        .params = 1,
        .values = values,
        .each = take_touched,
        .arg = c};
    return 2;
}

static int begin(struct calling *c, struct error *e)
{
    const char *key_values[4], *look_values[1];
    struct pg_step steps[STEPS];
    size_t count = 0;

    steps[count++] = (struct pg_step){
        .sql = call_writes(c->r->kind) ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                                       : "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"};
    steps[count++] = (struct pg_step){.sql = c->t->settings};
    count += add_key(c, &steps[count], key_values);
    count += add_look(c, &steps[count], look_values);
    if (pg_bounded_run(&c->t->session, steps, count, &c->bounds, &c->verdict, e) < 0)
        return -1;
    if (c->repeated)
        return 0; /* whatever became of the rest */
    if (judge(c->t, c->r, &c->verdict, e) < 0)
        return -1;
    if (c->touched[0] == '\0')
        return 0;
    error_set(e, ERROR_DENIED, "%s: the table '%s' is out of a plugin's reach",
              call_name(c->r->kind), c->touched);
    error_hint(e, "docs/tables.md says what is within");
    return -1;
}

/* ---- the statement, and the end ---- */

static int execute(struct calling *c, struct reading *reading, struct error *e)
{
    struct pg_step step = {.params = (int)c->s->bind_count,
                           .values = c->params.values,
                           .each = reading ? take_row : NULL,
                           .arg = reading};

    if (has_sql(c->r)) {
        step.what = PG_STEP_EXECUTE;
    } else {
        step.sql = buf_text(&c->s->sql);
        step.types = c->params.types;
    }
    if (pg_bounded_run(&c->t->session, &step, 1, &c->bounds, &c->verdict, e) < 0)
        return -1;
    if (c->verdict.end == PG_END_STOPPED && e->code != ERROR_NONE)
        return -1;
    return judge(c->t, c->r, &c->verdict, e);
}

static int check_tag(const struct calling *c, struct error *e)
{
    static const char *const writing[] = {"INSERT", "UPDATE", "DELETE"};

    for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++)
        if (strcmp(c->verdict.tag, writing[i]) == 0)
            return 0;
    error_set(e, ERROR_DENIED, "%s: the statement writes nothing", call_name(c->r->kind));
    error_hint(e, "query reads, exec writes");
    return -1;
}

static int take_size(void *arg, const struct pg_row *row)
{
    *(int64_t *)arg = pg_integer(row, 0, 0);
    return 0;
}

/* Within the transaction: what is too much is undone with it. Deleting is always possible. */
static int check_size(struct calling *c, struct error *e)
{
    struct pg_tables *t = c->t;
    const char *values[1] = {t->relations};
    int64_t size = 0;
    struct pg_step step = {.sql = "SELECT sum(pg_catalog.pg_table_size(o))::bigint"
                                  " FROM unnest($1::oid[]) o",
                           .params = 1,
                           .values = values,
                           .each = take_size,
                           .arg = &size};

    t->since_check += CALL_BYTES + c->s->bound_bytes;
    if (c->r->kind == CALL_DELETE || strcmp(c->verdict.tag, "DELETE") == 0 ||
        (c->r->kind != CALL_EXEC && t->since_check < CHECK_BYTES))
        return 0;
    if (pg_bounded_run(&t->session, &step, 1, &c->bounds, &c->verdict, e) < 0 ||
        judge(t, c->r, &c->verdict, e) < 0)
        return -1;
    if ((uint64_t)size > t->limits.size_bytes) {
        error_set(e, ERROR_LIMIT, "%s: the tables of the plugin are full: %llu bytes",
                  call_name(c->r->kind), (unsigned long long)t->limits.size_bytes);
        error_hint(e, "delete rows, and let the server vacuum; limits are set in orrery.lua");
        return -1;
    }
    t->since_check = 0;
    return 0;
}

/* The session is then as after its login: settings, temporary tables, locks, prepared statements.
 */
static int finish(struct pg_tables *t, const char *how, struct error *e)
{
    struct pg_session *s = &t->session;

    if (s->conn == NULL)
        return 0;
    if (pg_send(s, -1, how, 0, NULL, e) < 0 || pg_sync(s, e) < 0 ||
        pg_send(s, -1, "DISCARD ALL", 0, NULL, e) < 0 || pg_collect(s, NULL, NULL, NULL, e) < 0) {
        pg_drop(s);
        return -1;
    }
    return 0;
}

static void undo(struct pg_tables *t)
{
    struct error ignored = ERROR_INIT;

    finish(t, "ROLLBACK", &ignored);
}

static int write_all(struct calling *c, json_t **answer, struct error *e)
{
    long long changed;

    if (begin(c, e) < 0)
        return -1;
    if (c->repeated) {
        undo(c->t);
        *answer = answer_repeated();
        return 0;
    }
    if (execute(c, NULL, e) < 0 || check_tag(c, e) < 0)
        return -1;
    changed = c->verdict.affected;
    if (check_size(c, e) < 0)
        return -1;
    if (c->t->session.conn == NULL ||
        finish(c->t, c->t->limits.dry_run ? "ROLLBACK" : "COMMIT", e) < 0)
        return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s: lost before the commit",
                         c->t->session.where);
    *answer = answer_changed(changed);
    return 0;
}

static int read_all(struct calling *c, json_t **out, struct error *e)
{
    struct answer answer;
    struct reading reading = {.answer = &answer, .e = e};
    int result;

    answer_init(&answer, &c->t->limits);
    result = begin(c, e);
    if (result == 0)
        result = execute(c, &reading, e);
    if (result == 0) {
        undo(c->t);
        *out = answer_take(&answer);
    }
    answer_release(&answer);
    return result;
}

int pg_tables_run(struct pg_tables *t, const struct request *r, const struct statement *s,
                  json_t **answer, struct error *e)
{
    struct calling *c = mem_zero(1, sizeof *c);
    int result;

    c->t = t;
    c->r = r;
    c->s = s;
    c->bounds =
        (struct pg_bounds){t->limits.time_ms + PATIENCE_MS, t->limits.answer_bytes + ROW_EXTRA};
    fill_params(s, &c->params);
    result = call_writes(r->kind) ? write_all(c, answer, e) : read_all(c, answer, e);
    if (result < 0)
        undo(t);
    free(c);
    return result;
}
