#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "webhook/answer.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* `body` is JSON with ' for ". Release the answer. */
static struct webhook_answer read_body(const char *body)
{
    struct webhook_answer answer;
    char *copy = mem_strdup(body);

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    webhook_answer_read(copy, strlen(copy), KEY, &answer);
    free(copy);
    return answer;
}

static void test_executed(void **state)
{
    struct webhook_answer a =
        read_body("{'key':'" KEY "','status':'executed','outcome':{'order':7},'more':[1]}");

    (void)state;
    assert_int_equal(a.status, WEBHOOK_EXECUTED);
    assert_int_equal(json_integer_value(json_object_get(a.outcome, "order")), 7);
    webhook_answer_release(&a);
    a = read_body("{'key':'" KEY "','status':'executed','outcome':[1]}");
    assert_int_equal(a.status, WEBHOOK_EXECUTED);
    assert_int_equal(json_object_size(a.outcome), 0);
    webhook_answer_release(&a);
}

static void test_refused(void **state)
{
    static const struct {
        const char *body, *code, *message;
    } cases[] = {
        {"'status':'refused','error':{'code':'NO_FUNDS','message':'need 5'}", "NO_FUNDS", "need 5"},
        {"'status':'refused'", "REFUSED", "the executor gave no reason"},
        {"'status':'refused','error':'x'", "REFUSED", "the executor gave no reason"},
        {"'status':'refused','error':{'code':5,'message':''}", "REFUSED",
         "the executor gave no reason"},
        {"'status':'refused','error':{'code':'a b','message':'x\\u001b[2Jy'}", "REFUSED",
         "x\\x1b[2Jy"},
        {"'status':'never','error':{'code':'TOO_OLD','message':'m'}", "TOO_OLD", "m"},
        {"'status':'never'", "NEVER", "the executor gave no reason"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[256];
        struct webhook_answer a;
        snprintf(body, sizeof body, "{'key':'" KEY "',%s}", cases[i].body);
        a = read_body(body);
        assert_string_equal(a.code, cases[i].code);
        assert_string_equal(a.message, cases[i].message);
        webhook_answer_release(&a);
    }
}

static void test_others(void **state)
{
    static const struct {
        const char *name;
        enum webhook_status status;
    } cases[] = {{"pending", WEBHOOK_PENDING},
                 {"unknown", WEBHOOK_UNKNOWN},
                 {"accepted", WEBHOOK_ACCEPTED},
                 {"never", WEBHOOK_NEVER}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[256];
        struct webhook_answer a;
        snprintf(body, sizeof body, "{'status':'%s','key':'" KEY "'}", cases[i].name);
        a = read_body(body);
        assert_int_equal(a.status, cases[i].status);
        webhook_answer_release(&a);
    }
}

static void test_no_answers(void **state)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"", "the answer is empty"},
        {"<html>", "the answer is not JSON: "},
        {"{'key':'" KEY "','status':'executed'", "the answer is not JSON: "},
        {"{'key':'" KEY "','status':'executed'} x", "the answer is not JSON: "},
        {"{'key':'" KEY "','status':'executed','status':'refused'}", "the answer is not JSON: "},
        {"['executed']", "the answer is not a JSON object"},
        {"{}", "the answer has no \"status\" that is known"},
        {"{'key':'" KEY "','status':'EXECUTED'}", "the answer has no \"status\" that is known"},
        {"{'key':'" KEY "','status':'executed\\u0000'}", "the answer has no \"status\""},
        {"{'key':'" KEY "','status':true}", "the answer has no \"status\" that is known"},
        {"{'status':'executed'}", "the answer is \"executed\" without the batch's \"key\""},
        {"{'status':'refused','key':5}", "the answer is \"refused\" without the batch's \"key\""},
        {"{'status':'executed','key':'0123'}", "the answer is about another key"},
        {"{'status':'executed','key':'" KEY "0'}", "the answer is about another key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct webhook_answer a = read_body(cases[i].body);
        assert_int_equal(a.status, WEBHOOK_NO_ANSWER);
        assert_null(a.outcome);
        if (strncmp(a.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s: %s", cases[i].body, a.message);
    }
}

static void test_a_long_outcome_is_left_out(void **state)
{
    size_t size = WEBHOOK_OUTCOME_BYTES + 1000;
    char *body = mem_alloc(size + 200), *fill = mem_alloc(size + 1);
    struct webhook_answer a;

    (void)state;
    memset(fill, 'x', size);
    fill[size] = '\0';
    snprintf(body, size + 200, "{'key':'" KEY "','status':'executed','outcome':{'x':'%s'}}", fill);
    a = read_body(body);
    assert_int_equal(a.status, WEBHOOK_EXECUTED);
    assert_string_equal(json_string_value(json_object_get(a.outcome, "left_out")),
                        "the outcome is longer than 32 KiB");
    webhook_answer_release(&a);
    free(body);
    free(fill);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_executed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_no_answers),
        cmocka_unit_test(test_a_long_outcome_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
