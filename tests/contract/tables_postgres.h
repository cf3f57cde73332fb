/* tables_postgres: what the rules that are about PostgreSQL alone need of the server. */
#ifndef ORRERY_TESTS_TABLES_POSTGRES_H
#define ORRERY_TESTS_TABLES_POSTGRES_H

struct error;
struct table_schema;
struct tables;
struct tables_limits;

#define TABLES_PG_PASSWORD "the password of the desk"

/* As the superuser; the first column of the last row, free() it. */
char *tables_postgres_sql(const char *sql);

/* The server dies and recovers; all connections are lost. */
void tables_postgres_crash(void);

/* The schema of a plugin, the newest if there are several; free() it. */
char *tables_postgres_schema(const char *plugin);

int tables_postgres_open_as(void *where, const char *user, const char *secret, const char *plugin,
                            const struct table_schema *schema, const struct tables_limits *limits,
                            struct tables **out, struct error *e);

#endif
