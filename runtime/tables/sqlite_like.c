#include "tables/sqlite_like.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tables/sqlite_guard.h"

#define STEPS 65536 /* between two looks at the clock */

struct match {
    struct sqlite_guard *guard;
    const unsigned char *text, *text_end, *pattern, *pattern_end;
    unsigned escape; /* a character; 0: none */
    unsigned steps;
    bool ended; /* by the guard */
};

static unsigned small(unsigned c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* The character at `at`, which moves past it. Bytes that are no UTF-8 are something, whatever. */
static unsigned next(const unsigned char **at, const unsigned char *end)
{
    unsigned c = *(*at)++;

    if (c < 0xc0)
        return c;
    while (*at < end && (**at & 0xc0) == 0x80)
        c = c << 6 | (*(*at)++ & 0x3f);
    return c;
}

#define NO_CHARACTER 0xffffffffu /* what an escape of nothing stands for: it fits nowhere */

enum piece { PIECE_END, PIECE_ANY, PIECE_ONE, PIECE_THIS };

static enum piece next_piece(const struct match *m, const unsigned char **at, unsigned *c)
{
    if (*at >= m->pattern_end)
        return PIECE_END;
    *c = next(at, m->pattern_end);
    if (m->escape != 0 && *c == m->escape) {
        *c = *at < m->pattern_end ? next(at, m->pattern_end) : NO_CHARACTER;
        return PIECE_THIS;
    }
    return *c == '%' ? PIECE_ANY : *c == '_' ? PIECE_ONE : PIECE_THIS;
}

static bool goes_on(struct match *m)
{
    if (++m->steps % STEPS == 0 && sqlite_guard_look(m->guard))
        m->ended = true;
    return !m->ended;
}

/* Whether `piece` takes the character at `*text`, which moves past it then. */
static bool takes(const struct match *m, enum piece piece, unsigned c, const unsigned char **text)
{
    const unsigned char *after = *text;
    unsigned found;

    if (piece == PIECE_END || after >= m->text_end)
        return false;
    found = next(&after, m->text_end);
    if (piece == PIECE_THIS && small(found) != small(c))
        return false;
    *text = after;
    return true;
}

/* What follows the last % is tried at every character after it; earlier ones need not be. */
static bool is_like(struct match *m)
{
    const unsigned char *text = m->text, *pattern = m->pattern;
    const unsigned char *again_text = NULL, *again_pattern = NULL;

    while (goes_on(m)) {
        unsigned c = 0;
        enum piece piece = next_piece(m, &pattern, &c);
        if (piece == PIECE_ANY) {
            again_pattern = pattern;
            again_text = text;
        } else if (piece == PIECE_END && text == m->text_end) {
            return true;
        } else if (!takes(m, piece, c, &text)) {
            if (again_pattern == NULL || again_text >= m->text_end)
                return false;
            next(&again_text, m->text_end);
            pattern = again_pattern;
            text = again_text;
        }
    }
    return false;
}

static int read_escape(struct match *m, sqlite3_value *value)
{
    const unsigned char *at = sqlite3_value_text(value), *end;

    if (at == NULL)
        return 0;
    end = at + sqlite3_value_bytes(value);
    if (at < end)
        m->escape = next(&at, end);
    return m->escape != 0 && at == end ? 0 : -1;
}

/* like(pattern, text, escape?) */
static void like(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct match m = {.guard = sqlite3_user_data(context)};
    bool result;

    m.pattern = sqlite3_value_text(values[0]);
    m.text = sqlite3_value_text(values[1]);
    if (m.pattern == NULL || m.text == NULL)
        return;
    m.pattern_end = m.pattern + sqlite3_value_bytes(values[0]);
    m.text_end = m.text + sqlite3_value_bytes(values[1]);
    if (count == 3 && read_escape(&m, values[2]) < 0) {
        sqlite3_result_error(context, "ESCAPE expression must be a single character", -1);
        return;
    }
    if (count == 3 && m.escape == 0)
        return;
    result = is_like(&m);
    if (m.ended)
        sqlite3_result_error(context, "interrupted", -1);
    else
        sqlite3_result_int(context, result);
}

int sqlite_like_replace(sqlite3 *handle, struct sqlite_guard *guard, struct error *e)
{
    for (int arguments = 2; arguments <= 3; arguments++)
        if (sqlite3_create_function_v2(handle, "like", arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, guard,
                                       like, NULL, NULL, NULL) != SQLITE_OK)
            return error_set(e, ERROR_INTERNAL, "SQLite does not take the function like");
    return 0;
}
