#include "tables/postgres_functions.h"

#include <stddef.h>
#include <string.h>

/* Not among them, though they only compute: repeat, lpad, rpad and format, which make a gigabyte of
 * nothing; regexp_*, which are slow by design (~ is there, and ends in time); random and the
 * clocks, which are not the same when a decision is repeated. */
/* clang-format off */
static const char *const allowed[] = {
    "abs", "acos", "acosh", "age", "array_agg", "array_append", "array_cat", "array_length",
    "array_lower", "array_position", "array_prepend", "array_remove", "array_to_string",
    "array_upper", "asin", "asinh", "atan", "atan2", "atanh", "avg", "bit_and", "bit_or",
    "bool_and", "bool_or", "btrim", "cbrt", "ceil", "ceiling", "char_length",
    "character_length", "chr", "coalesce", "concat", "concat_ws", "corr", "cos", "cosh",
    "count", "covar_pop", "covar_samp", "cume_dist", "date_bin", "date_part", "date_trunc",
    "degrees", "dense_rank", "div", "every", "exp", "extract", "factorial", "first_value",
    "floor", "gcd", "generate_series", "greatest", "initcap", "json_agg", "json_array_elements",
    "json_array_elements_text", "json_array_length", "json_build_array", "json_build_object",
    "json_each", "json_each_text", "json_extract_path", "json_extract_path_text",
    "json_object_agg", "json_object_keys", "json_strip_nulls", "json_typeof", "jsonb_agg",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length",
    "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text",
    "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_insert", "jsonb_object_agg",
    "jsonb_object_keys", "jsonb_pretty", "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof",
    "lag", "last_value", "lcm", "lead", "least", "left", "length", "ln", "log", "log10",
    "lower", "ltrim", "make_date", "make_interval", "make_time", "make_timestamp", "max", "md5",
    "min", "mod", "mode", "nth_value", "ntile", "nullif", "num_nonnulls", "num_nulls",
    "octet_length", "overlay", "percent_rank", "percentile_cont", "percentile_disc", "pi",
    "position", "pow", "power", "radians", "rank", "regr_avgx", "regr_avgy", "regr_count",
    "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "replace",
    "reverse", "right", "round", "row_number", "row_to_json", "rtrim", "scale", "sign", "sin",
    "sinh", "split_part", "sqrt", "starts_with", "stddev", "stddev_pop", "stddev_samp",
    "string_agg", "string_to_array", "strpos", "substr", "substring", "sum", "tan", "tanh",
    "to_char", "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp", "trim",
    "trim_scale", "trunc", "unnest", "upper", "var_pop", "var_samp", "variance", "width_bucket",
};
/* clang-format on */

bool postgres_function_is_allowed(const char *name)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strcmp(allowed[i], name) == 0)
            return true;
    return false;
}
