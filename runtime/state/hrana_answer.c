#include "state/hrana_answer.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static int odd(struct error *e, const char *what)
{
    return error_set(e, ERROR_STORE_DOWN, "the server's answer is not Hrana's: %s", what);
}

/* ---- values ---- */

static const char *type_of(const json_t *value)
{
    const char *type = json_string_value(json_object_get(value, "type"));

    return type != NULL ? type : "";
}

static bool is_integer_text(const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t number;

    return text != NULL && strlen(text) == json_string_length(value) &&
           text_to_i64(text, &number) == 0;
}

static bool value_ok(const json_t *cell)
{
    const char *type = type_of(cell);
    const json_t *value = json_object_get(cell, "value");

    if (strcmp(type, "null") == 0)
        return true;
    if (strcmp(type, "integer") == 0)
        return is_integer_text(value);
    if (strcmp(type, "text") == 0)
        return json_is_string(value);
    if (strcmp(type, "float") == 0)
        return json_is_number(value);
    return strcmp(type, "blob") == 0 && json_is_string(json_object_get(cell, "base64"));
}

static bool row_ok(const json_t *row, size_t width)
{
    const json_t *cell;
    size_t i;

    if (!json_is_array(row) || json_array_size(row) != width)
        return false;
    json_array_foreach(row, i, cell)
    {
        if (!value_ok(cell))
            return false;
    }
    return true;
}

static bool step_ok(const json_t *step)
{
    const json_t *rows = json_object_get(step, "rows"), *row;
    const json_t *columns = json_object_get(step, "cols");
    size_t i;

    if (json_is_null(step))
        return true;
    if (!json_is_array(rows) || !json_is_array(columns))
        return false;
    json_array_foreach(rows, i, row)
    {
        if (!row_ok(row, json_array_size(columns)))
            return false;
    }
    return true;
}

static bool error_ok(const json_t *error)
{
    const json_t *code = json_object_get(error, "code");

    return json_is_string(json_object_get(error, "message")) &&
           (code == NULL || json_is_null(code) || json_is_string(code));
}

/* ---- the answer ---- */

static int check_steps(const struct hrana_answer *a, size_t count, struct error *e)
{
    if (!json_is_array(a->steps) || json_array_size(a->steps) != count ||
        !json_is_array(a->errors) || json_array_size(a->errors) != count)
        return odd(e, "there is not one result and one error per step");
    for (size_t i = 0; i < count; i++) {
        const json_t *step = json_array_get(a->steps, i), *error = json_array_get(a->errors, i);
        if (!step_ok(step))
            return odd(e, "a step's rows are malformed");
        if (!json_is_null(error) && !error_ok(error))
            return odd(e, "a step's error is malformed");
        if (!json_is_null(error) && !json_is_null(step))
            return odd(e, "a step has both rows and an error");
    }
    return 0;
}

static int read_batch(struct hrana_answer *a, size_t count, struct error *e)
{
    const json_t *first = json_array_get(json_object_get(a->root, "results"), 0), *result;

    if (strcmp(type_of(first), "error") == 0) {
        a->refusal = json_object_get(first, "error");
        return error_ok(a->refusal) ? 0 : odd(e, "its error is malformed");
    }
    if (strcmp(type_of(first), "ok") != 0)
        return odd(e, "it has no result of the batch");
    if (strcmp(type_of(json_object_get(first, "response")), "batch") != 0)
        return odd(e, "its result is not that of a batch");
    result = json_object_get(json_object_get(first, "response"), "result");
    a->steps = json_object_get(result, "step_results");
    a->errors = json_object_get(result, "step_errors");
    return check_steps(a, count, e);
}

/* A string of at most `max` bytes without NUL, or null. */
static int read_name(const json_t *root, const char *name, size_t max, const char **out,
                     struct error *e)
{
    const json_t *value = json_object_get(root, name);
    const char *text = json_string_value(value);

    if (value != NULL && !json_is_null(value) &&
        (text == NULL || strlen(text) != json_string_length(value) || strlen(text) > max))
        return error_set(e, ERROR_STORE_DOWN,
                         "the server's answer is not Hrana's: %s: expected null or a string of at "
                         "most %zu bytes",
                         name, max);
    *out = text;
    return 0;
}

int hrana_parse(struct hrana_answer *out, const char *text, size_t len, int steps, struct error *e)
{
    struct hrana_answer a = {.root = json_loadb(text, len, JSON_ALLOW_NUL, NULL)};
    int rc;

    if (!json_is_object(a.root))
        rc = odd(e, a.root == NULL ? "it is no JSON text" : "it is no JSON object");
    else if (read_name(a.root, "baton", HRANA_BATON_BYTES, &a.baton, e) < 0 ||
             read_name(a.root, "base_url", HRANA_BASE_URL_BYTES, &a.base_url, e) < 0)
        rc = -1;
    else
        rc = read_batch(&a, (size_t)steps, e);
    if (rc < 0)
        json_decref(a.root);
    else
        *out = a;
    return rc;
}

void hrana_answer_release(struct hrana_answer *answer)
{
    json_decref(answer->root);
    *answer = (struct hrana_answer){0};
}

/* ---- faults ---- */

static void read_fault(const json_t *error, int step, struct hrana_fault *out)
{
    const char *code = json_string_value(json_object_get(error, "code"));

    out->step = step;
    out->code = code != NULL ? code : "";
    out->message = json_string_value(json_object_get(error, "message"));
}

bool hrana_failed(const struct hrana_answer *a, struct hrana_fault *fault)
{
    const json_t *error;
    size_t i;

    if (a->refusal != NULL) {
        read_fault(a->refusal, -1, fault);
        return true;
    }
    json_array_foreach(a->errors, i, error)
    {
        if (json_is_null(error))
            continue;
        read_fault(error, (int)i, fault);
        return true;
    }
    return false;
}

static const json_t *step_at(const struct hrana_answer *a, int step)
{
    return step < 0 ? NULL : json_array_get(a->steps, (size_t)step);
}

bool hrana_executed(const struct hrana_answer *a, int step)
{
    return json_is_object(step_at(a, step));
}

/* ---- rows ---- */

static const json_t *cell_at(const struct hrana_answer *a, int step, size_t row, size_t column)
{
    const json_t *rows = json_object_get(step_at(a, step), "rows");

    return json_array_get(json_array_get(rows, row), column);
}

static const char *type_name(char wanted)
{
    return wanted == 't' ? "text" : "integer";
}

static int check_cell(const json_t *cell, char wanted, size_t column, struct error *e)
{
    const char *type = type_of(cell);

    if (strcmp(type, type_name(wanted)) == 0 || (wanted == 'I' && strcmp(type, "null") == 0))
        return 0;
    return error_set(e, ERROR_STORE_CORRUPT, "a row's column %zu: expected %s, got %s", column + 1,
                     type_name(wanted), type);
}

int hrana_expect(const struct hrana_answer *a, int step, const char *types, struct error *e)
{
    size_t width = strlen(types);

    if (!hrana_executed(a, step))
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the server neither executed nor refused a statement");
    if (json_array_size(json_object_get(step_at(a, step), "cols")) != width)
        return error_set(e, ERROR_STORE_CORRUPT, "rows of %zu columns, expected %zu",
                         json_array_size(json_object_get(step_at(a, step), "cols")), width);
    for (size_t row = 0; row < hrana_rows(a, step); row++)
        for (size_t column = 0; column < width; column++)
            if (check_cell(cell_at(a, step, row, column), types[column], column, e) < 0)
                return -1;
    return 0;
}

int hrana_expect_one(const struct hrana_answer *a, int step, const char *types, struct error *e)
{
    if (hrana_expect(a, step, types, e) < 0)
        return -1;
    if (hrana_rows(a, step) != 1)
        return error_set(e, ERROR_STORE_CORRUPT, "%zu rows, expected one", hrana_rows(a, step));
    return 0;
}

size_t hrana_rows(const struct hrana_answer *a, int step)
{
    return json_array_size(json_object_get(step_at(a, step), "rows"));
}

const char *hrana_text(const struct hrana_answer *a, int step, size_t row, size_t column,
                       size_t *len)
{
    const json_t *value = json_object_get(cell_at(a, step, row, column), "value");

    *len = json_string_length(value);
    return json_string_value(value);
}

int64_t hrana_integer(const struct hrana_answer *a, int step, size_t row, size_t column,
                      int64_t if_null)
{
    const json_t *cell = cell_at(a, step, row, column);
    int64_t value;

    if (strcmp(type_of(cell), "integer") != 0 ||
        text_to_i64(json_string_value(json_object_get(cell, "value")), &value) < 0)
        return if_null;
    return value;
}
