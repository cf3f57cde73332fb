/* What outlives runs: snapshots that decisions saw, cursors of events, ids of events. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "journal/journal_postgres_store.h"

static const char snapshots_sql[] = "INSERT INTO journal_snapshots AS s(digest, used_at, content)"
                                    " SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])"
                                    " ON CONFLICT (digest) DO UPDATE SET used_at = excluded.used_at"
                                    " WHERE s.used_at < excluded.used_at";

static const char cursors_sql[] =
    "INSERT INTO journal_event_cursors(source, value, events, at)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::numeric[], $4::bigint[])"
    " ON CONFLICT (source) DO UPDATE SET value = excluded.value, events = excluded.events,"
    " at = excluded.at";

/* ---- snapshots ---- */

int pgj_put_snapshot(struct journal *j, const char *digest, const char *text, int64_t now_ms,
                     struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_snapshot *snapshot;

    HASH_FIND_STR(p->snapshots, digest, snapshot);
    if (snapshot != NULL) {
        if (now_ms > snapshot->used_ms)
            snapshot->used_ms = now_ms;
        return 0;
    }
    snapshot = mem_zero(1, sizeof *snapshot);
    strncpy(snapshot->digest, digest, sizeof snapshot->digest - 1);
    snapshot->used_ms = now_ms;
    snapshot->text = mem_strdup(text);
    p->bytes += strlen(text);
    HASH_ADD_STR(p->snapshots, digest, snapshot);
    return pgj_collected(p, e);
}

static int take_text(void *arg, const struct pg_row *row)
{
    *(char **)arg = mem_strdup(pgj_text_at(row, 0));
    return 1;
}

int pgj_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e)
{
    char *found = NULL;

    if (pgj_ask(pgj_of(j), "SELECT content FROM journal_snapshots WHERE digest = $1", 1,
                (const char *[]){digest}, take_text, &found, e) < 0) {
        free(found);
        return -1;
    }
    *text = found;
    return 0;
}

static int send_snapshots(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct pgj_batch b;
    int result;

    pgj_batch_init(&b, PGJ_SNAPSHOTS, snapshots_sql, 3);
    for (const struct pgj_snapshot *x = p->snapshots; x != NULL; x = x->hh.next) {
        pgj_add_text(&b, x->digest);
        pgj_add_integer(&b, x->used_ms);
        pgj_add_text(&b, x->text);
        pgj_row_end(&b);
    }
    result = pgj_batch_send(&b, s, e);
    pgj_batch_release(&b);
    return result;
}

/* ---- cursors: the last one of a transaction counts ---- */

int pgj_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    size_t len = strlen(cursor->source);
    struct pgj_cursor *c;

    HASH_FIND(hh, p->cursors, cursor->source, len, c);
    if (c == NULL) {
        c = mem_zero(1, sizeof *c + len + 1);
        memcpy(c->source, cursor->source, len + 1);
        HASH_ADD_KEYPTR(hh, p->cursors, c->source, len, c);
    }
    free((char *)c->cursor.value);
    c->cursor = *cursor;
    c->cursor.value = mem_strdup(cursor->value);
    return pgj_collected(p, e);
}

static int send_cursors(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct pgj_batch b;
    int result;

    pgj_batch_init(&b, PGJ_CURSORS, cursors_sql, 4);
    for (const struct pgj_cursor *c = p->cursors; c != NULL; c = c->hh.next) {
        pgj_add_text(&b, c->source);
        pgj_add_text(&b, c->cursor.value);
        pgj_add_u64(&b, c->cursor.events);
        pgj_add_integer(&b, c->cursor.at_ms);
        pgj_row_end(&b);
    }
    result = pgj_batch_send(&b, s, e);
    pgj_batch_release(&b);
    return result;
}

struct cursors {
    cursor_fn *each;
    void *arg;
    int result;
};

static int give_cursor(void *arg, const struct pg_row *row)
{
    struct cursors *walk = arg;
    struct cursor cursor = {pgj_text_at(row, 0), pgj_text_at(row, 1), pgj_u64_at(row, 2),
                            pg_integer(row, 3, 0)};

    walk->result = walk->each(walk->arg, &cursor);
    return walk->result;
}

int pgj_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                     struct error *e)
{
    struct cursors walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT source, value, events, at FROM journal_event_cursors"
                " WHERE $1::text IS NULL OR source = $1 ORDER BY source",
                1, (const char *[]){source}, give_cursor, &walk, e) < 0)
        return -1;
    return walk.result;
}

int pgj_kept_send(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    if ((p->snapshots != NULL && send_snapshots(p, s, e) < 0) ||
        (p->cursors != NULL && send_cursors(p, s, e) < 0))
        return -1;
    pgj_kept_clear(p);
    return 0;
}

void pgj_kept_clear(struct journal_postgres *p)
{
    struct pgj_snapshot *x, *next;
    struct pgj_cursor *c, *next_cursor;

    HASH_ITER(hh, p->snapshots, x, next)
    {
        HASH_DEL(p->snapshots, x);
        free(x->text);
        free(x);
    }
    HASH_ITER(hh, p->cursors, c, next_cursor)
    {
        HASH_DEL(p->cursors, c);
        free((char *)c->cursor.value);
        free(c);
    }
    p->bytes = 0;
}

/* ---- events ---- */

static const char note_sql[] =
    "WITH given AS (SELECT e, min(n) AS n FROM unnest($2::text[]) WITH ORDINALITY AS u(e, n)"
    " GROUP BY e), made AS (INSERT INTO journal_events(source, event, at, noted_by)"
    " SELECT $1, e, $3::bigint, $4::bigint FROM given ON CONFLICT DO NOTHING RETURNING event)"
    " SELECT n FROM given JOIN made ON made.event = given.e";

/* The transaction is there already: those that it found to be new then. */
static const char noted_sql[] =
    "WITH given AS (SELECT e, min(n) AS n FROM unnest($2::text[]) WITH ORDINALITY AS u(e, n)"
    " GROUP BY e) SELECT n FROM given JOIN journal_events x ON x.source = $1 AND x.event = given.e"
    " WHERE x.noted_by = $4::bigint AND $3::bigint IS NOT NULL";

struct noting {
    bool *is_new;
    size_t count;
};

static int mark_new(void *arg, const struct pg_row *row)
{
    struct noting *noting = arg;
    int64_t n = pg_integer(row, 0, 0);

    if (n >= 1 && (uint64_t)n <= noting->count)
        noting->is_new[n - 1] = true;
    return 0;
}

int pgj_note_events(struct journal *j, const char *source, const char *const *events, size_t count,
                    int64_t at_ms, bool *is_new, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct noting noting = {mem_zero(count + 1, sizeof(bool)), count};
    struct pgj_batch ids;
    bool repeated;
    int result = pgj_settle(p, &repeated, e);

    pgj_batch_init(&ids, PG_NOT_PREPARED, "", 1);
    for (size_t i = 0; i < count; i++) {
        pgj_add_text(&ids, events[i]);
        pgj_row_end(&ids);
    }
    buf_add_char(&ids.arrays[0], '}');
    if (result == 0 && count > 0) {
        uint64_t stamp = random_mix(random_hash(p->writer), p->number);
        const char *values[] = {source, buf_text(&ids.arrays[0]), pgj_number(&n, at_ms),
                                p->writer[0] != '\0' ? pgj_number(&n, (int64_t)stamp) : NULL};
        result = pgj_ask(p, repeated ? noted_sql : note_sql, 4, values, mark_new, &noting, e);
    }
    if (result == 0)
        memcpy(is_new, noting.is_new, count * sizeof *is_new);
    pgj_batch_release(&ids);
    free(noting.is_new);
    return result;
}
