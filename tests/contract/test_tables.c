/* The contract of the plugins' own tables, over both engines: contract_tables [sqlite|postgres]. */
#include "contract/tables_suite.h"

static int run(const struct tables_backend *backend)
{
    static const struct {
        const char *name;
        const struct CMUnitTest *rules;
        const size_t *count;
    } chapters[] = {
        {"calls", tables_call_rules, &tables_call_rule_count},
        {"limits", tables_limit_rules, &tables_limit_rule_count},
        {"plans", tables_plan_rules, &tables_plan_rule_count},
        {"hostile", tables_hostile_rules, &tables_hostile_rule_count},
        {"role", tables_role_rules, &tables_role_rule_count},
        {"steps", tables_step_rules, &tables_step_rule_count},
    };
    int failed = 0;

    suite.backend = backend;
    for (size_t i = 0; i < sizeof chapters / sizeof chapters[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "contract: tables: %s: %s", backend->name, chapters[i].name);
        failed += _cmocka_run_group_tests(name, chapters[i].rules, *chapters[i].count, NULL, NULL);
    }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        cmocka_set_test_filter(argv[2]);
    if (argc < 2 || strcmp(argv[1], "sqlite") == 0)
        return run(&tables_sqlite_backend);
    if (strcmp(argv[1], "postgres") == 0)
        return run(&tables_postgres_backend);
    fprintf(stderr, "usage: contract_tables [sqlite|postgres] [rule]\n");
    return 1;
}
