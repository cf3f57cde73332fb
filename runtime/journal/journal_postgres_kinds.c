/* Kinds: plugin, vault, version and status as one number, and how many runs ended so. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_postgres_store.h"

#define KEY_BYTES  (2 * (LIMIT_NAME_BYTES + 1) + DIGEST_TEXT_SIZE + 32)
#define REMEMBERED 65536 /* at most; beyond it the memory starts anew */

static const char need_sql[] =
    "INSERT INTO journal_kinds AS k(plugin, vault, version, status, ended, first_id, last_id)"
    " VALUES ($1, $2, $3, $4, 0, 9223372036854775807, 0)"
    " ON CONFLICT (plugin, vault, version, status) DO UPDATE SET ended = k.ended RETURNING id";

static const char count_sql[] =
    "UPDATE journal_kinds k SET ended = k.ended + c.ended,"
    " first_id = least(k.first_id, c.first), last_id = greatest(k.last_id, c.last)"
    " FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[])"
    " AS c(id, ended, first, last) WHERE k.id = c.id";

const char *pgj_trigger_name(enum trigger_kind kind)
{
    static const char *const codes[] = {
        [TRIGGER_CRON] = "1", [TRIGGER_EVENT] = "2", [TRIGGER_MANUAL] = "3"};

    return codes[kind];
}

static size_t make_key(char key[KEY_BYTES], const char *const parts[4])
{
    size_t size = 0;

    for (int i = 0; i < 4; i++) {
        size_t len = strlen(parts[i]) + 1;
        memcpy(key + size, parts[i], len);
        size += len;
    }
    return size;
}

static struct pgj_kind *remember(struct journal_postgres *p, const char *key, size_t size,
                                 int32_t id)
{
    struct pgj_kind *kind = mem_zero(1, sizeof *kind + size);

    kind->id = id;
    kind->size = size;
    memcpy(kind->key, key, size);
    HASH_ADD_KEYPTR(hh, p->kinds, kind->key, kind->size, kind);
    return kind;
}

/* One that is new is made in the open transaction, or, when that has not been begun on the server,
 * at once: an unused kind means nothing. */
static int make_kind(struct journal_postgres *p, const char *const parts[4], int64_t *id,
                     struct error *e)
{
    return pg_joint_ask(p->joint, PGJ_KIND, need_sql, 4, parts, pgj_take_number, id, e);
}

int pgj_kind_need(struct journal_postgres *p, const struct run *run, enum run_status status,
                  struct pgj_kind **out, struct error *e)
{
    const char *const parts[4] = {run->plugin, run->vault, run->version, run_status_name(status)};
    struct pgj_kind *kind;
    char key[KEY_BYTES];
    size_t size = make_key(key, parts);
    int64_t made = 0;

    HASH_FIND(hh, p->kinds, key, size, kind);
    if (kind == NULL) {
        if (make_kind(p, parts, &made, e) < 0)
            return -1;
        if (HASH_COUNT(p->kinds) >= REMEMBERED && p->counted == NULL)
            pgj_kinds_forget(p);
        p->kinds_shaky = true;
        kind = remember(p, key, size, (int32_t)made);
    }
    *out = kind;
    return 0;
}

void pgj_kind_count(struct journal_postgres *p, struct pgj_kind *kind, uint64_t run, bool ended)
{
    if (kind->last == 0) {
        kind->next_counted = p->counted;
        p->counted = kind;
        kind->first = kind->last = run;
    }
    kind->ended += ended;
    kind->first = run < kind->first ? run : kind->first;
    kind->last = run > kind->last ? run : kind->last;
    p->member.dirty = true;
}

void pgj_kinds_undo(struct journal_postgres *p)
{
    struct pgj_kind *kind;

    while ((kind = p->counted) != NULL) {
        p->counted = kind->next_counted;
        kind->ended = kind->first = kind->last = 0;
    }
}

void pgj_kinds_forget(struct journal_postgres *p)
{
    struct pgj_kind *kind, *next;

    p->counted = NULL;
    HASH_ITER(hh, p->kinds, kind, next)
    {
        HASH_DEL(p->kinds, kind);
        free(kind);
    }
    p->kinds_shaky = false;
}

int pgj_kinds_send(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct pgj_batch counts;
    int result;

    pgj_batch_init(&counts, PGJ_COUNTS, count_sql, 4);
    for (struct pgj_kind *kind = p->counted; kind != NULL; kind = kind->next_counted) {
        pgj_add_integer(&counts, kind->id);
        pgj_add_u64(&counts, kind->ended);
        pgj_add_u64(&counts, kind->first);
        pgj_add_u64(&counts, kind->last);
        pgj_row_end(&counts);
    }
    pgj_kinds_undo(p);
    result = pgj_batch_send(&counts, s, e);
    pgj_batch_release(&counts);
    return result;
}
