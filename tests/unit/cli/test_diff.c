/* The unified difference: by hand for what it looks like, and by applying it for what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "cli/diff.h"

static char *diff_of(const char *before, const char *after, struct diff_counts *counts)
{
    struct diff_side a = {"a", before, before ? strlen(before) : 0};
    struct diff_side b = {"b", after, after ? strlen(after) : 0};
    struct error e = ERROR_INIT;
    struct buf out;

    buf_init(&out, 64 * 1024 * 1024);
    assert_int_equal(diff_unified(&out, &a, &b, counts, &e), 0);
    return buf_steal(&out);
}

static void check(const char *before, const char *after, const char *expected)
{
    struct diff_counts counts;
    char *text = diff_of(before, after, &counts);

    assert_string_equal(text, expected);
    free(text);
}

static void test_equal_texts_have_none(void **state)
{
    (void)state;
    check("", "", "");
    check("a\nb\n", "a\nb\n", "");
    check("a", "a", "");
    check(NULL, NULL, "");
}

static void test_what_it_looks_like(void **state)
{
    (void)state;
    check("a\nb\nc\n", "a\nx\nc\n", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    check("", "a\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n");
    check("a\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-a\n");
    check(NULL, "a\n", "--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+a\n");
    check("a\n", NULL, "--- a\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
    check("a", "a\n", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    check("a\nb\n", "b\n", "--- a\n+++ b\n@@ -1,2 +1 @@\n-a\n b\n");
    check("\n\n", "\n", "--- a\n+++ b\n@@ -1,2 +1 @@\n \n-\n");
}

static void test_only_the_neighbourhood_is_shown(void **state)
{
    (void)state;
    check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
          "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
    /* six equal lines between: one hunk; seven: two */
    check("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
          "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
    check("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
          "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
          "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void test_counts(void **state)
{
    struct diff_counts counts = {0};

    (void)state;
    free(diff_of("a\nb\nc\n", "a\nx\ny\n", &counts));
    assert_int_equal(counts.added, 2);
    assert_int_equal(counts.removed, 2);
    free(diff_of("a\n", "a\n", &counts));
    assert_int_equal(counts.added + counts.removed, 0);
}

/* ---- applied, it makes the one text of the other ---- */

static const char *next_line(const char *text)
{
    const char *end = strchr(text, '\n');

    return end != NULL ? end + 1 : text + strlen(text);
}

static void copy_line(struct buf *out, const char **from)
{
    const char *end = next_line(*from);

    buf_add(out, *from, (size_t)(end - *from));
    *from = end;
}

/* patch(1), for differences that begin at the beginning of a line each. */
static char *apply(const char *before, const char *diff)
{
    struct buf out;
    size_t line = 1;
    const char *from = before;

    buf_init(&out, SIZE_MAX / 4);
    diff = next_line(next_line(diff));
    while (*diff != '\0') {
        unsigned long start = 0, count = 1;
        assert_true(sscanf(diff, "@@ -%lu,%lu", &start, &count) >= 1);
        start += strncmp(diff + 4 + snprintf(NULL, 0, "%lu", start), ",0 ", 3) == 0;
        for (; line < start; line++)
            copy_line(&out, &from);
        for (diff = next_line(diff); *diff != '\0' && *diff != '@'; diff = next_line(diff)) {
            const char *end = next_line(diff);
            bool bare = *end == '\\';
            if (*diff == ' ' || *diff == '-') {
                size_t len = (size_t)(next_line(from) - from);
                assert_int_equal(len, (size_t)(end - diff) - 1 - bare);
                assert_memory_equal(diff + 1, from, len);
                if (*diff == ' ')
                    buf_add(&out, from, len);
                from += len;
                line++;
            } else if (*diff == '+') {
                buf_add(&out, diff + 1, (size_t)(end - diff) - 1 - bare);
            }
        }
    }
    buf_add_str(&out, from);
    return buf_steal(&out);
}

/* `lines` lines of few kinds, so that many are alike; the last perhaps without a newline. */
static char *random_text(struct random *random, size_t lines, unsigned kinds)
{
    struct buf out;

    buf_init(&out, SIZE_MAX / 4);
    for (size_t i = 0; i < lines; i++)
        buf_addf(&out, "%u\n", (unsigned)(random_next(random) % kinds));
    if (out.len > 0 && random_next(random) % 3 == 0)
        out.len--;
    buf_add_char(&out, '\0');
    return buf_steal(&out);
}

/* Length of the longest common subsequence of lines, by the book. */
static size_t common_lines(const char *a, const char *b)
{
    enum { MOST = 64 };
    static size_t table[MOST + 1][MOST + 1];
    const char *as[MOST], *bs[MOST];
    size_t n = 0, m = 0;

    for (const char *p = a; *p != '\0'; p = next_line(p))
        as[n++] = p;
    for (const char *p = b; *p != '\0'; p = next_line(p))
        bs[m++] = p;
    memset(table, 0, sizeof table);
    for (size_t i = n; i-- > 0;)
        for (size_t j = m; j-- > 0;) {
            size_t la = (size_t)(next_line(as[i]) - as[i]), lb = (size_t)(next_line(bs[j]) - bs[j]);
            size_t skip = table[i + 1][j] > table[i][j + 1] ? table[i + 1][j] : table[i][j + 1];
            table[i][j] =
                la == lb && memcmp(as[i], bs[j], la) == 0 ? table[i + 1][j + 1] + 1 : skip;
        }
    return n + m - 2 * table[0][0];
}

static void test_random_texts(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 20260101);
    for (int round = 0; round < 5000; round++) {
        char *a = random_text(&random, random_next(&random) % 40, 1 + round % 6);
        char *b = random_text(&random, random_next(&random) % 40, 1 + round % 6);
        struct diff_counts counts = {0};
        char *diff = diff_of(a, b, &counts), *made = *diff ? apply(a, diff) : mem_strdup(a);
        assert_string_equal(made, b);
        assert_int_equal(counts.added + counts.removed, common_lines(a, b)); /* the fewest */
        free(a);
        free(b);
        free(diff);
        free(made);
    }
}

static void test_texts_without_anything_in_common(void **state)
{
    struct buf a, b;
    struct diff_counts counts = {0};
    char *diff, *made;

    (void)state;
    buf_init(&a, SIZE_MAX / 4);
    buf_init(&b, SIZE_MAX / 4);
    buf_add_str(&a, "head\n");
    buf_add_str(&b, "head\n");
    for (int i = 0; i < 20000; i++) {
        buf_addf(&a, "a%d\n", i);
        buf_addf(&b, "b%d\n", i);
    }
    buf_add_str(&a, "tail\n");
    buf_add_str(&b, "tail\n");
    diff = diff_of(buf_text(&a), buf_text(&b), &counts);
    assert_int_equal(counts.added, 20000);
    assert_int_equal(counts.removed, 20000);
    made = apply(buf_text(&a), diff);
    assert_string_equal(made, buf_text(&b));
    free(made);
    free(diff);
    buf_release(&a);
    buf_release(&b);
}

static void test_limits(void **state)
{
    struct diff_counts counts;
    struct diff_side a = {"a", "x\n", 2}, b = {"b", NULL, 0};
    struct error e = ERROR_INIT;
    struct buf many, out;

    (void)state;
    buf_init(&many, SIZE_MAX / 4);
    for (int i = 0; i <= DIFF_LINES; i++)
        buf_add_char(&many, '\n');
    b.text = buf_text(&many);
    b.len = many.len;
    buf_init(&out, 1024);
    assert_int_equal(diff_unified(&out, &a, &b, &counts, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_string_equal(e.message, "b has 200001 lines: more than 200000 are not compared");
    error_clear(&e);
    b.len = 2000;
    buf_clear(&out);
    assert_int_equal(diff_unified(&out, &a, &b, &counts, &e), -1);
    assert_string_equal(e.message, "the difference of b is larger than 1024 bytes");
    buf_release(&many);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_texts_have_none),
        cmocka_unit_test(test_what_it_looks_like),
        cmocka_unit_test(test_only_the_neighbourhood_is_shown),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_texts_without_anything_in_common),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
