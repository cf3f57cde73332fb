/* Rows for bulk statements, and sets of ids. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/postgres_array.h"
#include "journal/journal_postgres_store.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

void pgj_batch_init(struct pgj_batch *b, int id, const char *sql, int columns)
{
    *b = (struct pgj_batch){.id = id, .sql = sql, .columns = columns};
    for (int i = 0; i < columns; i++)
        pg_array_begin(&b->arrays[i]);
}

void pgj_batch_release(struct pgj_batch *b)
{
    for (int i = 0; i < b->columns; i++)
        buf_release(&b->arrays[i]);
}

void pgj_batch_clear(struct pgj_batch *b)
{
    for (int i = 0; i < b->columns; i++) {
        buf_clear(&b->arrays[i]);
        buf_add_char(&b->arrays[i], '{');
    }
    b->rows = 0;
    b->at = 0;
}

size_t pgj_batch_bytes(const struct pgj_batch *b)
{
    size_t bytes = 0;

    for (int i = 0; i < b->columns; i++)
        bytes += b->arrays[i].len;
    return bytes;
}

/* ---- one row ---- */

static struct buf *next_column(struct pgj_batch *b)
{
    return &b->arrays[b->at++];
}

/* How many bytes at `text` are one character; 0: none. */
static size_t character(const char *text, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (text_is_utf8(text, n))
            return n;
    return 0;
}

static void add_mended(struct buf *array, const char *text, size_t len)
{
    struct buf mended;

    buf_init(&mended, PG_ARRAY_BYTES);
    while (len > 0) {
        size_t n = character(text, len);
        if (n > 0)
            buf_add(&mended, text, n);
        else
            buf_add_str(&mended, REPLACEMENT);
        n = n > 0 ? n : 1;
        text += n;
        len -= n;
    }
    pg_array_text(array, buf_text(&mended), mended.len);
    buf_release(&mended);
}

void pgj_add_text(struct pgj_batch *b, const char *text)
{
    struct buf *array = next_column(b);
    size_t len = text != NULL ? strlen(text) : 0;

    if (text == NULL)
        pg_array_null(array);
    else if (text_is_utf8(text, len))
        pg_array_text(array, text, len);
    else
        add_mended(array, text, len);
}

void pgj_add_absent(struct pgj_batch *b, const char *text)
{
    pgj_add_text(b, text != NULL && text[0] != '\0' ? text : NULL);
}

void pgj_add_integer(struct pgj_batch *b, int64_t value)
{
    pg_array_integer(next_column(b), value);
}

void pgj_add_nonzero(struct pgj_batch *b, int64_t value)
{
    struct buf *array = next_column(b);

    if (value == 0)
        pg_array_null(array);
    else
        pg_array_integer(array, value);
}

void pgj_add_u64(struct pgj_batch *b, uint64_t value)
{
    struct buf *array = next_column(b);

    buf_addf(array, "%s%" PRIu64, array->len > 1 ? "," : "", value);
}

void pgj_add_boolean(struct pgj_batch *b, bool value)
{
    struct buf *array = next_column(b);

    buf_addf(array, "%s%c", array->len > 1 ? "," : "", value ? 't' : 'f');
}

void pgj_row_end(struct pgj_batch *b)
{
    b->rows++;
    b->at = 0;
}

int pgj_batch_send(struct pgj_batch *b, struct pg_session *s, struct error *e)
{
    const char *values[PGJ_COLUMNS];
    int result;

    if (b->rows == 0)
        return 0;
    for (int i = 0; i < b->columns; i++) {
        pg_array_end(&b->arrays[i]);
        values[i] = buf_text(&b->arrays[i]);
    }
    result = pg_send(s, b->id, b->sql, b->columns, values, e);
    pgj_batch_clear(b);
    return result;
}

/* ---- sets of ids: open addressing, at most half full ---- */

static size_t place_of(const struct pgj_ids *set, uint64_t id)
{
    size_t at = (size_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (set->room - 1);

    while (set->slots[at] != 0 && set->slots[at] != id)
        at = (at + 1) & (set->room - 1);
    return at;
}

static void grow(struct pgj_ids *set)
{
    struct pgj_ids wide = {.room = set->room ? 2 * set->room : 64};

    wide.slots = mem_zero(wide.room, sizeof *wide.slots);
    for (size_t i = 0; i < set->room; i++)
        if (set->slots[i] != 0)
            wide.slots[place_of(&wide, set->slots[i])] = set->slots[i];
    wide.count = set->count;
    free(set->slots);
    *set = wide;
}

void pgj_ids_add(struct pgj_ids *set, uint64_t id)
{
    size_t at;

    if (2 * (set->count + 1) > set->room)
        grow(set);
    at = place_of(set, id);
    set->count += set->slots[at] == 0;
    set->slots[at] = id;
}

bool pgj_ids_has(const struct pgj_ids *set, uint64_t id)
{
    return id != 0 && set->count > 0 && set->slots[place_of(set, id)] == id;
}

/* What stands behind the gap, up to the next one, may have to move. */
void pgj_ids_remove(struct pgj_ids *set, uint64_t id)
{
    size_t at;

    if (!pgj_ids_has(set, id))
        return;
    at = place_of(set, id);
    set->slots[at] = 0;
    set->count--;
    for (at = (at + 1) & (set->room - 1); set->slots[at] != 0; at = (at + 1) & (set->room - 1)) {
        uint64_t moved = set->slots[at];
        set->slots[at] = 0;
        set->slots[place_of(set, moved)] = moved;
    }
}

void pgj_ids_clear(struct pgj_ids *set)
{
    free(set->slots);
    *set = (struct pgj_ids){0};
}
