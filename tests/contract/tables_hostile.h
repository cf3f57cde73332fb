/* tables_hostile: the attempts of tables_rules_hostile.c. */
#ifndef ORRERY_TESTS_TABLES_HOSTILE_H
#define ORRERY_TESTS_TABLES_HOSTILE_H

#include <stddef.h>

struct tables_attempt {
    enum { ATTEMPT_CALL, ATTEMPT_QUERY, ATTEMPT_EXEC } how;
    const char *text; /* the call as JSON with ' for ", or the SQL */
    const char *params;
    const char *expected; /* "CODE: message", or its beginning and '*' */
};

extern const struct tables_attempt tables_attempts_common[], tables_attempts_sqlite[],
    tables_attempts_postgres[];
extern const size_t tables_attempt_common_count, tables_attempt_sqlite_count,
    tables_attempt_postgres_count;

#endif
