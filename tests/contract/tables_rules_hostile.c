#include "contract/tables_suite.h"
const struct CMUnitTest tables_hostile_rules[1];
const size_t tables_hostile_rule_count;
