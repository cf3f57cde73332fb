/* The outbox. What is put is on its way to be sent: it asks at once whether it is there already. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_parts.h"
#include "journal/journal_postgres_store.h"

#define COLUMNS                                                                                    \
    "id, state, success, plugin, vault, executor, account, digest, created_at, settled_at,"        \
    " outcome, holds, signature, bytes"

/* ---- bytes travel as hex ---- */

static void add_hex(struct buf *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        buf_add_char(out, digits[bytes[i] >> 4]);
        buf_add_char(out, digits[bytes[i] & 15]);
    }
}

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10) & 15;
}

static uint8_t *from_hex(const char *hex, size_t *len)
{
    uint8_t *bytes;

    *len = hex != NULL ? strlen(hex) / 2 : 0;
    bytes = mem_alloc(*len + 1);
    for (size_t i = 0; i < *len; i++)
        bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return bytes;
}

/* ---- writing ---- */

static const char put_sql[] =
    "INSERT INTO journal_submissions(" COLUMNS ")"
    " VALUES ($1::bigint, $2, false, $3, $4, $5, $6, $7, $8::bigint, NULL, NULL, nullif($9, ''),"
    " nullif($10, ''), decode($11, 'hex')) ON CONFLICT DO NOTHING RETURNING 1";

int pgj_put_submission(struct journal *j, const struct submission *s, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    int64_t made = 0;
    struct buf hex;
    bool repeated;
    int result = pgj_settle(p, &repeated, e);

    if (result < 0 || repeated)
        return result;
    buf_init(&hex, 2 * SUBMISSION_BYTES + 1);
    add_hex(&hex, s->bytes, s->len);
    result = pg_joint_ask(p->joint, PGJ_OUTBOX, put_sql, 11,
                          (const char *[]){pgj_unsigned(&n, s->id), submission_state_name(s->state),
                                           s->plugin, s->vault, s->executor, s->account, s->digest,
                                           pgj_number(&n, s->created_ms), s->holds, s->signature,
                                           buf_text(&hex)},
                          pgj_take_number, &made, e);
    buf_release(&hex);
    if (result == 0 && made == 0)
        return journal_submission_is_there(s, e);
    return result;
}

struct state {
    enum submission_state state;
    bool is_there;
};

static int take_state(void *arg, const struct pg_row *row)
{
    struct state *state = arg;

    state->is_there = true;
    (void)submission_state_parse(pgj_text_at(row, 0), &state->state);
    return 0;
}

int pgj_settle_submission(struct journal *j, uint64_t id, enum submission_state to, bool success,
                          const char *outcome, int64_t now_ms, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_numbers n = {.count = 0};
    struct state found = {.state = SUBMISSION_OPEN};
    const char *key = pgj_unsigned(&n, id);

    if (pg_joint_ask(p->joint, PGJ_OUTBOX_STATE,
                     "SELECT state FROM journal_submissions WHERE id = $1::bigint", 1,
                     (const char *[]){key}, take_state, &found, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint))
        return 0;
    if (!found.is_there)
        return journal_no_submission(id, e);
    if (found.state != SUBMISSION_OPEN)
        return journal_submission_has_ended(id, found.state, e);
    return pgj_run(p, PGJ_OUTBOX_END,
                   "UPDATE journal_submissions SET state = $2, success = $3::boolean, outcome = $4,"
                   " settled_at = $5::bigint WHERE id = $1::bigint",
                   5,
                   (const char *[]){key, submission_state_name(to), success ? "t" : "f", outcome,
                                    pgj_number(&n, now_ms)},
                   e);
}

/* ---- reading ---- */

struct walk {
    submission_fn *each;
    void *arg;
    int result;
};

static int give_submission(void *arg, const struct pg_row *row)
{
    struct walk *walk = arg;
    struct submission s = {.id = (uint64_t)pg_integer(row, 0, 0),
                           .state = SUBMISSION_OPEN,
                           .success = pg_boolean(row, 2),
                           .created_ms = pg_integer(row, 8, 0),
                           .settled_ms = pg_integer(row, 9, 0),
                           .outcome = pgj_text_at(row, 10),
                           .holds = pgj_text_at(row, 11),
                           .signature = pgj_text_at(row, 12)};

    (void)submission_state_parse(pgj_text_at(row, 1), &s.state);
    pg_copy(row, 3, s.plugin, sizeof s.plugin);
    pg_copy(row, 4, s.vault, sizeof s.vault);
    pg_copy(row, 5, s.executor, sizeof s.executor);
    pg_copy(row, 6, s.account, sizeof s.account);
    pg_copy(row, 7, s.digest, sizeof s.digest);
    s.bytes = from_hex(pgj_text_at(row, 13), &s.len);
    walk->result = walk->each(walk->arg, &s);
    free(s.bytes);
    return walk->result;
}

#define SELECT_ALL                                                                                 \
    "SELECT id, state, success, plugin, vault, executor, account, digest, created_at, settled_at," \
    " outcome, holds, signature, encode(bytes, 'hex') FROM journal_submissions"

int pgj_get_submission(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                       void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct walk walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                id != 0 ? SELECT_ALL " WHERE id = $1::bigint" : SELECT_ALL " WHERE digest = $1", 1,
                (const char *[]){id != 0 ? pgj_unsigned(&n, id) : digest}, give_submission, &walk,
                e) < 0)
        return -1;
    return walk.result;
}

/* The planner sees the values: open ones and an account's come from an index of their own. */
int pgj_list_submissions(struct journal *j, const struct submission_filter *filter,
                         submission_fn *each, void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct walk walk = {each, arg, 0};
    uint64_t last = filter->before - 1; /* 0: the greatest there is */
    const char *state =
        filter->state < 0 ? NULL : submission_state_name((enum submission_state)filter->state);

    if (pgj_ask(pgj_of(j),
                SELECT_ALL " WHERE ($1::text IS NULL OR state = $1)"
                           " AND ($2::text IS NULL OR account = $2)"
                           " AND ($3::text IS NULL OR vault = $3) AND id <= $4::bigint"
                           " ORDER BY id DESC LIMIT $5::bigint",
                5,
                (const char *[]){
                    state, filter->account, filter->vault,
                    pgj_unsigned(&n, last < INT64_MAX ? last : INT64_MAX),
                    pgj_unsigned(&n, filter->limit < INT32_MAX ? filter->limit : INT32_MAX)},
                give_submission, &walk, e) < 0)
        return -1;
    return walk.result;
}
