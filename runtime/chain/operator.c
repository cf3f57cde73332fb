#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "chain/parts.h"

void operator_init(struct chain_operator *o, struct chain *chain,
                   const struct operator_config *config)
{
    const struct sui_address *address = signer_address(chain->signer, config->name);

    *o = (struct chain_operator){
        .chain = chain, .config = config, .claim = -1, .coins_wanted = true};
    if (address != NULL)
        o->address = *address;
    sui_address_text(&o->address, o->account);
    foreign_know(o);
}

/* A name that only one process of this machine can have, for as long as it lives. Daemons that
 * share a journal are kept apart by the journal's lock; these have another one. */
int operator_claim(struct chain_operator *o, struct error *e)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int used =
        snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "orrery-operator-%s", o->account);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set(e, ERROR_IO, "cannot make a socket: %s", strerror(errno));
    if (bind(fd, (struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)used)) == 0) {
        o->claim = fd;
        return 0;
    }
    close(fd);
    error_hint(e, "end the other one: two would use the same gas coins and objects");
    return error_set(e, ERROR_STORE_LOCKED,
                     "another daemon on this machine has operator '%s' already, the address %s",
                     o->config->name, o->account);
}

void operator_release(struct chain_operator *o)
{
    while (o->vaults != NULL) {
        struct chain_vault *v = o->vaults;
        o->vaults = v->next;
        chain_vault_release(&v->own);
        outside_spends_release(&v->spends);
        free(v);
    }
    if (o->claim >= 0)
        close(o->claim);
    gas_pool_release(&o->pool);
    owned_book_release(&o->book);
    foreign_release(o);
}

void operator_name_objects(struct chain_operator *o, const struct recipe *recipe)
{
    for (size_t i = 0; i < recipe_object_count(recipe); i++) {
        const struct recipe_object *object = recipe_object_at(recipe, i);
        owned_book_name(&o->book, &object->id, object->is_shared, object->initial_version);
    }
    o->objects_known = owned_book_unknown(&o->book) == 0;
}

void operator_halt(struct chain_operator *o, const char *why)
{
    if (o->halted[0] != '\0')
        return;
    snprintf(o->halted, sizeof o->halted, "%s", why);
    chain_say(o->chain, LOG_ERROR, "", "operator '%s' is halted: %s", o->config->name, why);
    chain_changed(o->chain);
}

bool operator_ready(const struct chain_operator *o)
{
    return o->chain->epoch_known && o->coins_known && o->objects_known;
}

/* ---- coins and objects that are not certain ---- */

static void now_known(struct chain_operator *o)
{
    if (operator_ready(o)) {
        o->trouble[0] = '\0';
        chain_changed(o->chain);
    }
    chain_soon(o->chain);
}

/* A list that is cut off says nothing of what is not in it. It was asked for after the doubt, but
 * for one that was under way then, which is why it takes two. */
static void miss_coins(struct chain_operator *o, const struct rpc_coin *coins, size_t count)
{
    struct sui_address *listed;
    size_t gone;

    if (count == GAS_COINS || gas_pool_count(&o->pool, GAS_UNCERTAIN) == 0)
        return;
    listed = mem_zero(count + 1, sizeof *listed);
    for (size_t i = 0; i < count; i++)
        listed[i] = coins[i].ref.id;
    gone = gas_pool_miss(&o->pool, listed, count, chain_now_ns(o->chain),
                         o->chain->config.proof_ms * 1000000);
    free(listed);
    if (gone > 0)
        chain_say(o->chain, LOG_WARN, "",
                  "operator '%s': %zu of its gas coins %s gone, merged or spent elsewhere with the "
                  "key of %s",
                  o->config->name, gone, gone == 1 ? "is" : "are", o->account);
}

static void on_coins(void *arg, const struct rpc_answer *a, const struct rpc_coin *coins,
                     size_t count)
{
    struct chain_operator *o = arg;

    o->coins_busy = false;
    o->coins_ns = chain_now_ns(o->chain) + RETRY_NS;
    if (a->result != RPC_OK) {
        snprintf(o->trouble, sizeof o->trouble, "%.250s", a->message);
        return;
    }
    for (size_t i = 0; i < count; i++)
        gas_pool_learn(&o->pool, &coins[i].ref, coins[i].balance);
    miss_coins(o, coins, count);
    o->coins_wanted = false;
    o->coins_known = true;
    o->funds_ns = chain_now_ns(o->chain) + FUNDS_NS;
    now_known(o);
}

static void ask_coins(struct chain_operator *o)
{
    struct error e = ERROR_INIT;

    if (o->coins_busy || chain_now_ns(o->chain) < o->coins_ns)
        return;
    o->coins_busy = rpc_ask_coins(o->chain->rpc, &o->address, GAS_COINS, on_coins, o, &e) == 0;
    if (!o->coins_busy)
        o->coins_ns = chain_now_ns(o->chain) + RETRY_NS;
}

static void learn_object(struct chain_operator *o, struct owned_object *item,
                         const struct rpc_object *object)
{
    char id[SUI_ADDRESS_TEXT_SIZE];

    sui_address_text(&item->ref.id, id);
    if (!object->found) {
        snprintf(o->trouble, sizeof o->trouble, "the chain has no object %s", id);
    } else if (item->is_shared && object->owner == RPC_SHARED) {
        item->initial_version = object->initial_version;
        item->is_known = true;
    } else if (item->is_shared) {
        snprintf(o->trouble, sizeof o->trouble, "object %s is not a shared one", id);
    } else if (object->owner == RPC_SHARED || object->owner == RPC_OTHER_OWNER ||
               (object->owner == RPC_OWNED && !sui_address_equal(&object->address, &o->address))) {
        snprintf(o->trouble, sizeof o->trouble, "object %s is not the operator's (%s)", id,
                 o->account);
    } else if (object->owner == RPC_IMMUTABLE) {
        owned_book_freeze(&o->book, &object->ref);
    } else {
        owned_book_learn(&o->book, &object->ref);
    }
}

static void on_objects(void *arg, const struct rpc_answer *a, const struct rpc_object *objects,
                       size_t count)
{
    struct chain_operator *o = arg;

    o->objects_busy = false;
    o->objects_ns = chain_now_ns(o->chain) + RETRY_NS / 2;
    if (a->result != RPC_OK) {
        snprintf(o->trouble, sizeof o->trouble, "%.250s", a->message);
        return;
    }
    for (size_t i = 0; i < count && i < o->asked_count; i++) {
        struct owned_object *item = owned_book_find(&o->book, &o->asked[i]);
        if (item != NULL)
            learn_object(o, item, &objects[i]);
    }
    if (owned_book_unknown(&o->book) == 0)
        o->objects_known = true;
    now_known(o);
}

static void ask_objects(struct chain_operator *o)
{
    struct error e = ERROR_INIT;
    size_t count = 0;

    if (o->objects_busy || chain_now_ns(o->chain) < o->objects_ns)
        return;
    for (size_t i = 0; i < o->book.count && count < RPC_OBJECTS; i++)
        if (!o->book.items[i].is_known && !o->book.items[i].is_reserved)
            o->asked[count++] = o->book.items[i].ref.id;
    if (count == 0) { /* what is reserved is known by its submission */
        if (!o->objects_known) {
            o->objects_known = true;
            now_known(o);
        }
        return;
    }
    o->asked_count = count;
    o->objects_busy =
        rpc_ask_objects(o->chain->rpc, o->asked, count, false, on_objects, o, &e) == 0;
    if (!o->objects_busy)
        o->objects_ns = chain_now_ns(o->chain) + RETRY_NS;
}

/* Somebody may have sent coins meanwhile. */
static bool is_short_of_gas(const struct chain_operator *o)
{
    uint64_t ceiling = o->config->gas_budget_max;

    return chain_now_ns(o->chain) >= o->funds_ns &&
           gas_pool_choose(&o->pool, ceiling, ceiling) == NULL;
}

void operator_pulse(struct chain_operator *o)
{
    /* Nothing is known of a pool before the epoch: the chain is not checked yet. */
    if (!o->chain->epoch_known)
        return;
    gas_pool_unshelve(&o->pool, o->chain->epoch);
    if (o->coins_wanted || gas_pool_count(&o->pool, GAS_UNCERTAIN) > 0 || is_short_of_gas(o))
        ask_coins(o);
    ask_objects(o);
    if (o->waiting != NULL)
        chain_soon(o->chain);
    upkeep_consider(o);
    foreign_pulse(o);
    for (struct chain_vault *v = o->vaults; v != NULL; v = v->next)
        if (!v->closed)
            snapshot_pulse(v);
}

/* Lets the batches that wait go on, the oldest first. */
void operator_wake(struct chain_operator *o)
{
    struct batch *next;

    upkeep_consider(o);
    for (struct batch *b = o->waiting; b != NULL; b = next) {
        next = batch_next(b);
        (void)batch_advance(b);
    }
}

/* ---- what is in the way ---- */

const char *operator_obstacle(struct chain_operator *o)
{
    const struct chain *chain = o->chain;
    const char *why = chain->trouble[0] != '\0' ? chain->trouble : o->trouble;

    if (o->halted[0] != '\0')
        snprintf(o->obstacle, sizeof o->obstacle, "halted: %s", o->halted);
    else if (!operator_ready(o))
        snprintf(o->obstacle, sizeof o->obstacle, "%s%s",
                 why[0] ? "not ready: " : "the chain has not answered yet", why);
    else if (chain->trouble[0] != '\0' && !chain_epoch_fresh(chain))
        snprintf(o->obstacle, sizeof o->obstacle, "the chain does not answer any more: %s",
                 chain->trouble);
    else
        return NULL;
    return o->obstacle;
}

json_t *operator_status(const struct chain_operator *o)
{
    uint64_t balance = 0;
    json_t *out, *coins;

    for (size_t i = 0; i < o->pool.count; i++)
        balance += o->pool.coins[i].balance;
    coins =
        json_pack("{s:I, s:I, s:I, s:I}", "free", (json_int_t)gas_pool_count(&o->pool, GAS_FREE),
                  "reserved", (json_int_t)gas_pool_count(&o->pool, GAS_RESERVED), "uncertain",
                  (json_int_t)gas_pool_count(&o->pool, GAS_UNCERTAIN), "shelved",
                  (json_int_t)gas_pool_count(&o->pool, GAS_SHELVED));
    out = json_pack("{s:s, s:s, s:b, s:o, s:I, s:I}", "name", o->config->name, "address",
                    o->account, "ready", operator_ready(o), "coins", coins, "balance",
                    (json_int_t)balance, "foreign", (json_int_t)o->foreign.count);
    if (o->chain->epoch_known) {
        json_object_set_new(out, "epoch", json_integer((json_int_t)o->chain->epoch));
        json_object_set_new(out, "gas_price", json_integer((json_int_t)o->chain->gas_price));
    }
    if (o->foreign.count > 0)
        json_object_set_new(out, "foreign_last", json_string(o->foreign.last));
    if (o->halted[0] != '\0')
        json_object_set_new(out, "halted", json_string(o->halted));
    return out;
}
