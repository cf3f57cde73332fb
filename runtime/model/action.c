#include "model/action.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "model/action_fields.h"
#include "model/value.h"

/* The action being checked, for the beginning of its errors. */
struct subject {
    size_t index;     /* 0: not in a list */
    const char *kind; /* NULL: not known yet */
};

static int refuse(const struct subject *subject, struct error *e, enum error_code code,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "action 2 (mint_range): " and the message; just "mint_range: " outside of a list. */
static int refuse(const struct subject *subject, struct error *e, enum error_code code,
                  const char *format, ...)
{
    va_list arguments;
    char message[512];
    const char *kind = subject->kind;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (subject->index == 0)
        return error_set(e, code, "%s: %s", kind ? kind : "action", message);
    if (kind == NULL)
        return error_set(e, code, "action %zu: %s", subject->index, message);
    return error_set(e, code, "action %zu (%s): %s", subject->index, kind, message);
}

static int refuse_field(const struct subject *subject, const struct action_field *field,
                        const json_t *got, struct error *e)
{
    char described[160];

    if (got == NULL)
        return refuse(subject, e, ERROR_INVALID, "field '%s' is missing: expected %s", field->name,
                      field->expected);
    return refuse(subject, e, ERROR_INVALID, "field '%s': expected %s, got %s", field->name,
                  field->expected, value_describe(got, described, sizeof described));
}

/* "(did you mean 'x'?)", or the whole list when nothing is near. `names` ends with NULL. */
static void suggest(const char *word, const char *const *names, const char *what, char *out,
                    size_t size)
{
    const char *near = text_nearest(word, names);
    struct buf list;

    if (near != NULL) {
        snprintf(out, size, " (did you mean '%s'?)", near);
        return;
    }
    buf_init(&list, size - 1);
    for (size_t i = 0; names[i] != NULL; i++)
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    snprintf(out, size, "; the %s are: %s", what, buf_text(&list));
    buf_release(&list);
}

/* A foreign name, cut and inert. */
static char *show(const char *name, char *out, size_t size)
{
    struct buf text;

    buf_init(&text, size - 1);
    text_add_inert(&text, name, strlen(name), 40);
    snprintf(out, size, "%s", buf_text(&text));
    buf_release(&text);
    return out;
}

static int refuse_unknown_field(const struct subject *subject, const struct action_spec *spec,
                                const char *key, struct error *e)
{
    const char *names[ACTION_FIELDS_MAX + 1] = {NULL};
    char advice[256], shown[160];

    for (size_t i = 0; i < spec->field_count; i++)
        names[i] = spec->fields[i].name;
    if (spec->field_count == 0)
        snprintf(advice, sizeof advice, "; %s takes no fields", spec->name);
    else
        suggest(key, names, "fields", advice, sizeof advice);
    return refuse(subject, e, ERROR_INVALID, "unknown field '%s'%s", show(key, shown, sizeof shown),
                  advice);
}

static int parse_kind(const json_t *json, struct subject *subject, enum action_kind *kind,
                      struct error *e)
{
    const char *names[ACTION_KIND_COUNT + 1] = {NULL};
    const json_t *name = json_object_get(json, "kind");
    char advice[320], described[160];

    if (!json_is_object(json))
        return refuse(subject, e, ERROR_INVALID,
                      "expected an action (made by orrery.action), got %s",
                      value_describe(json, described, sizeof described));
    if (!json_is_string(name))
        return refuse(subject, e, ERROR_INVALID,
                      "field 'kind': expected the name of an action, got %s",
                      value_describe(name, described, sizeof described));
    if (strlen(json_string_value(name)) == json_string_length(name) &&
        action_kind_parse(json_string_value(name), kind) == 0) {
        subject->kind = action_spec(*kind)->name;
        return 0;
    }
    for (int i = 0; i < ACTION_KIND_COUNT; i++)
        names[i] = action_spec((enum action_kind)i)->name;
    suggest(json_string_value(name), names, "kinds", advice, sizeof advice);
    return refuse(subject, e, ERROR_INVALID, "unknown kind '%s'%s",
                  show(json_string_value(name), described, sizeof described), advice);
}

static int check_names(const json_t *json, const struct subject *subject,
                       const struct action_spec *spec, struct error *e)
{
    const char *key;
    const json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        bool known = strcmp(key, "kind") == 0;
        for (size_t i = 0; i < spec->field_count && !known; i++)
            known = strcmp(key, spec->fields[i].name) == 0;
        if (!known)
            return refuse_unknown_field(subject, spec, key, e);
    }
    return 0;
}

/* Rules between the fields of one action. */
static int check_together(const struct action *action, const struct subject *subject,
                          struct error *e)
{
    bool is_range = action->kind == ACTION_MINT_RANGE || action->kind == ACTION_REDEEM_RANGE;

    if (is_range && action->lower_strike >= action->higher_strike)
        return refuse(subject, e, ERROR_INVALID,
                      "field 'higher_strike': expected more than lower_strike (%llu), got %llu",
                      (unsigned long long)action->lower_strike,
                      (unsigned long long)action->higher_strike);
    return 0;
}

/* Only the kinds with free JSON in them can be too large. */
static int check_size(const struct action *action, const struct subject *subject, struct error *e)
{
    bool has_json = action->payload || action->type_arguments || action->arguments;
    struct buf text;
    int result;

    if (!has_json)
        return 0;
    buf_init(&text, LIMIT_ACTION_BYTES);
    result = value_write(&text, action->json);
    buf_release(&text);
    if (result < 0)
        return refuse(subject, e, ERROR_LIMIT,
                      "expected an action of at most %d bytes as JSON, got more",
                      LIMIT_ACTION_BYTES);
    return 0;
}

static int parse_fields(const json_t *json, const struct subject *subject, struct action *out,
                        struct error *e)
{
    const struct action_spec *spec = action_spec(out->kind);

    for (size_t i = 0; i < spec->field_count; i++) {
        const struct action_field *field = &spec->fields[i];
        const json_t *value = json_object_get(json, field->name);
        if (value == NULL && !field->required)
            continue;
        if (value == NULL || action_field_read(field, value, out) < 0)
            return refuse_field(subject, field, value, e);
    }
    if (check_together(out, subject, e) < 0)
        return -1;
    return check_size(out, subject, e);
}

int action_parse(const json_t *json, size_t index, struct action *out, struct error *e)
{
    struct subject subject = {.index = index};
    struct action action = {0};

    if (parse_kind(json, &subject, &action.kind, e) < 0 ||
        check_names(json, &subject, action_spec(action.kind), e) < 0)
        return -1;
    action.json = json_object();
    json_object_set_new_nocheck(action.json, "kind", json_string(subject.kind));
    if (parse_fields(json, &subject, &action, e) < 0) {
        action_release(&action);
        return -1;
    }
    *out = action;
    return 0;
}

void action_release(struct action *action)
{
    json_decref(action->json);
    memset(action, 0, sizeof *action);
}

int action_list_parse(const json_t *array, struct action_list *out, struct error *e)
{
    size_t count = json_array_size(array);
    char described[160];

    if (!json_is_array(array))
        return error_set(e, ERROR_INVALID, "expected an array of 1 to %d actions, got %s",
                         LIMIT_ACTIONS, value_describe(array, described, sizeof described));
    if (count == 0)
        return error_set(
            e, ERROR_INVALID,
            "expected 1 to %d actions, got none (return action.noop(reason) to do nothing)",
            LIMIT_ACTIONS);
    if (count > LIMIT_ACTIONS)
        return error_set(e, ERROR_LIMIT, "expected at most %d actions, got %zu", LIMIT_ACTIONS,
                         count);
    for (size_t i = 0; i < count; i++) {
        if (action_parse(json_array_get(array, i), i + 1, &out->items[i], e) == 0)
            continue;
        out->count = i;
        action_list_release(out);
        return -1;
    }
    out->count = count;
    return 0;
}

void action_list_release(struct action_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        action_release(&list->items[i]);
    list->count = 0;
}
