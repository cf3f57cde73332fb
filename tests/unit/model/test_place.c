/* The line of a setting in every form that Lua has for tables. */
#include "unit/model/support.h"

#include "model/place.h"

static void expect(const char *source, const char *path, int line)
{
    int got = place_line(source, strlen(source), path);

    if (got != line)
        fail_msg("'%s': expected line %d, got %d in\n%s", path, line, got, source);
}

static const char desk[] =
    "#!/usr/bin/env lua\n"                                                              /* 1 */
    "-- return { nothing = 1 }\n"                                                       /* 2 */
    "local x = { vaults = 1 }\n"                                                        /* 3 */
    "local function f() if x then return { journal = 1 } end end\n"                     /* 4 */
    "--[==[ return {\n"                                                                 /* 5 */
    "  ]] journal = 2\n"                                                                /* 6 */
    "]==]\n"                                                                            /* 7 */
    "return {\n"                                                                        /* 8 */
    "  journal = \"sqlite:} , \\\" x\", state = function(name)\n"                       /* 9 */
    "    local t = { vaults = 1 }\n"                                                    /* 10 */
    "    for i = 1, 2 do while true do break end end\n"                                 /* 11 */
    "    repeat local y = { feeds = 2 } until y\n"                                      /* 12 */
    "    if name == 'a' then return 'x' elseif t then return 'y' else return 'z' end\n" /* 13 */
    "  end,\n"                                                                          /* 14 */
    "  vaults = {\n"                                                                    /* 15 */
    "    [\"btc-vault\"] = {\n"                                                         /* 16 */
    "      quote_balance = 5 * (2 + 3),\n"                                              /* 17 */
    "      caps = { max_spend = 1,\n"                                                   /* 18 */
    "               spend_window = '1h' };\n"                                           /* 19 */
    "    },\n"                                                                          /* 20 */
    "    ['a.b'] = {\n"                                                                 /* 21 */
    "      fee_pct = 1 },\n"                                                            /* 22 */
    "    [f()] = {\n"                                                                   /* 23 */
    "      executor = 1 },\n"                                                           /* 24 */
    "  },\n"                                                                            /* 25 */
    "  feeds = make {\n"                                                                /* 26 */
    "    btc = 1,\n"                                                                    /* 27 */
    "  },\n"                                                                            /* 28 */
    "  workers = 1 == 2 and 3 or 4,\n"                                                  /* 29 */
    "  data = [[\n"                                                                     /* 30 */
    "   } ]], seed =\n"                                                                 /* 31 */
    "    7,\n"                                                                          /* 32 */
    "}\n";

static void finds_keys(void **state)
{
    (void)state;
    expect(desk, "journal", 9);
    expect(desk, "state", 9);
    expect(desk, "vaults", 15);
    expect(desk, "vaults.btc-vault", 16);
    expect(desk, "vaults.btc-vault.quote_balance", 17);
    expect(desk, "vaults.btc-vault.caps.max_spend", 18);
    expect(desk, "vaults.btc-vault.caps.spend_window", 19);
    expect(desk, "vaults.a.b.fee_pct", 22);
    expect(desk, "workers", 29);
    expect(desk, "data", 30);
    expect(desk, "seed", 31);
}

static void falls_back_to_the_nearest_enclosing_key(void **state)
{
    (void)state;
    expect(desk, "feeds.btc", 26);
    expect(desk, "vaults.btc-vault.nothing", 16);
    expect(desk, "vaults.btc-vault.caps.x.y.z", 18);
    expect(desk, "vaults.nothing", 15);
    expect(desk, "nothing", 8);
    expect(desk, "", 8);
}

static void finds_array_items(void **state)
{
    static const char source[] = "return {\n"                             /* 1 */
                                 "  triggers = {\n"                       /* 2 */
                                 "    { kind = 'cron',\n"                 /* 3 */
                                 "      every_seconds = 5 },\n"           /* 4 */
                                 "    name = 1,\n"                        /* 5 */
                                 "    { kind = 'event' },\n"              /* 6 */
                                 "    [8] = { kind =\n"                   /* 7 */
                                 "      'x', topic = 1 },\n"              /* 8 */
                                 "    (5), function() return 1, 2 end,\n" /* 9 */
                                 "    last }\n"                           /* 10 */
                                 "}\n";

    (void)state;
    expect(source, "triggers.1.kind", 3);
    expect(source, "triggers.1.every_seconds", 4);
    expect(source, "triggers.2", 6);
    expect(source, "triggers.8.topic", 8);
    expect(source, "triggers.3", 9);
    expect(source, "triggers.5", 10);
    expect(source, "triggers.9", 2);
}

static void follows_a_returned_name(void **state)
{
    (void)state;
    expect("local M = {}\nM = {\n  name = 1,\n}\nfunction M.f() end\nreturn M\n", "name", 3);
    expect("local M = { name = 1 }\nlocal N = { name = 2,\n x = 3 }\nreturn M", "x", 1);
    expect("return setmetatable({\n a = 1 }, nil)", "a", 0);
    expect("return make_desk()", "a", 0);
}

static void understands_lua_strings_and_new_lines(void **state)
{
    (void)state;
    expect("return {\r\n a = 'x\\\r\ny',\r\n b = 1 }", "b", 4);
    expect("return {\n a = 'x\\z\n\n  y', b = 1 }", "b", 4);
    expect("return {\r a = 1,\n\r b = 2 }", "b", 3);
    expect("return { a = 'it\\'s', b = \"\\\\\",\n c = 1 }", "c", 2);
    expect("return { --[[ x\n]] a = 1, -- b = 2\n b = 3 }", "b", 3);
    expect("return {\n a = 1,\n a = 2 }", "a", 3);
    expect("return { ['a'] = 1,\n [ [[b]] ] = 2 }", "b", 2);
    expect("return {\n a = 0x.1p-3, b = 1..2, c = 3.e+1,\n d = 4 }", "d", 3);
}

static void accepts_any_bytes(void **state)
{
    (void)state;
    expect("", "a", 0);
    expect("return", "a", 0);
    expect("return {", "a", 1);
    expect("return { a", "a", 1);
    expect("return { [", "a", 1);
    expect("return { a = {{{{{(((", "a.1.1.1.1.1.1", 1);
    expect("}}} ))) end end until return { a = 1 }", "a", 1);
    expect("\xff\xfe return { \x80 = 1,\n a = 2 }", "a", 2);
    expect("return { a = 'unterminated,\n b = 1 }", "b", 1);
    expect("return { a = [==[ unterminated", "a", 1);
    assert_int_equal(place_line("return {\0\n a\0 = 1 }", 19, "a"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_keys),
        cmocka_unit_test(falls_back_to_the_nearest_enclosing_key),
        cmocka_unit_test(finds_array_items),
        cmocka_unit_test(follows_a_returned_name),
        cmocka_unit_test(understands_lua_strings_and_new_lines),
        cmocka_unit_test(accepts_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
