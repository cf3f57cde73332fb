/* schema_copy: a declaration of one's own. Private to tables/. */
#ifndef ORRERY_TABLES_SCHEMA_COPY_H
#define ORRERY_TABLES_SCHEMA_COPY_H

struct table_schema;

/* To be released with table_schema_release(). */
void schema_copy(struct table_schema *out, const struct table_schema *schema);

#endif
