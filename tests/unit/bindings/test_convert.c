/* Conversion both ways, for random values: what is pushed and read back is the same text; and
 * snapshots. */
#include "unit/bindings/fixture.h"

#include "base/random.h"
#include "bindings/convert.h"

static json_t *random_value(struct random *random, int depth);

static json_t *random_string(struct random *random)
{
    static const char *const pieces[] = {
        "", "a", "\"", "\\", "\n", "\xc3\xa9", "\xf0\x9f\x98\x80", "x y", "0"};
    struct buf text;
    json_t *value;

    buf_init(&text, 1000);
    for (uint64_t n = random_below(random, 5); n > 0; n--)
        buf_add_str(&text, pieces[random_below(random, 9)]);
    value = json_stringn(buf_text(&text), text.len);
    buf_release(&text);
    return value;
}

static json_t *random_array(struct random *random, int depth)
{
    json_t *array = json_array();

    for (uint64_t n = random_below(random, 5); n > 0; n--)
        json_array_append_new(array, random_value(random, depth - 1));
    return array;
}

static json_t *random_object(struct random *random, int depth)
{
    json_t *object = json_object();

    for (uint64_t n = random_below(random, 5); n > 0; n--) {
        json_t *key = random_string(random);
        json_object_set_new(object, json_string_value(key), random_value(random, depth - 1));
        json_decref(key);
    }
    return object;
}

static json_t *random_value(struct random *random, int depth)
{
    switch (random_below(random, depth > 0 ? 6 : 4)) {
    case 0:
        return json_boolean(random_below(random, 2));
    case 1:
        return json_integer((json_int_t)random_next(random));
    case 2:
        return json_real(random_normal(random) * 1e6);
    case 3:
        return random_string(random);
    case 4:
        return random_array(random, depth);
    default:
        return random_object(random, depth);
    }
}

struct trip {
    const json_t *in;
    json_t *out;
    struct error e;
    struct convert_rules rules;
};

static int make_trip(lua_State *L)
{
    struct trip *trip = lua_touserdata(L, 1);

    convert_push(L, trip->in);
    trip->out = convert_to_json(L, -1, &trip->rules, &trip->e);
    assert_int_equal(lua_gettop(L), 2); /* nothing is left behind */
    return 0;
}

static struct vm *vm;

static int open_convert(lua_State *L)
{
    convert_open(L);
    return 0;
}

static void make_vm(void)
{
    struct vm_limits limits = {LIMIT_SCRIPT_MEMORY, SOFT_MS};
    struct error e = ERROR_INIT;

    vm = vm_new(&limits, NULL, &e);
    assert_non_null(vm);
    assert_int_equal(vm_protect(vm, open_convert, NULL, &e), 0);
}

static void test_random_round_trips(void **state)
{
    struct random random;

    (void)state;
    make_vm();
    random_init(&random, 7);
    for (int i = 0; i < 5000; i++) {
        struct trip trip = {.in = random_value(&random, 6),
                            .rules = {.root = "value", .max_bytes = 1 << 20}};
        char *before = value_text(trip.in), *after;
        assert_int_equal(vm_protect(vm, make_trip, &trip, &trip.e), 0);
        assert_non_null(trip.out);
        after = value_text(trip.out);
        assert_string_equal(before, after);
        free(before);
        free(after);
        json_decref(trip.out);
        json_decref((json_t *)trip.in);
    }
    vm_free(vm);
}

/* Under any budget: either the same text or one error, and never more text than about the budget.
 */
static void test_random_budgets(void **state)
{
    struct random random;
    size_t refused = 0;

    (void)state;
    make_vm();
    random_init(&random, 8);
    for (int i = 0; i < 3000; i++) {
        struct trip trip = {.in = random_value(&random, 5),
                            .rules = {.root = "", .max_bytes = random_below(&random, 200)}};
        assert_int_equal(vm_protect(vm, make_trip, &trip, NULL), 0);
        if (trip.out == NULL) {
            assert_int_equal(trip.e.code, ERROR_LIMIT);
            refused++;
        } else {
            assert_int_equal(trip.e.code, ERROR_NONE);
            assert_true(json_equal(trip.in, trip.out));
        }
        json_decref(trip.out);
        json_decref((json_t *)trip.in);
    }
    assert_true(refused > 100);
    vm_free(vm);
}

static void trip_text(const char *in, const char *out)
{
    struct trip trip = {.in = value_parse(in, strlen(in), 1000, NULL),
                        .rules = {.root = "", .max_bytes = 1000}};
    char *text;

    assert_int_equal(vm_protect(vm, make_trip, &trip, NULL), 0);
    assert_non_null(trip.out);
    text = value_text(trip.out);
    assert_string_equal(text, out);
    free(text);
    json_decref(trip.out);
    json_decref((json_t *)trip.in);
}

static void test_nulls(void **state)
{
    (void)state;
    make_vm();
    trip_text("{\"a\":null,\"b\":1}", "{\"b\":1}");
    trip_text("[1,null,3]", "[1,false,3]");
    trip_text("[null]", "[false]");
    trip_text("{\"a\":null}", "{}");
    vm_free(vm);
}

static void test_snapshot_parses_once(void **state)
{
    struct snapshots *set = snapshots_new();
    const json_t *first;
    const char *name;
    void *cursor = NULL;

    (void)state;
    assert_null(snapshots_find(set, "a"));
    snapshots_put(set, "a", "{\"x\":1} trailing", 7);
    first = snapshot_json(snapshots_find(set, "a"));
    assert_non_null(first);
    assert_ptr_equal(snapshot_json(snapshots_find(set, "a")), first);
    snapshots_put(set, "b", "[", 1);
    assert_null(snapshot_json(snapshots_find(set, "b")));
    snapshots_put(set, "a", "2", 1);
    assert_int_equal(json_integer_value(snapshot_json(snapshots_find(set, "a"))), 2);
    assert_non_null(snapshots_next(set, &cursor, &name));
    assert_string_equal(name, "a");
    assert_non_null(snapshots_next(set, &cursor, &name));
    assert_null(snapshots_next(set, &cursor, &name));
    snapshots_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_round_trips),
        cmocka_unit_test(test_random_budgets),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_snapshot_parses_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
