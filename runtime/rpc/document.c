#include "rpc/document.h"

#include <string.h>

#include "rpc/field.h"
#include "rpc/reject.h"

/* The parser calls itself once per level: so the depth is looked at before. */
static bool too_deep(const char *text, size_t len)
{
    bool quoted = false;
    size_t depth = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > DOCUMENT_DEPTH)
            return true;
    }
    return false;
}

/* Codes with which the service blames the question. */
static bool blames_us(const json_t *error)
{
    static const char *const codes[] = {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED",
                                        "GRAPHQL_VALIDATION_FAILED"};
    const char *code =
        json_string_value(json_object_get(json_object_get(error, "extensions"), "code"));

    for (size_t i = 0; code != NULL && i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static int read_errors(const json_t *list, struct fault *out, struct fault *f)
{
    const json_t *error;
    const char *text;
    size_t i;

    out->kind = FAULT_ERRORS;
    out->ours = out->rejected = true;
    json_array_foreach(list, i, error)
    {
        if (!json_is_object(error) || field_text(error, "message", &text, f) != 0)
            return fault_garbage(f, "the answer's errors are not errors of GraphQL");
        out->ours = out->ours && (blames_us(error) || reject_known(text));
        out->rejected = out->rejected && reject_known(text);
        if (i > 0)
            continue;
        out->rejection = reject_reason(text);
        fault_say(out->text, sizeof out->text, text, strlen(text));
    }
    return 0;
}

static int read_parts(struct document *d, struct fault *f)
{
    const json_t *errors = json_object_get(d->root, "errors");
    struct fault none = {.kind = FAULT_NONE};
    json_t *list;

    d->errors = none;
    if (field_object_or(d->root, "data", &d->data, f) != 0)
        return -1;
    if (errors == NULL || json_is_null(errors))
        return 0;
    if (field_list(d->root, "errors", DOCUMENT_ERRORS, &list, f) != 0)
        return -1;
    return json_array_size(list) > 0 ? read_errors(list, &d->errors, f) : 0;
}

int document_open(struct document *d, const char *text, size_t len, struct fault *f)
{
    json_error_t why;

    if (len > RPC_ANSWER_BYTES)
        return fault_garbage(f, "the answer is larger than %d bytes", RPC_ANSWER_BYTES);
    if (too_deep(text, len))
        return fault_garbage(f, "the answer is nested more than %d deep", DOCUMENT_DEPTH);
    d->root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (d->root == NULL)
        return fault_garbage(f, "the answer is not JSON: %s", why.text);
    if (json_is_object(d->root) && read_parts(d, f) == 0)
        return 0;
    fault_garbage(f, "the answer is not an object");
    document_close(d);
    return -1;
}

int document_open_whole(struct document *d, const char *text, size_t len, struct fault *f)
{
    if (document_open(d, text, len, f) != 0)
        return -1;
    if (d->errors.kind == FAULT_NONE && d->data != NULL)
        return 0;
    if (d->errors.kind != FAULT_NONE && f != NULL && f->kind == FAULT_NONE)
        *f = d->errors;
    fault_garbage(f, "the answer has neither data nor errors");
    document_close(d);
    return -1;
}

void document_close(struct document *d)
{
    json_decref(d->root);
    d->root = NULL;
}
