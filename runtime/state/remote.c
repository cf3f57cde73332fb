#include "state/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* A transaction that is larger than this is a mistake of the caller. */
#define TXN_BYTES_MAX (512 * 1024 * 1024)

static struct remote_store *remote_of(struct state_store *store)
{
    return (struct remote_store *)store;
}

void remote_init(struct remote_store *store, const struct state_ops *ops,
                 const struct remote_ops *remote)
{
    state_store_init(&store->base, ops);
    store->remote = remote;
}

void remote_release(struct remote_store *store)
{
    remote_rollback(&store->base);
}

/* ---- the collected writes ---- */

static void write_free(struct remote_write *w)
{
    free(w->value);
    free(w->id);
    free(w);
}

static char *make_id(const char *plugin, const char *key, size_t key_len, size_t *len)
{
    size_t plugin_len = strlen(plugin);
    char *id = mem_alloc(plugin_len + key_len + 2);

    memcpy(id, plugin, plugin_len + 1);
    memcpy(id + plugin_len + 1, key, key_len);
    id[plugin_len + 1 + key_len] = '\0';
    *len = plugin_len + 1 + key_len;
    return id;
}

static struct remote_write *find_write(const struct remote_txn *txn, const char *plugin,
                                       const char *key, size_t key_len)
{
    struct remote_write *found;
    size_t len;
    char *id = make_id(plugin, key, key_len, &len);

    HASH_FIND(hh, txn->writes, id, len, found);
    free(id);
    return found;
}

/* The write for this key, emptied when there was one already. */
static struct remote_write *need_write(struct remote_txn *txn, const char *plugin, const char *key,
                                       size_t key_len)
{
    size_t len;
    char *id = make_id(plugin, key, key_len, &len);
    struct remote_write *w;

    HASH_FIND(hh, txn->writes, id, len, w);
    if (w != NULL) {
        free(id);
        free(w->value);
        txn->bytes -= w->value_len;
        w->value = NULL;
        w->value_len = 0;
        w->expires_ms = w->expired_by = 0;
        return w;
    }
    w = mem_zero(1, sizeof *w);
    w->id = w->plugin = id;
    w->key = id + strlen(plugin) + 1;
    w->key_len = key_len;
    txn->bytes += len;
    HASH_ADD_KEYPTR(hh, txn->writes, w->id, len, w);
    return w;
}

int remote_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    (void)e;
    remote_of(store)->txn.now_ms = now_ms;
    return 0;
}

void remote_rollback(struct state_store *store)
{
    struct remote_txn *txn = &remote_of(store)->txn;
    struct remote_write *w, *next;
    struct remote_fence *f, *next_fence;

    HASH_ITER(hh, txn->writes, w, next)
    {
        HASH_DEL(txn->writes, w);
        write_free(w);
    }
    HASH_ITER(hh, txn->fences, f, next_fence)
    {
        HASH_DEL(txn->fences, f);
        free(f);
    }
    free(txn->writer);
    *txn = (struct remote_txn){0};
}

int remote_commit(struct state_store *store, struct error *e)
{
    struct remote_store *r = remote_of(store);
    const struct remote_txn *txn = &r->txn;
    bool empty = txn->writes == NULL && txn->fences == NULL && txn->writer == NULL;

    if (!empty && r->remote->apply(r, txn, e) != 0)
        return -1;
    remote_rollback(store); /* forgets it */
    return 0;
}

static int check_size(const struct remote_txn *txn, size_t more, struct error *e)
{
    if (txn->bytes + more <= TXN_BYTES_MAX)
        return 0;
    return error_set(e, ERROR_LIMIT, "a transaction of state with more than %d MiB",
                     TXN_BYTES_MAX / 1024 / 1024);
}

int remote_put(struct state_store *store, const char *plugin, const struct state_row *row,
               struct error *e)
{
    struct remote_txn *txn = &remote_of(store)->txn;
    struct remote_write *w;

    if (check_size(txn, row->key_len + row->value_len, e) != 0)
        return -1;
    w = need_write(txn, plugin, row->key, row->key_len);
    w->value = mem_strndup(row->value, row->value_len);
    w->value_len = row->value_len;
    w->expires_ms = row->expires_ms;
    txn->bytes += row->value_len;
    return 0;
}

int remote_remove(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                  struct error *e)
{
    struct remote_txn *txn = &remote_of(store)->txn;

    if (check_size(txn, key_len, e) != 0)
        return -1;
    need_write(txn, plugin, key, key_len);
    return 0;
}

int remote_stamp(struct state_store *store, const char *writer, uint64_t number, struct error *e)
{
    struct remote_txn *txn = &remote_of(store)->txn;

    if (*writer == '\0' || strlen(writer) > LIMIT_NAME_BYTES || number == 0 || number > INT64_MAX)
        return error_set(e, ERROR_INTERNAL, "a stamp of state without a writer or a number");
    free(txn->writer);
    txn->writer = mem_strdup(writer);
    txn->number = number;
    return 0;
}

int remote_fence(struct state_store *store, const char *plugin, uint64_t token, struct error *e)
{
    struct remote_txn *txn = &remote_of(store)->txn;
    struct remote_fence *fence;

    (void)e;
    HASH_FIND_STR(txn->fences, plugin, fence);
    if (fence == NULL) {
        fence = mem_zero(1, sizeof *fence);
        memcpy(fence->plugin, plugin, strlen(plugin) + 1);
        HASH_ADD_STR(txn->fences, plugin, fence);
    }
    fence->token = token;
    return 0;
}

/* ---- reads: the server's rows, with the writes laid over them ---- */

static bool live(int64_t expires_ms, int64_t now_ms)
{
    return expires_ms == 0 || expires_ms > now_ms;
}

struct rows {
    const struct remote_txn *txn;
    const char *plugin;
    int64_t now_ms;
    struct state_row *items;
    size_t count, room;
};

static void add_row(struct rows *rows, const struct state_row *row)
{
    struct state_row *copy;

    if (!live(row->expires_ms, rows->now_ms))
        return;
    if (rows->count == rows->room) {
        rows->room = rows->room ? 2 * rows->room : 16;
        rows->items = mem_resize(rows->items, rows->room * sizeof *rows->items);
    }
    copy = &rows->items[rows->count++];
    *copy = *row;
    copy->key = mem_strndup(row->key, row->key_len);
    copy->value = mem_strndup(row->value, row->value_len);
}

static int take_row(void *arg, const struct state_row *row)
{
    struct rows *rows = arg;

    if (find_write(rows->txn, rows->plugin, row->key, row->key_len) == NULL)
        add_row(rows, row);
    return 0;
}

static void add_written(struct rows *rows)
{
    for (const struct remote_write *w = rows->txn->writes; w != NULL; w = w->hh.next)
        if (w->value != NULL && strcmp(w->plugin, rows->plugin) == 0)
            add_row(rows,
                    &(struct state_row){w->key, w->key_len, w->value, w->value_len, w->expires_ms});
}

static int by_key(const void *a, const void *b)
{
    const struct state_row *x = a, *y = b;
    int order = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);

    if (order != 0)
        return order;
    return x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
}

int remote_load(struct state_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
                void *arg, struct error *e)
{
    struct remote_store *r = remote_of(store);
    struct rows rows = {.txn = &r->txn, .plugin = plugin, .now_ms = now_ms};
    int rc = r->remote->load(r, plugin, now_ms, take_row, &rows, e);

    if (rc == 0) {
        add_written(&rows);
        if (rows.count > 0)
            qsort(rows.items, rows.count, sizeof *rows.items, by_key);
        for (size_t i = 0; i < rows.count && rc == 0; i++)
            rc = each(arg, &rows.items[i]);
    }
    for (size_t i = 0; i < rows.count; i++) {
        free((char *)rows.items[i].key);
        free((char *)rows.items[i].value);
    }
    free(rows.items);
    return rc;
}

struct name {
    UT_hash_handle hh;
    char text[LIMIT_NAME_BYTES + 1];
};

static int take_name(void *arg, const char *plugin)
{
    struct name **names = arg, *name;

    if (strlen(plugin) > LIMIT_NAME_BYTES)
        return 0; /* nobody can have written it through this interface */
    HASH_FIND_STR(*names, plugin, name);
    if (name == NULL) {
        name = mem_zero(1, sizeof *name);
        memcpy(name->text, plugin, strlen(plugin) + 1);
        HASH_ADD_STR(*names, text, name);
    }
    return 0;
}

static int by_text(const struct name *a, const struct name *b)
{
    return strcmp(a->text, b->text);
}

/* Whether the plugin has a row on the server that the transaction does not remove. */
static int mark_row(void *arg, const struct state_row *row)
{
    struct rows *rows = arg;
    const struct remote_write *w = find_write(rows->txn, rows->plugin, row->key, row->key_len);

    if (w == NULL || w->value != NULL)
        rows->count++;
    return 0;
}

/* Names whose every row the transaction removes are taken out. Expired rows count as rows. */
static int drop_emptied(struct remote_store *r, struct name **names, struct error *e)
{
    struct name *name, *next;

    HASH_ITER(hh, *names, name, next)
    {
        struct rows rows = {.txn = &r->txn, .plugin = name->text};
        bool removes = false;
        for (const struct remote_write *w = r->txn.writes; w != NULL; w = w->hh.next) {
            if (strcmp(w->plugin, name->text) == 0 && w->value == NULL)
                removes = true;
            if (strcmp(w->plugin, name->text) == 0 && w->value != NULL)
                rows.count++;
        }
        if (!removes || rows.count > 0)
            continue;
        if (r->remote->load(r, name->text, INT64_MIN, mark_row, &rows, e) != 0)
            return -1;
        if (rows.count == 0) {
            HASH_DEL(*names, name);
            free(name);
        }
    }
    return 0;
}

int remote_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct remote_store *r = remote_of(store);
    struct name *names = NULL, *name, *next;
    int rc = r->remote->list(r, take_name, &names, e);

    if (rc == 0) {
        for (const struct remote_write *w = r->txn.writes; w != NULL; w = w->hh.next)
            if (w->value != NULL)
                take_name(&names, w->plugin);
        rc = drop_emptied(r, &names, e);
    }
    HASH_SORT(names, by_text);
    HASH_ITER(hh, names, name, next)
    {
        if (rc == 0)
            rc = each(arg, name->text);
        HASH_DEL(names, name);
        free(name);
    }
    return rc;
}

/* ---- sweep ---- */

struct sweep {
    struct remote_txn *txn;
    int64_t now_ms;
    size_t limit, count;
};

static void sweep_written(struct sweep *s)
{
    for (struct remote_write *w = s->txn->writes; w != NULL && s->count < s->limit;
         w = w->hh.next) {
        if (w->value == NULL || live(w->expires_ms, s->now_ms))
            continue;
        need_write(s->txn, w->plugin, w->key, w->key_len); /* becomes a removal */
        s->count++;
    }
}

static int sweep_row(void *arg, const char *plugin, const char *key, size_t key_len)
{
    struct sweep *s = arg;

    if (s->count >= s->limit || find_write(s->txn, plugin, key, key_len) != NULL)
        return 0;
    need_write(s->txn, plugin, key, key_len)->expired_by = s->now_ms;
    s->count++;
    return 0;
}

int remote_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                 struct error *e)
{
    struct remote_store *r = remote_of(store);
    struct sweep s = {&r->txn, now_ms, limit, 0};
    size_t hidden = HASH_COUNT(r->txn.writes); /* rows that the transaction has dealt with */

    sweep_written(&s);
    if (s.count < limit) {
        size_t ask = limit - s.count;
        ask = ask > SIZE_MAX - hidden ? SIZE_MAX : ask + hidden;
        if (r->remote->expired(r, now_ms, ask, sweep_row, &s, e) != 0)
            return -1;
    }
    *removed = s.count;
    return 0;
}

/* ---- fences that did not hold ---- */

struct lease_check {
    const struct remote_txn *txn;
    char holder[STATE_OWNER_BYTES];
    const struct remote_fence *lost;
    size_t passed;
};

static int check_lease(void *arg, const struct state_lease *lease)
{
    struct lease_check *check = arg;
    const struct remote_fence *f;

    HASH_FIND_STR(check->txn->fences, lease->plugin, f);
    if (f == NULL)
        return 0;
    if (f->token == lease->token) {
        check->passed++;
        return 0;
    }
    if (check->lost == NULL)
        memcpy(check->holder, lease->label, sizeof check->holder);
    check->lost = check->lost ? check->lost : f;
    return 0;
}

int remote_fenced(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct lease_check check = {.txn = txn, .lost = NULL};

    if (store->base.ops->leases->list(&store->base, check_lease, &check, e) < 0)
        return -1;
    if (check.lost == NULL && check.passed < HASH_COUNT(txn->fences)) {
        check.lost = txn->fences; /* a lease that nobody has: any of them names the trouble */
        snprintf(check.holder, sizeof check.holder, "nobody: the lease is gone");
    }
    if (check.lost == NULL)
        return error_set(e, ERROR_STORE, "a lease changed while a commit was checked against it");
    error_set(e, ERROR_STORE_FENCED, "the lease of %s is not ours any more; it is held by %s",
              check.lost->plugin, check.holder);
    error_locate(e, check.lost->plugin, 0);
    return -1;
}
