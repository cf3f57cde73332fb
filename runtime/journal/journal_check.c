#include "journal/journal_check.h"

#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/text.h"
#include "journal/journal_parts.h"
#include "model/value.h"

int journal_check_open(const struct journal *j, struct error *e)
{
    if (j->open)
        return 0;
    return error_set(e, ERROR_INTERNAL, "a write to the journal outside of a transaction");
}

/* Ids are positive 63-bit integers (base/id.h). */
int journal_check_id(uint64_t id, const char *plugin, struct error *e)
{
    if (id == 0 || id > INT64_MAX)
        return error_set(e, ERROR_INTERNAL, "an impossible run id, %llu", (unsigned long long)id);
    if (plugin[0] == '\0')
        return error_set(e, ERROR_INTERNAL, "a run without a plugin");
    return 0;
}

int journal_check_known(uint64_t id, struct error *e)
{
    return id > 0 && id <= INT64_MAX ? 0 : journal_no_run(id, e);
}

int journal_check_text(const char *what, const char *text, size_t max, struct error *e)
{
    size_t length;

    if (text == NULL)
        return error_set(e, ERROR_INVALID, "expected %s, got nothing", what);
    length = strlen(text);
    if (length > max)
        return error_set(e, ERROR_LIMIT, "%s has %zu bytes: at most %zu are kept", what, length,
                         max);
    if (!text_is_utf8(text, length))
        return error_set(e, ERROR_INVALID, "expected %s in UTF-8, got bytes that are not", what);
    return 0;
}

int journal_check_json(const char *what, const char *text, enum json_wanted wanted, struct error *e)
{
    char came[128];
    json_t *value;
    int rc = 0;

    if (text == NULL)
        return error_set(e, ERROR_INVALID, "expected JSON as %s, got nothing", what);
    value = value_parse(text, strlen(text), RUN_JSON_BYTES, e);
    if (value == NULL) {
        error_prefix(e, "%s: ", what);
        return -1;
    }
    if (wanted == JSON_OBJECT_WANTED && !json_is_object(value))
        rc = error_set(e, ERROR_INVALID, "expected a JSON object as %s, got %s", what,
                       value_describe(value, came, sizeof came));
    json_decref(value);
    return rc;
}

int journal_check_digest(const char *what, const char *digest, struct error *e)
{
    if (digest != NULL && strlen(digest) == DIGEST_TEXT_SIZE - 1 &&
        strspn(digest, "0123456789abcdef") == DIGEST_TEXT_SIZE - 1)
        return 0;
    return error_set(e, ERROR_INVALID, "expected a digest of 32 hex digits as %s, got '%.40s'",
                     what, digest ? digest : "");
}
