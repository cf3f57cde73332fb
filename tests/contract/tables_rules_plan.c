#include "contract/tables_suite.h"
const struct CMUnitTest tables_plan_rules[1];
const size_t tables_plan_rule_count;
