/* Strategies and their versions. */
#include "base/error.h"
#include "journal/journal_postgres_store.h"

/* ---- deploying ---- */

struct place {
    int64_t number, versions, created_ms;
};

static int take_place(void *arg, const struct pg_row *row)
{
    struct place *place = arg;

    place->versions = pg_integer(row, 0, 0);
    place->number = pg_integer(row, 1, 0);
    place->created_ms = pg_integer(row, 2, 0);
    return 0;
}

static int insert_version(struct journal_postgres *p, const struct strategy_version *v,
                          int64_t number, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    return pgj_run(p, PG_NOT_PREPARED,
                   "INSERT INTO journal_strategy_versions(strategy, number, hash, content, note,"
                   " author, created_at) VALUES ($1, $2::integer, $3, $4, coalesce($5, ''),"
                   " coalesce($6, ''), $7::bigint)",
                   7,
                   (const char *[]){v->strategy, pgj_number(&n, number), v->hash, v->content,
                                    v->note, v->author, pgj_number(&n, v->created_ms)},
                   e);
}

static int make_current(struct journal_postgres *p, const struct strategy_version *v,
                        int64_t number, bool is_new, struct error *e)
{
    struct pgj_numbers n = {.count = 0};

    return pgj_run(p, PG_NOT_PREPARED,
                   "INSERT INTO journal_strategies AS s(name, is_active, current, versions,"
                   " created_at, changed_at)"
                   " VALUES ($1, true, $2::integer, 1, $3::bigint, $3::bigint)"
                   " ON CONFLICT (name) DO UPDATE SET is_active = true, current = $2::integer,"
                   " versions = s.versions + $4::integer, changed_at = $3::bigint",
                   4,
                   (const char *[]){v->strategy, pgj_number(&n, number),
                                    pgj_number(&n, v->created_ms), is_new ? "1" : "0"},
                   e);
}

int pgj_put_version(struct journal *j, const struct strategy_version *v, uint32_t *number,
                    bool *is_new, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct place place = {0};
    bool fresh;

    if (pgj_ask(p,
                "SELECT s.versions, v.number, v.created_at FROM (SELECT 1) AS one"
                " LEFT JOIN journal_strategies s ON s.name = $1"
                " LEFT JOIN journal_strategy_versions v ON v.strategy = $1 AND v.hash = $2",
                2, (const char *[]){v->strategy, v->hash}, take_place, &place, e) < 0)
        return -1;
    fresh = place.number == 0;
    if (pg_joint_is_repeated(p->joint)) {
        fresh = place.created_ms == v->created_ms && place.number == place.versions;
    } else {
        place.number = fresh ? place.versions + 1 : place.number;
        if ((fresh && insert_version(p, v, place.number, e) < 0) ||
            make_current(p, v, place.number, fresh, e) < 0)
            return -1;
    }
    *number = (uint32_t)place.number;
    *is_new = fresh;
    return 0;
}

/* ---- reading versions ---- */

struct versions {
    version_fn *each;
    void *arg;
    int result;
};

static int give_version(void *arg, const struct pg_row *row)
{
    struct versions *walk = arg;
    struct strategy_version v = {.strategy = pgj_text_at(row, 0),
                                 .number = (uint32_t)pg_integer(row, 1, 0),
                                 .note = pgj_text_at(row, 3),
                                 .author = pgj_text_at(row, 4),
                                 .created_ms = pg_integer(row, 5, 0),
                                 .is_current = pg_boolean(row, 6),
                                 .content = pgj_text_at(row, 7)};

    pg_copy(row, 2, v.hash, sizeof v.hash);
    walk->result = walk->each(walk->arg, &v);
    return walk->result;
}

#define VERSION_COLUMNS                                                                            \
    "v.strategy, v.number, v.hash, v.note, v.author, v.created_at, s.current = v.number"
#define FROM_VERSIONS                                                                              \
    " FROM journal_strategy_versions v JOIN journal_strategies s ON s.name = v.strategy "

int pgj_get_version(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                    void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct versions walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT " VERSION_COLUMNS ", v.content" FROM_VERSIONS
                "WHERE v.strategy = $1 AND v.number ="
                " CASE WHEN $2::bigint = 0 THEN s.current ELSE $2::bigint END",
                2, (const char *[]){strategy, pgj_unsigned(&n, number)}, give_version, &walk,
                e) < 0)
        return -1;
    return walk.result;
}

int pgj_find_version(struct journal *j, const char *strategy, const char *hash, version_fn *each,
                     void *arg, struct error *e)
{
    struct versions walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT " VERSION_COLUMNS ", v.content" FROM_VERSIONS
                "WHERE v.strategy = $1 AND v.hash = $2",
                2, (const char *[]){strategy, hash}, give_version, &walk, e) < 0)
        return -1;
    return walk.result;
}

static const char *limit_text(struct pgj_numbers *n, size_t limit)
{
    return pgj_unsigned(n, limit < INT32_MAX ? limit : INT32_MAX);
}

int pgj_list_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit,
                      version_fn *each, void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct versions walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT " VERSION_COLUMNS ", NULL" FROM_VERSIONS
                "WHERE v.strategy = $1 AND ($2::bigint = 0 OR v.number < $2::bigint)"
                " ORDER BY v.number DESC LIMIT $3::bigint",
                3, (const char *[]){strategy, pgj_unsigned(&n, before), limit_text(&n, limit)},
                give_version, &walk, e) < 0)
        return -1;
    return walk.result;
}

/* ---- strategies ---- */

struct strategies {
    strategy_fn *each;
    void *arg;
    int result;
};

static int give_strategy(void *arg, const struct pg_row *row)
{
    struct strategies *walk = arg;
    struct strategy s = {.name = pgj_text_at(row, 0),
                         .is_active = pg_boolean(row, 1),
                         .current = (uint32_t)pg_integer(row, 2, 0),
                         .versions = (uint32_t)pg_integer(row, 3, 0),
                         .created_ms = pg_integer(row, 4, 0),
                         .changed_ms = pg_integer(row, 5, 0)};

    walk->result = walk->each(walk->arg, &s);
    return walk->result;
}

int pgj_list_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset,
                        strategy_fn *each, void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct strategies walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT name, is_active, current, versions, created_at, changed_at"
                " FROM journal_strategies WHERE is_active OR NOT $1::boolean"
                " ORDER BY name LIMIT $2::bigint OFFSET $3::bigint",
                3,
                (const char *[]){active_only ? "t" : "f", limit_text(&n, limit),
                                 pgj_unsigned(&n, offset < INT64_MAX ? offset : INT64_MAX)},
                give_strategy, &walk, e) < 0)
        return -1;
    return walk.result;
}

int pgj_count_strategies(struct journal *j, bool active_only, uint64_t *count, struct error *e)
{
    int64_t found = 0;

    if (pgj_ask(pgj_of(j),
                "SELECT count(*) FROM journal_strategies WHERE is_active OR NOT $1::boolean", 1,
                (const char *[]){active_only ? "t" : "f"}, pgj_take_number, &found, e) < 0)
        return -1;
    *count = (uint64_t)found;
    return 0;
}

int pgj_set_active(struct journal *j, const char *strategy, bool active, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    int64_t found = 0;
    bool repeated;

    if (pgj_settle(p, &repeated, e) < 0)
        return -1;
    if (repeated)
        return 0;
    if (pgj_ask(p,
                "UPDATE journal_strategies SET is_active = $2::boolean WHERE name = $1"
                " RETURNING 1",
                2, (const char *[]){strategy, active ? "t" : "f"}, pgj_take_number, &found, e) < 0)
        return -1;
    if (found != 0)
        return 0;
    return error_set(e, ERROR_NOT_FOUND, "there is no strategy '%s' on record", strategy);
}
