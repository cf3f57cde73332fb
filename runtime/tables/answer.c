#include "tables/answer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/value.h"
#include "tables/tables.h"

void answer_init(struct answer *a, const struct tables_limits *limits)
{
    *a = (struct answer){.limits = limits, .rows = json_array()};
    buf_init(&a->text, limits->answer_bytes);
}

void answer_release(struct answer *a)
{
    json_decref(a->rows);
    buf_release(&a->text);
}

int answer_check_names(const char *const *names, size_t count, struct error *e)
{
    if (count > ANSWER_COLUMNS)
        return error_set(e, ERROR_LIMIT, "expected at most %d columns in a result, got %zu",
                         ANSWER_COLUMNS, count);
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL || !text_is_utf8(names[i], strlen(names[i])))
            return error_set(e, ERROR_INVALID,
                             "column %zu of the result has a name that is no text", i + 1);
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                return error_set(e, ERROR_INVALID,
                                 "two columns of the result are named '%.60s': rename one (… AS "
                                 "name)",
                                 names[i]);
    }
    return 0;
}

int answer_add(struct answer *a, json_t *row, struct error *e)
{
    int result = 0;

    buf_clear(&a->text);
    if (json_array_size(a->rows) >= a->limits->rows)
        result =
            error_set(e, ERROR_LIMIT, "the answer has more than %zu rows; ask for fewer (LIMIT)",
                      a->limits->rows);
    else if (value_write(&a->text, row) < 0 || a->bytes + a->text.len + 1 > a->limits->answer_bytes)
        result = error_set(e, ERROR_LIMIT,
                           "the answer has more than %zu bytes; ask for fewer rows or columns",
                           a->limits->answer_bytes);
    if (result < 0) {
        json_decref(row);
        return -1;
    }
    a->bytes += a->text.len + 1;
    json_array_append_new(a->rows, row);
    return 0;
}

json_t *answer_take(struct answer *a)
{
    json_t *rows = a->rows;

    a->rows = NULL;
    return json_pack("{s:o}", "rows", rows);
}

json_t *answer_changed(long long count)
{
    return json_pack("{s:I}", "changed", (json_int_t)count);
}

json_t *answer_repeated(void)
{
    return json_pack("{s:i,s:b}", "changed", 0, "repeated", 1);
}

json_t *answer_text(const char *name, const char *text, size_t len, struct error *e)
{
    if (memchr(text, '\0', len) == NULL && text_is_utf8(text, len))
        return json_stringn(text, len);
    error_set(e, ERROR_INVALID, "column '%.60s' of the result: expected text, got one %s", name,
              memchr(text, '\0', len) ? "with a NUL" : "that is not UTF-8");
    return NULL;
}

json_t *answer_real(const char *name, double value, struct error *e)
{
    if (isfinite(value))
        return json_real(value == 0 ? 0.0 : value);
    error_set(e, ERROR_INVALID, "column '%.60s' of the result: expected a finite number, got %f",
              name, value);
    return NULL;
}

json_t *answer_json(const char *name, const char *text, size_t len, struct error *e)
{
    struct error why = ERROR_INIT;
    json_t *value = value_parse(text, len, TABLE_ANSWER_BYTES, &why);

    if (value == NULL)
        error_set(e, ERROR_INVALID, "column '%.60s' of the result: %s", name, why.message);
    return value;
}
