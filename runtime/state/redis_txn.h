/*
 * redis_txn: a transaction's writes, plugin by plugin, and how they are written. For redis_apply.c,
 * which judges whether they may be.
 */
#ifndef ORRERY_STATE_REDIS_TXN_H
#define ORRERY_STATE_REDIS_TXN_H

#include "state/redis_store.h"

struct redis_item {
    const struct remote_write *write;
    bool stays; /* the entry of a conditional removal is not expired any more */
};

/* The writes of one plugin. */
struct redis_group {
    UT_hash_handle hh;
    const char *plugin;
    struct redis_item *items;
    size_t count, room;
};

struct redis_txn {
    struct redis_store *store;
    const struct remote_txn *txn;
    struct redis_group *groups;     /* uthash: iterate by hh.next */
    int64_t server_ms;              /* the server's clock */
    bool again;                     /* not the first try: every token is read */
    bool relies;                    /* on a token that was read earlier */
    char grants[REDIS_GRANTS_SIZE]; /* as read now, "" when it cannot be kept */
    bool done;                      /* the stamp is recorded already */
};

void redis_txn_group(struct redis_txn *t); /* fills `groups` */
void redis_txn_release(struct redis_txn *t);

/* Collects the commands for what does not stay, and for the stamp. None of them can fail once the
 * server has accepted it. */
void redis_txn_write(struct redis_txn *t);

bool redis_is_conditional(const struct redis_item *item);
struct redis_key *redis_item_key(const struct redis_txn *t, const struct redis_item *item,
                                 struct redis_key *key);
void redis_arg_entry(struct redis_txn *t, const struct redis_item *item);

#endif
