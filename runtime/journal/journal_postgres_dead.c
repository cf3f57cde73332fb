/* Dead letters. */
#include "base/error.h"
#include "base/id.h"
#include "journal/journal_postgres_store.h"

#define COLUMNS                                                                                    \
    "run, plugin, state, trigger, topic, payload, error, attempts, depth, parent, at, settled_at," \
    " retry"

static const char put_sql[] =
    "INSERT INTO journal_dead_letters(" COLUMNS ")"
    " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::text[],"
    " $6::text[], $7::text[], $8::integer[], $9::integer[], $10::bigint[], $11::bigint[],"
    " $12::bigint[], $13::bigint[]) ON CONFLICT (run) DO NOTHING RETURNING 1";

static void add_row(struct pgj_batch *b, const struct dead_letter *d)
{
    pgj_add_u64(b, d->run);
    pgj_add_text(b, d->plugin);
    pgj_add_text(b, dead_state_name(d->state));
    pgj_add_text(b, pgj_trigger_name(d->trigger));
    pgj_add_text(b, d->topic);
    pgj_add_text(b, d->payload);
    pgj_add_text(b, d->error);
    pgj_add_integer(b, (int32_t)d->attempts);
    pgj_add_integer(b, (int32_t)d->depth);
    pgj_add_nonzero(b, (int64_t)d->parent);
    pgj_add_integer(b, d->at_ms);
    pgj_add_nonzero(b, d->settled_ms);
    pgj_add_nonzero(b, (int64_t)d->retry);
    pgj_row_end(b);
}

int pgj_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    const char *values[13];
    int64_t made = 0;
    struct pgj_batch b;
    char id[ID_TEXT_SIZE];
    bool repeated;
    int result = pgj_settle(p, &repeated, e);

    if (result < 0 || repeated)
        return result;
    pgj_batch_init(&b, PG_NOT_PREPARED, put_sql, 13);
    add_row(&b, dead);
    for (int i = 0; i < 13; i++) {
        buf_add_char(&b.arrays[i], '}');
        values[i] = buf_text(&b.arrays[i]);
    }
    result = pgj_ask(p, put_sql, 13, values, pgj_take_number, &made, e);
    pgj_batch_release(&b);
    if (result == 0 && made == 0)
        return error_set(e, ERROR_INTERNAL, "the dead letter of run %s is on record already",
                         id_format(dead->run, id));
    return result;
}

/* ---- reading ---- */

struct letters {
    dead_fn *each;
    void *arg;
    int result;
};

static int give_dead(void *arg, const struct pg_row *row)
{
    struct letters *walk = arg;
    int64_t trigger = pg_integer(row, 3, 0);
    struct dead_letter d = {.run = (uint64_t)pg_integer(row, 0, 0),
                            .state = DEAD_OPEN,
                            .topic = pgj_text_at(row, 4),
                            .payload = pgj_text_at(row, 5),
                            .error = pgj_text_at(row, 6),
                            .attempts = (uint32_t)pg_integer(row, 7, 0),
                            .depth = (uint32_t)pg_integer(row, 8, 0),
                            .parent = (uint64_t)pg_integer(row, 9, 0),
                            .at_ms = pg_integer(row, 10, 0),
                            .settled_ms = pg_integer(row, 11, 0),
                            .retry = (uint64_t)pg_integer(row, 12, 0)};

    pg_copy(row, 1, d.plugin, sizeof d.plugin);
    (void)dead_state_parse(pgj_text_at(row, 2), &d.state);
    d.trigger = trigger == 1 ? TRIGGER_CRON : trigger == 2 ? TRIGGER_EVENT : TRIGGER_MANUAL;
    walk->result = walk->each(walk->arg, &d);
    return walk->result;
}

int pgj_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct letters walk = {each, arg, 0};

    if (run > INT64_MAX)
        return 0;
    if (pgj_ask(pgj_of(j), "SELECT " COLUMNS " FROM journal_dead_letters WHERE run = $1::bigint", 1,
                (const char *[]){pgj_unsigned(&n, run)}, give_dead, &walk, e) < 0)
        return -1;
    return walk.result;
}

int pgj_list_dead(struct journal *j, const char *plugin, int state, uint64_t before, size_t limit,
                  dead_fn *each, void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct letters walk = {each, arg, 0};
    uint64_t below = before == 0 || before > INT64_MAX ? INT64_MAX : before;

    if (pgj_ask(pgj_of(j),
                "SELECT " COLUMNS " FROM journal_dead_letters"
                " WHERE ($1::text IS NULL OR plugin = $1) AND ($2::text IS NULL OR state = $2)"
                " AND run < $3::bigint ORDER BY run DESC LIMIT $4::bigint",
                4,
                (const char *[]){plugin,
                                 state >= 0 ? dead_state_name((enum dead_state)state) : NULL,
                                 pgj_unsigned(&n, below),
                                 pgj_unsigned(&n, limit < INT32_MAX ? limit : INT32_MAX)},
                give_dead, &walk, e) < 0)
        return -1;
    return walk.result;
}

/* ---- settling ---- */

struct state {
    enum dead_state state;
    bool is_there;
};

static int take_state(void *arg, const struct pg_row *row)
{
    struct state *state = arg;

    state->is_there = true;
    (void)dead_state_parse(pgj_text_at(row, 0), &state->state);
    return 0;
}

int pgj_settle_dead(struct journal *j, uint64_t run, enum dead_state to, uint64_t retry,
                    int64_t now_ms, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct state found = {.state = DEAD_OPEN};
    char id[ID_TEXT_SIZE];
    const char *key = pgj_unsigned(&n, run <= INT64_MAX ? run : 0);

    if (pgj_ask(p, "SELECT state FROM journal_dead_letters WHERE run = $1::bigint", 1,
                (const char *[]){key}, take_state, &found, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint))
        return 0;
    if (!found.is_there)
        return error_set(e, ERROR_NOT_FOUND, "there is no dead letter of run %s",
                         id_format(run, id));
    if (found.state != DEAD_OPEN)
        return error_set(e, ERROR_CONFLICT, "the dead letter of run %s was %s before",
                         id_format(run, id), dead_state_name(found.state));
    return pgj_run(
        p, PG_NOT_PREPARED,
        "UPDATE journal_dead_letters SET state = $2, settled_at = $3::bigint,"
        " retry = nullif($4::bigint, 0) WHERE run = $1::bigint",
        4,
        (const char *[]){key, dead_state_name(to), pgj_number(&n, now_ms), pgj_unsigned(&n, retry)},
        e);
}
