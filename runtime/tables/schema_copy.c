#include "tables/schema_copy.h"

#include <string.h>

#include "base/mem.h"
#include "model/table.h"

static void *copy(const void *data, size_t count, size_t size)
{
    void *out = count ? mem_zero(count, size) : NULL;

    if (count > 0)
        memcpy(out, data, count * size);
    return out;
}

void schema_copy(struct table_schema *out, const struct table_schema *schema)
{
    out->count = schema->count;
    out->tables = copy(schema->tables, schema->count, sizeof *schema->tables);
    for (size_t i = 0; i < schema->count; i++) {
        struct table *t = &out->tables[i];
        t->columns = copy(t->columns, t->column_count, sizeof *t->columns);
        t->indexes = copy(t->indexes, t->index_count, sizeof *t->indexes);
        for (size_t c = 0; c < t->column_count; c++)
            json_incref(t->columns[c].by_default);
    }
}
