/* Any bytes have a line that exists, or none. */
#include "fuzz/fuzz.h"

#include "model/place.h"

static const char *const seeds[] = {
    ("local x = 1\nreturn {\n  a = { b = 1, ['c.d'] = {\n 1, 2 } },\n"
     "  f = function() if x then end end,\n}\n"),
    "#!lua\n--[==[ ]] ]==] return { a = [[\n]], [1] = 'x\\z\n\n', b = \"\\\"\" }",
    "local M = {\n a = 1 }\nfunction M.f() repeat until true end\nreturn M",
    "return {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{",
    "",
};

static const char *const words[] = {
    "{",      "}",         "[",    "]",   "(",        ")",      "=",     "==", ",",     ";",
    "return", "function",  "end",  "if",  "do",       "repeat", "until", "--", "--[[",  "]]",
    "[==[",   "'",         "\"",   "\\",  "\n",       "\r",     "\r\n",  "a",  "['a']", ".",
    "1",      "local M =", "\xff", "\\z", "return {", "a = ",   NULL,
};

static const char *const paths[] = {"a", "a.b", "a.c.d.2", "1", "1.1.1.1.1.1.1.1",
                                    "",  ".",   "a..b",    "f", "zzz.y.x"};

static void one(struct random *r)
{
    struct buf text;
    int lines = 1, line;
    const char *path = paths[fuzz_below(r, sizeof paths / sizeof paths[0])];

    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &text);
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n' || text.data[i] == '\r';
    line = place_line(buf_text(&text), text.len, path);
    FUZZ_CHECK(line >= 0 && line <= lines);
    FUZZ_CHECK(line == place_line(buf_text(&text), text.len, path));
    buf_release(&text);
}

int main(void)
{
    return fuzz_run(20000, one);
}
