#include "cli/diff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

/* ---- lines ---- */

struct line {
    const char *text; /* with its newline, if it has one */
    size_t len;
};

struct lines {
    struct line *items;
    size_t count;
    bool *changed; /* removed, or added */
};

static size_t count_lines(const struct diff_side *side)
{
    size_t count = 0;

    for (size_t i = 0; i < side->len; i++)
        count += side->text[i] == '\n';
    return count + (side->len > 0 && side->text[side->len - 1] != '\n');
}

static int split(const struct diff_side *side, struct lines *out, struct error *e)
{
    size_t count = side->text != NULL ? count_lines(side) : 0, at = 0;

    if (count > DIFF_LINES)
        return error_set(e, ERROR_LIMIT, "%s has %zu lines: more than %d are not compared",
                         side->name, count, DIFF_LINES);
    out->count = count;
    out->items = mem_zero(count + 1, sizeof *out->items);
    out->changed = mem_zero(count + 1, sizeof *out->changed);
    for (size_t i = 0; i < count; i++) {
        const char *end = memchr(side->text + at, '\n', side->len - at);
        size_t len = end != NULL ? (size_t)(end - side->text) + 1 - at : side->len - at;
        out->items[i] = (struct line){side->text + at, len};
        at += len;
    }
    return 0;
}

static void release(struct lines *lines)
{
    free(lines->items);
    free(lines->changed);
}

static bool same(const struct line *a, const struct line *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* ---- the fewest edits ---- */

/* The middle that differs: `n` lines of one from `a` on, `m` of the other from `b` on. */
struct middle {
    struct lines *before, *after;
    size_t a, b;
    long n, m;
};

/* How far one comes along diagonal `k` (x - y) with `d` edits, for all d: `reach[d]` has the
 * diagonals -d … d. */
struct reach {
    long **rows;
    long count;
};

static void release_reach(struct reach *r)
{
    for (long d = 0; d < r->count; d++)
        free(r->rows[d]);
    free(r->rows);
}

static long reached(const struct reach *r, long d, long k)
{
    return r->rows[d][k + d];
}

/* Whether one comes to diagonal `k` from above (a line added) rather than from the left. */
static bool goes_down(const struct reach *r, long d, long k)
{
    return k == -d || (k != d && reached(r, d - 1, k - 1) < reached(r, d - 1, k + 1));
}

static long slide(const struct middle *q, long x, long k)
{
    while (x < q->n && x - k < q->m &&
           same(&q->before->items[q->a + (size_t)x], &q->after->items[q->b + (size_t)(x - k)]))
        x++;
    return x;
}

/* One more edit. True: the end has been reached. */
static bool advance(const struct middle *q, struct reach *r)
{
    long d = r->count++;
    long *row = r->rows[d] = mem_zero((size_t)(2 * d + 1), sizeof *row);

    for (long k = -d; k <= d; k += 2) {
        long x = 0;
        if (d > 0)
            x = goes_down(r, d, k) ? reached(r, d - 1, k + 1) : reached(r, d - 1, k - 1) + 1;
        if (x > q->n || x - k > q->m) { /* outside: as far as the edge, so that nobody goes on */
            row[k + d] = x;
            continue;
        }
        row[k + d] = slide(q, x, k);
        if (row[k + d] >= q->n && row[k + d] - k >= q->m)
            return true;
    }
    return false;
}

/* From the end back to the beginning, marking what was removed and added. */
static void mark(const struct middle *q, const struct reach *r)
{
    long k = q->n - q->m;

    for (long d = r->count - 1; d > 0; d--) {
        bool down = goes_down(r, d, k);
        long before = down ? k + 1 : k - 1, x = reached(r, d - 1, before);
        if (down)
            q->after->changed[q->b + (size_t)(x - before)] = true;
        else
            q->before->changed[q->a + (size_t)x] = true;
        k = before;
    }
}

static void mark_all(const struct middle *q)
{
    for (long i = 0; i < q->n; i++)
        q->before->changed[q->a + (size_t)i] = true;
    for (long i = 0; i < q->m; i++)
        q->after->changed[q->b + (size_t)i] = true;
}

static void compare(struct lines *before, struct lines *after)
{
    struct middle q = {.before = before, .after = after};
    struct reach r = {0};
    size_t n = before->count, m = after->count;
    bool done = false;

    while (q.a < n && q.a < m && same(&before->items[q.a], &after->items[q.a]))
        q.a++;
    q.b = q.a;
    while (n > q.a && m > q.b && same(&before->items[n - 1], &after->items[m - 1])) {
        n--;
        m--;
    }
    q.n = (long)(n - q.a);
    q.m = (long)(m - q.b);
    r.rows = mem_zero(DIFF_EDITS + 1, sizeof *r.rows);
    while (!done && r.count <= DIFF_EDITS)
        done = advance(&q, &r);
    if (done)
        mark(&q, &r);
    else
        mark_all(&q);
    release_reach(&r);
}

/* ---- printing ---- */

struct printing {
    struct buf *out;
    const struct lines *before, *after;
    struct diff_counts counts;
};

static void put_line(struct printing *p, char sign, const struct line *line)
{
    p->counts.added += sign == '+';
    p->counts.removed += sign == '-';
    buf_add_char(p->out, sign);
    buf_add(p->out, line->text, line->len);
    if (line->len == 0 || line->text[line->len - 1] != '\n')
        buf_add_str(p->out, "\n\\ No newline at end of file\n");
}

/* "12,7": where `count` lines from `from` on are. */
static void put_range(struct printing *p, char sign, size_t from, size_t count)
{
    buf_addf(p->out, " %c%zu", sign, count > 0 ? from + 1 : from);
    if (count != 1)
        buf_addf(p->out, ",%zu", count);
}

/* Lines [a, a_end) and [b, b_end) as one hunk. */
static void put_hunk(struct printing *p, size_t a, size_t a_end, size_t b, size_t b_end)
{
    buf_add_str(p->out, "@@");
    put_range(p, '-', a, a_end - a);
    put_range(p, '+', b, b_end - b);
    buf_add_str(p->out, " @@\n");
    while (a < a_end || b < b_end) {
        while (a < a_end && p->before->changed[a])
            put_line(p, '-', &p->before->items[a++]);
        while (b < b_end && p->after->changed[b])
            put_line(p, '+', &p->after->items[b++]);
        if (a < a_end) {
            put_line(p, ' ', &p->before->items[a++]);
            b++;
        }
    }
}

/* Moves both on over what changed at (a, b). */
static void skip_changes(const struct printing *p, size_t *a, size_t *b)
{
    while (*a < p->before->count && p->before->changed[*a])
        (*a)++;
    while (*b < p->after->count && p->after->changed[*b])
        (*b)++;
}

static bool is_change(const struct printing *p, size_t a, size_t b)
{
    return (a < p->before->count && p->before->changed[a]) ||
           (b < p->after->count && p->after->changed[b]);
}

/* The end of the hunk whose first change is at (*a, *b): behind the last change that is followed by
 * more than two contexts of equal lines. */
static void find_end(const struct printing *p, size_t *a, size_t *b)
{
    size_t x, y, equal = 0;

    skip_changes(p, a, b);
    for (x = *a, y = *b; x < p->before->count && y < p->after->count; x++, y++) {
        if (is_change(p, x, y)) {
            skip_changes(p, &x, &y);
            *a = x;
            *b = y;
            equal = 0;
            if (x >= p->before->count || y >= p->after->count)
                break;
        }
        if (++equal > 2 * DIFF_CONTEXT)
            break;
    }
    if (is_change(p, x, y) && equal <= 2 * DIFF_CONTEXT) {
        skip_changes(p, &x, &y);
        *a = x;
        *b = y;
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void put_hunks(struct printing *p)
{
    size_t a = 0, b = 0;

    while (a < p->before->count || b < p->after->count) {
        size_t lead = least(DIFF_CONTEXT, least(a, b)), from_a = a - lead, from_b = b - lead, rest;
        if (!is_change(p, a, b)) {
            a++;
            b++;
            continue;
        }
        find_end(p, &a, &b);
        rest = least(DIFF_CONTEXT, least(p->before->count - a, p->after->count - b));
        put_hunk(p, from_a, a + rest, from_b, b + rest);
    }
}

static bool differs(const struct diff_side *a, const struct diff_side *b)
{
    return (a->text == NULL) != (b->text == NULL) || a->len != b->len ||
           (a->len > 0 && memcmp(a->text, b->text, a->len) != 0);
}

static int print(struct printing *p, const struct diff_side *before, const struct diff_side *after,
                 struct error *e)
{
    buf_addf(p->out, "--- %s\n", before->text != NULL ? before->name : "/dev/null");
    buf_addf(p->out, "+++ %s\n", after->text != NULL ? after->name : "/dev/null");
    put_hunks(p);
    if (p->out->overflow)
        return error_set(e, ERROR_LIMIT, "the difference of %s is larger than %zu bytes",
                         after->name, p->out->max);
    return 0;
}

int diff_unified(struct buf *out, const struct diff_side *before, const struct diff_side *after,
                 struct diff_counts *counts, struct error *e)
{
    struct lines old = {0}, new = {0};
    struct printing p = {.out = out, .before = &old, .after = &new};
    int result = 0;

    if (differs(before, after)) {
        result = split(before, &old, e) < 0 || split(after, &new, e) < 0 ? -1 : 0;
        if (result == 0) {
            compare(&old, &new);
            result = print(&p, before, after, e);
        }
    }
    release(&old);
    release(&new);
    if (result == 0)
        *counts = p.counts;
    return result;
}
