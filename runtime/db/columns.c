#include "db/columns.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"

static const struct column_spec *find(const struct column_spec *list, size_t count,
                                      const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static const char *null_text(bool nullable)
{
    return nullable ? "may be NULL" : "is NOT NULL";
}

static void compare(struct buf *out, const struct column_spec *expected,
                    const struct column_spec *found)
{
    const char *separator = out->len > 0 ? "; " : "";

    if (found == NULL)
        buf_addf(out, "%scolumn %s (%s) is missing", separator, expected->name, expected->type);
    else if (strcasecmp(expected->type, found->type) != 0)
        buf_addf(out, "%scolumn %s is %s, expected %s", separator, expected->name, found->type,
                 expected->type);
    else if (expected->nullable != found->nullable)
        buf_addf(out, "%scolumn %s %s, expected that it %s", separator, expected->name,
                 null_text(found->nullable), null_text(expected->nullable));
}

static int missing(const char *table, struct error *e)
{
    error_set(e, ERROR_STORE_SCHEMA,
              "table %s is missing, although schema_migrations says that it was made", table);
    error_hint(e, "restore it from a backup, or use an empty schema or database");
    return -1;
}

int columns_check(const char *table, const struct column_spec *expected, size_t expected_count,
                  const struct column_spec *found, size_t found_count, struct error *e)
{
    struct buf difference;
    int result = 0;

    if (found_count == 0)
        return missing(table, e);
    buf_init(&difference, 512);
    for (size_t i = 0; i < expected_count; i++)
        compare(&difference, &expected[i], find(found, found_count, expected[i].name));
    for (size_t i = 0; i < found_count; i++)
        if (find(expected, expected_count, found[i].name) == NULL)
            buf_addf(&difference, "%sunexpected column %s (%s)", difference.len > 0 ? "; " : "",
                     found[i].name, found[i].type);
    if (difference.len > 0 || difference.overflow) {
        result = error_set(e, ERROR_STORE_SCHEMA, "table %s is not the one orrery made: %s%s",
                           table, buf_text(&difference), difference.overflow ? " …" : "");
        error_hint(e, "it was left untouched: rename it, or use another schema or database");
    }
    buf_release(&difference);
    return result;
}
