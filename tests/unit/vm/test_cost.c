/* What a vm costs: the promises of memory, creation and calls, printed and bounded generously. */
#include "support.h"

#include <time.h>
#include <unistd.h>

enum { MANY = 2000, CALLS = 200000 };

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long size, resident = 0;

    if (file != NULL && fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static const char idle_source[] =
    "local threshold, window = 5, {}\n"
    "local function mean(list) local sum = 0 for i = 1, #list do sum = sum + list[i] end return "
    "sum end\n"
    "return { name = 'idle', vault_id = 'v', triggers = { { kind = 'manual' } },\n"
    "  decide = function(ctx) window[#window % 20 + 1] = threshold return mean(window) end }\n";

static void test_many_vms_are_small_and_quick(void **state)
{
    static struct vm *vms[MANY];
    struct error e = ERROR_INIT;
    size_t before = resident_bytes(), heap, resident;
    double start = now_ms(), created, freed;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        vms[i] = new_vm();
        assert_int_equal(load_text(vms[i], idle_source, &e), 0);
    }
    created = now_ms() - start;
    resident = (resident_bytes() - before) / MANY;
    heap = vm_memory(vms[0]);
    start = now_ms();
    for (int i = 0; i < MANY; i++)
        vm_free(vms[i]);
    freed = now_ms() - start;
    printf("%d vms: created and loaded in %.0f ms, freed in %.0f ms; each %zu bytes of heap, %zu "
           "resident\n",
           MANY, created, freed, heap, resident);
    assert_in_range(heap, 1, 32 * 1024);
#ifndef ORRERY_SANITIZED
    assert_in_range(resident, 1, 64 * 1024);
    assert_true(created < 2000);
#endif
}

static int push_nothing(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

static int read_nothing(lua_State *L)
{
    (void)L;
    return 0;
}

static void test_a_call_costs_little(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    struct vm_call call = {.field = "decide", .push = push_nothing, .read = read_nothing};
    double start, spent;

    (void)state;
    assert_int_equal(load_text(vm, "return { decide = function(ctx) return 1 end }", &e), 0);
    start = now_ms();
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(vm_call(vm, &call, &e), 0);
    spent = now_ms() - start;
    printf("a trivial call: %.3f us\n", spent * 1000 / CALLS);
    assert_true(spent * 1000 / CALLS < 50);
    vm_free(vm);
}

static void test_a_full_heap_is_freed_quickly(void **state)
{
    struct vm *vm = new_vm();
    struct error e = ERROR_INIT;
    double start;

    (void)state;
    assert_int_equal(
        load_text(vm,
                  "keep = nil local k = {} for i = 1, 12 do k[i] = {} for j = 1, 8000 do k[i][j] "
                  "= {j} end end return { k = k }",
                  &e),
        0);
    start = now_ms();
    printf("a heap of %zu KiB", vm_memory(vm) / 1024);
    vm_free(vm);
    printf(" freed in %.1f ms\n", now_ms() - start);
    assert_true(now_ms() - start < 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_vms_are_small_and_quick),
        cmocka_unit_test(test_a_call_costs_little),
        cmocka_unit_test(test_a_full_heap_is_freed_quickly),
    };

    return cmocka_run_group_tests(tests, start_timer, NULL);
}
