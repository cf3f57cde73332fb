/*
 * A plugin that tries everything to get out of its tables. Every attempt is refused in its own
 * words, and afterwards a bystander's tables, orrery's own and the files are as before, and the
 * handle works.
 */
#include <dirent.h>

#include "base/mem.h"
#include "contract/tables_hostile.h"
#include "contract/tables_postgres.h"
#include "contract/tables_suite.h"

#define BYSTANDER                                                                                  \
    "{'prices': {'columns': {'secret': 'text'}}, 'theirs': {'columns': {'s': 'text'}}}"

struct scene {
    struct tables *bystander;
    char *before; /* everything that must not change */
};

/* ---- what must not change ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the files, sorted. */
static char *files_of(const char *folder)
{
    char *names[64], *out = mem_zero(4096, 1);
    size_t count = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL && count < 64)
        names[count++] = mem_strdup(entry->d_name);
    closedir(dir);
    qsort(names, count, sizeof names[0], by_name);
    for (size_t i = 0; i < count; i++) {
        snprintf(out + strlen(out), 4096 - strlen(out), "%s\n", names[i]);
        free(names[i]);
    }
    return out;
}

static const char postgres_everything[] =
    "SELECT concat_ws('|', (SELECT string_agg(value, ',') FROM public.plugin_state),"
    " (SELECT string_agg(nspname || '.' || relname, ',' ORDER BY nspname, relname) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname NOT LIKE 'pg\\_%'),"
    " (SELECT string_agg(rolname || rolsuper || rolcreaterole || rolcanlogin, ',' ORDER BY rolname)"
    " FROM pg_roles), (SELECT count(*) FROM pg_largeobject_metadata),"
    " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),"
    " (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname NOT LIKE"
    " 'pg\\_%'), (SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_file_settings),"
    " (SELECT count(*) FROM pg_prepared_xacts), (SELECT count(*) FROM pg_proc))";

static char *everything(struct scene *scene)
{
    char *rows = suite_query(scene->bystander, "SELECT secret FROM prices", NULL);
    char *theirs = suite_query(scene->bystander, "SELECT s FROM theirs", NULL);
    char *rest = suite.backend->is_postgres ? tables_postgres_sql(postgres_everything)
                                            : files_of(suite.where);
    size_t size = strlen(rows) + strlen(theirs) + strlen(rest) + 3;
    char *out = mem_alloc(size);

    snprintf(out, size, "%s\n%s\n%s", rows, theirs, rest);
    free(rows);
    free(theirs);
    free(rest);
    return out;
}

static void set_the_scene(struct scene *scene)
{
    scene->bystander = suite_open("by", BYSTANDER);
    suite_expect(suite_exec(scene->bystander, "INSERT INTO prices (secret) VALUES ('hush')", NULL),
                 "{\"changed\":1}", __FILE__, __LINE__);
    if (suite.backend->is_postgres)
        free(tables_postgres_sql("DROP TABLE IF EXISTS public.plugin_state;"
                                 "CREATE TABLE public.plugin_state(value text);"
                                 "INSERT INTO public.plugin_state VALUES ('state of orrery');"
                                 "GRANT SELECT ON public.plugin_state TO PUBLIC"));
    EXEC("INSERT INTO log (n, line) VALUES (1, 'mine')", NULL, "{\"changed\":1}");
    scene->before = everything(scene);
}

static void strike_the_scene(struct scene *scene)
{
    free(scene->before);
    tables_close(scene->bystander);
    if (suite.backend->is_postgres)
        free(tables_postgres_sql("DROP TABLE public.plugin_state"));
}

/* ---- attempts ---- */

static char *attempt(const struct tables_attempt *a)
{
    if (a->how == ATTEMPT_QUERY)
        return suite_query(suite.t, a->text, a->params);
    if (a->how == ATTEMPT_EXEC)
        return suite_exec(suite.t, a->text, a->params);
    return suite_call(suite.t, a->text);
}

static bool is_as_expected(const char *got, const char *expected)
{
    size_t len = strlen(expected);

    if (len > 0 && expected[len - 1] == '*')
        return strncmp(got, expected, len - 1) == 0;
    return strcmp(got, expected) == 0;
}

/* "" or what is wrong; free() it. */
static char *aftermath(struct scene *scene)
{
    char *after = everything(scene), *out = mem_strdup(""), *mine;

    if (strcmp(after, scene->before) != 0) {
        free(out);
        out = mem_strdup("something changed that must not");
        print_error("before: %s\nafter:  %s\n", scene->before, after);
    }
    free(after);
    mine = suite_query(suite.t, "SELECT n, line FROM log", NULL);
    if (strcmp(mine, "{\"rows\":[{\"line\":\"mine\",\"n\":1}]}") != 0) {
        print_error("the plugin's own table: %s\n", mine);
        free(out);
        out = mem_strdup("the handle does not work, or its table changed");
    }
    free(mine);
    return out;
}

static void try_all(const struct tables_attempt *attempts, size_t count)
{
    struct scene scene;
    size_t failed = 0;

    set_the_scene(&scene);
    for (size_t i = 0; i < count; i++) {
        char *got = attempt(&attempts[i]), *wrong;
        if (getenv("ORRERY_SHOW_ATTEMPTS") != NULL)
            print_message("%.100s\n    %s\n", attempts[i].text, got);
        if (!is_as_expected(got, attempts[i].expected)) {
            print_error("%s\n    expected %s\n    got      %s\n", attempts[i].text,
                        attempts[i].expected, got);
            failed++;
        }
        free(got);
        wrong = aftermath(&scene);
        if (wrong[0] != '\0') {
            print_error("%s: %s\n", attempts[i].text, wrong);
            failed++;
        }
        free(wrong);
    }
    strike_the_scene(&scene);
    assert_int_equal(failed, 0);
}

static void nothing_gets_out_through_names_and_values(void **state)
{
    (void)state;
    try_all(tables_attempts_common, tables_attempt_common_count);
}

static void nothing_gets_out_through_sql(void **state)
{
    (void)state;
    if (suite.backend->is_postgres)
        try_all(tables_attempts_postgres, tables_attempt_postgres_count);
    else
        try_all(tables_attempts_sqlite, tables_attempt_sqlite_count);
}

const struct CMUnitTest tables_hostile_rules[] = {
    RULE(nothing_gets_out_through_names_and_values),
    RULE(nothing_gets_out_through_sql),
};
const size_t tables_hostile_rule_count =
    sizeof tables_hostile_rules / sizeof tables_hostile_rules[0];
