#include "contract/tables_suite.h"
const struct CMUnitTest tables_limit_rules[1];
const size_t tables_limit_rule_count;
