/*
 * state_bench: what one state store costs, through its real backend, without a daemon around it.
 *
 *     state_bench URL [--seconds S]
 *
 * Prints one JSON object; all times in microseconds:
 *   write_p50_us, write_p99_us    a transaction with one write, durable to the store's promise
 *   group_us                      a transaction with 100 writes of 100 plugins, per write
 *   read_us                       load of one plugin with 1,000 keys, per key
 * Writes only under plugins named bench-…, and removes them again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/sqlite_db.h"
#include "state/state.h"

#define SAMPLES_MAX 20000
#define KEYS        1000
#define PLUGINS     100

struct bench {
    struct clock clock;
    struct sqlite_db *db; /* or NULL */
    struct state_store *store;
    double seconds;
    uint64_t number;
    double *samples;
    size_t sample_count;
};

static void check(int rc, const struct error *e)
{
    char text[1200];

    if (rc == 0)
        return;
    fprintf(stderr, "state_bench: %s\n", error_format(e, text, sizeof text));
    exit(1);
}

static void open_store(struct bench *b, const char *text)
{
    static state_server_open_fn *const servers[] = {[STORE_POSTGRES] = state_postgres_open,
                                                    [STORE_REDIS] = state_redis_open,
                                                    [STORE_LIBSQL] = state_libsql_open};
    struct error e = ERROR_INIT;
    struct store_url url;
    int64_t now = clock_now_ms(&b->clock);

    check(store_url_parse(text, &url, &e), &e);
    if (url.kind == STORE_MEMORY) {
        check(state_memory_open(&b->store, &e), &e);
    } else if (url.kind == STORE_SQLITE) {
        check(sqlite_db_open(&b->db, url.path, SQLITE_DB_CREATE, &e), &e);
        check(state_sqlite_migrate(b->db, now, &e), &e);
        check(state_sqlite_open(&b->store, b->db, &e), &e);
    } else {
        check(servers[url.kind](&b->store, &url, url.password, STORE_CREATE, now, &e), &e);
    }
    store_url_release(&url);
}

static void begin(struct bench *b)
{
    struct error e = ERROR_INIT;

    check(state_begin(b->store, clock_now_ms(&b->clock), &e), &e);
    if (state_is_shared(b->store))
        check(state_stamp(b->store, "bench", ++b->number, &e), &e);
}

static void put(struct bench *b, const char *plugin, const char *key, uint64_t value)
{
    struct error e = ERROR_INIT;
    char text[64];
    int len = snprintf(text, sizeof text, "{\"count\":%llu,\"at\":1763000000000}",
                       (unsigned long long)value);
    struct state_row row = {key, strlen(key), text, (size_t)len, 0};

    check(state_put(b->store, plugin, &row, &e), &e);
}

static void commit(struct bench *b)
{
    struct error e = ERROR_INIT;

    check(state_commit(b->store, &e), &e);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double percentile(const struct bench *b, double p)
{
    size_t at = (size_t)(p * (double)b->sample_count);

    return b->samples[at < b->sample_count ? at : b->sample_count - 1];
}

static void measure_writes(struct bench *b)
{
    int64_t start = clock_mono_ns(&b->clock), now = start, last = start;

    b->sample_count = 0;
    while ((double)(now - start) / 1e9 < b->seconds && b->sample_count < SAMPLES_MAX) {
        begin(b);
        put(b, "bench-write", "k", b->sample_count);
        commit(b);
        now = clock_mono_ns(&b->clock);
        b->samples[b->sample_count++] = (double)(now - last) / 1000;
        last = now;
    }
    qsort(b->samples, b->sample_count, sizeof *b->samples, by_size);
}

static double measure_groups(struct bench *b)
{
    int64_t start = clock_mono_ns(&b->clock), now = start;
    uint64_t groups = 0;

    while ((double)(now - start) / 1e9 < b->seconds) {
        begin(b);
        for (int i = 0; i < PLUGINS; i++) {
            char plugin[32];
            snprintf(plugin, sizeof plugin, "bench-%d", i);
            put(b, plugin, "count", groups);
        }
        commit(b);
        groups++;
        now = clock_mono_ns(&b->clock);
    }
    return (double)(now - start) / 1000 / (double)(groups * PLUGINS);
}

static int count_row(void *arg, const struct state_row *row)
{
    (void)row;
    ++*(size_t *)arg;
    return 0;
}

static double measure_reads(struct bench *b)
{
    struct error e = ERROR_INIT;
    int64_t start, now;
    size_t rows = 0;

    begin(b);
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof key, "key-%d", i);
        put(b, "bench-read", key, (uint64_t)i);
    }
    commit(b);
    start = now = clock_mono_ns(&b->clock);
    while ((double)(now - start) / 1e9 < b->seconds) {
        check(state_load(b->store, "bench-read", clock_now_ms(&b->clock), count_row, &rows, &e),
              &e);
        now = clock_mono_ns(&b->clock);
    }
    return (double)(now - start) / 1000 / (double)rows;
}

struct names {
    char (*items)[LIMIT_NAME_BYTES + 1];
    size_t count;
};

static int take_name(void *arg, const char *plugin)
{
    struct names *names = arg;

    if (strncmp(plugin, "bench-", 6) != 0)
        return 0;
    names->items = mem_resize(names->items, (names->count + 1) * sizeof *names->items);
    snprintf(names->items[names->count++], LIMIT_NAME_BYTES + 1, "%s", plugin);
    return 0;
}

struct keys {
    char *items[KEYS];
    size_t count;
};

static int take_key(void *arg, const struct state_row *row)
{
    struct keys *keys = arg;

    if (keys->count < KEYS)
        keys->items[keys->count++] = mem_strndup(row->key, row->key_len);
    return 0;
}

static void clean_up(struct bench *b)
{
    struct error e = ERROR_INIT;
    struct names names = {0};

    check(state_list(b->store, take_name, &names, &e), &e);
    begin(b);
    for (size_t i = 0; i < names.count; i++) {
        struct keys keys = {.count = 0};
        check(state_load(b->store, names.items[i], clock_now_ms(&b->clock), take_key, &keys, &e),
              &e);
        for (size_t k = 0; k < keys.count; k++) {
            check(state_remove(b->store, names.items[i], keys.items[k], strlen(keys.items[k]), &e),
                  &e);
            free(keys.items[k]);
        }
    }
    commit(b);
    free(names.items);
}

int main(int argc, char **argv)
{
    struct bench b = {.seconds = 1};
    double groups, reads;

    if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--seconds") == 0 &&
                       text_to_double(argv[3], &b.seconds) == 0)) {
        fprintf(stderr, "usage: state_bench URL [--seconds S]\n");
        return 1;
    }
    clock_init_real(&b.clock);
    b.number = (uint64_t)clock_now_ms(&b.clock) * 1000; /* above any former run's */
    b.samples = mem_alloc(SAMPLES_MAX * sizeof *b.samples);
    open_store(&b, argv[1]);
    measure_writes(&b);
    groups = measure_groups(&b);
    reads = measure_reads(&b);
    clean_up(&b);
    printf("{\"backend\": \"%s\", \"write_p50_us\": %.1f, \"write_p99_us\": %.1f, "
           "\"group_us\": %.2f, \"read_us\": %.3f, \"writes\": %zu}\n",
           state_name(b.store), percentile(&b, 0.5), percentile(&b, 0.99), groups, reads,
           b.sample_count);
    state_close(b.store);
    if (b.db != NULL)
        sqlite_db_close(b.db);
    free(b.samples);
    return 0;
}
