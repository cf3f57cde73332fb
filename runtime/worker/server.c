#include "worker/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "bindings/config_script.h"
#include "bindings/snapshot.h"
#include "io/confine.h"
#include "model/kv.h"
#include "worker/modules.h"
#include "worker/server_impl.h"

#define TEXT_BYTES (1024 * 1024) /* what a message carries of a manifest or a configuration */

struct server *server_new(struct status_page *page)
{
    struct server *server = mem_zero(1, sizeof *server);

    server->page = page;
    server->decoder = message_decoder_new(SIDE_CORE);
    server->modules = module_set_new(NULL);
    server->markets = snapshots_new();
    server->vaults = snapshots_new();
    buf_init(&server->text, TEXT_BYTES);
    buf_init(&server->reads, 2 * LIMIT_READ_BYTES);
    return server;
}

static void slot_free(struct server *server, struct slot *slot)
{
    HASH_DEL(server->slots, slot);
    plugin_free(slot->plugin);
    server_drop_waiting(server, slot);
    module_set_unref(slot->modules);
    free(slot->broken_key);
    free(slot);
}

static void config_release(struct server *server)
{
    config_script_free(server->config);
    module_set_unref(server->config_modules);
    server->config = NULL;
    server->config_modules = NULL;
}

void server_free(struct server *server)
{
    struct slot *slot, *next;

    HASH_ITER(hh, server->slots, slot, next)
    {
        slot_free(server, slot);
    }
    config_release(server);
    module_set_unref(server->modules);
    snapshots_free(server->markets);
    snapshots_free(server->vaults);
    server_free_spare(server);
    buf_release(&server->text);
    message_decoder_free(server->decoder);
    free(server->writes);
    free(server->logs);
    buf_release(&server->reads);
    free(server);
}

static struct slot *slot_find(const struct server *server, uint32_t id, struct error *e)
{
    struct slot *slot;

    HASH_FIND(hh, server->slots, &id, sizeof id, slot);
    if (slot == NULL)
        error_set(e, ERROR_PROTOCOL, "message '%s' for slot %u, which was never loaded",
                  message_name(server->in.type), id);
    return slot;
}

static int handle_modules(struct server *server)
{
    module_set_unref(server->modules);
    server->modules = module_set_new(&server->in.as.modules);
    return 0;
}

static int handle_config(struct server *server, struct buf *out, struct error *e)
{
    const struct message_config *in = &server->in.as.config;
    struct message_config_result *answer = &server->answer.as.config_result;
    struct error why = ERROR_INIT;

    config_release(server);
    buf_clear(&server->text);
    server->config_modules = module_set_ref(server->modules);
    server->config = config_script_new(module_set_lookup(server->config_modules), &why);
    if (server->config != NULL && config_script_load(server->config, in->file, in->source.data,
                                                     in->source.len, &server->text, &why) < 0)
        config_release(server);
    server->answer.type = MESSAGE_CONFIG_RESULT;
    server_failure(server, &answer->failure, &why);
    answer->json = (struct text){NULL, 0};
    if (why.code == ERROR_NONE)
        answer->json = (struct text){buf_text(&server->text), server->text.len};
    return message_encode(out, &server->answer, e);
}

static int handle_state_for(struct server *server, struct buf *out, struct error *e)
{
    struct message_state_url *answer = &server->answer.as.state_url;
    struct error why = ERROR_INIT;

    buf_clear(&server->text);
    if (server->config == NULL)
        error_set(&why, ERROR_CONFIG, "no configuration is loaded that could be asked");
    else
        config_script_url_for(server->config, server->in.as.state_for.setting,
                              server->in.as.state_for.plugin, &server->text, &why);
    server->answer.type = MESSAGE_STATE_URL;
    server_failure(server, &answer->failure, &why);
    answer->url = why.code == ERROR_NONE ? buf_text(&server->text) : NULL;
    return message_encode(out, &server->answer, e);
}

static struct slot *slot_add(struct server *server, uint32_t id)
{
    struct slot *slot = mem_zero(1, sizeof *slot);

    slot->id = id;
    slot->modules = module_set_ref(server->modules);
    HASH_ADD(hh, server->slots, id, sizeof id, slot);
    return slot;
}

static int load_plugin(struct server *server, struct slot *slot, struct error *e)
{
    const struct message_load *in = &server->in.as.load;
    struct plugin_limits limits = {.memory = in->memory,
                                   .soft_ms = in->soft_ms,
                                   .value_bytes = in->value_bytes,
                                   .state_bytes = in->state_bytes};
    int result;

    buf_clear(&server->text);
    slot->plugin = plugin_new(&limits, module_set_lookup(slot->modules), e);
    if (slot->plugin == NULL)
        return -1;
    server_page_begin(server->page, slot->id);
    result = plugin_load(slot->plugin, in->file, in->source.data, in->source.len, &server->text, e);
    server_page_end(server->page);
    return result;
}

static int answer_loaded(struct server *server, const struct slot *slot, const struct error *why,
                         struct buf *out, struct error *e)
{
    struct message_loaded *answer = &server->answer.as.loaded;
    size_t count = slot->plugin ? plugin_required_count(slot->plugin) : 0;

    server->answer.type = MESSAGE_LOADED;
    answer->slot = slot->id;
    server_failure(server, &answer->failure, why);
    answer->manifest = (struct text){NULL, 0};
    if (why->code == ERROR_NONE)
        answer->manifest = (struct text){buf_text(&server->text), server->text.len};
    answer->module_count = count < LIMIT_MODULES ? count : LIMIT_MODULES;
    for (size_t i = 0; i < answer->module_count; i++)
        answer->modules[i] = plugin_required(slot->plugin, i);
    answer->memory = slot->plugin ? plugin_memory(slot->plugin) : 0;
    return message_encode(out, &server->answer, e);
}

static int handle_load(struct server *server, struct buf *out, struct error *e)
{
    uint32_t id = server->in.as.load.slot;
    struct error why = ERROR_INIT;
    struct slot *slot;
    int result;

    HASH_FIND(hh, server->slots, &id, sizeof id, slot);
    if (slot != NULL)
        return error_set(e, ERROR_PROTOCOL, "slot %u is loaded already", id);
    slot = slot_add(server, id);
    load_plugin(server, slot, &why);
    result = answer_loaded(server, slot, &why, out, e);
    if (why.code != ERROR_NONE) {
        plugin_free(slot->plugin);
        slot->plugin = NULL;
    }
    return result;
}

static int handle_bind(struct server *server, struct error *e)
{
    const struct message_bind *in = &server->in.as.bind;
    struct slot *slot = slot_find(server, in->slot, e);

    if (slot == NULL)
        return -1;
    if (slot->plugin != NULL)
        plugin_bind(slot->plugin, in->plugin, in->vault, in->params.data, in->params.len);
    return 0;
}

static int handle_unload(struct server *server, struct error *e)
{
    struct slot *slot = slot_find(server, server->in.as.unload.slot, e);

    if (slot == NULL)
        return -1;
    slot_free(server, slot);
    return 0;
}

/* An entry that cannot be read breaks its plugin, not the worker. */
static void put_entry(struct slot *slot, const struct message_state_entry *in, const char *key)
{
    struct kv *kv = plugin_state(slot->plugin);
    struct error why = ERROR_INIT;

    if (slot->broken_key != NULL && strcmp(slot->broken_key, key) == 0) {
        free(slot->broken_key);
        slot->broken_key = NULL;
    }
    if (in->value.data == NULL) {
        kv_unload(kv, in->key.data, in->key.len);
    } else if (kv_load(kv, in->key.data, in->key.len, in->value.data, in->value.len, in->expires_ms,
                       &why) < 0 &&
               slot->broken_key == NULL) {
        error_prefix(&why, "the stored state entry '%s' cannot be used: ", key);
        slot->broken = why;
        slot->broken_key = mem_strdup(key);
    }
}

static int handle_state_entry(struct server *server, struct error *e)
{
    const struct message_state_entry *in = &server->in.as.state_entry;
    struct slot *slot = slot_find(server, in->slot, e);
    char *key;

    if (slot == NULL)
        return -1;
    if (slot->plugin == NULL)
        return 0;
    key = mem_strndup(in->key.data, in->key.len);
    put_entry(slot, in, key);
    free(key);
    return 0;
}

static int handle_last(struct server *server, struct error *e)
{
    const struct message_last *in = &server->in.as.last;
    struct slot *slot = slot_find(server, in->slot, e);

    if (slot == NULL)
        return -1;
    if (slot->plugin != NULL)
        plugin_set_last(slot->plugin, in->json.data, in->json.len);
    return 0;
}

static int handle_tick(struct server *server, struct buf *out, struct error *e)
{
    struct slot *slot = slot_find(server, server->in.as.tick.slot, e);

    return slot ? server_tick(server, slot, out, e) : -1;
}

static int handle_hook(struct server *server, struct buf *out, struct error *e)
{
    struct slot *slot = slot_find(server, server->in.as.hook.slot, e);

    return slot ? server_hook(server, slot, out, e) : -1;
}

static int handle_db_result(struct server *server, struct buf *out, struct error *e)
{
    struct slot *slot = slot_find(server, server->in.as.db_result.slot, e);

    return slot ? server_db_result(server, slot, out, e) : -1;
}

static int handle_probe(struct server *server, struct buf *out, struct error *e)
{
    server->answer.type = MESSAGE_PROBED;
    server->answer.as.probed.result = confine_try(server->in.as.probe.what);
    return message_encode(out, &server->answer, e);
}

int server_handle(struct server *server, const char *frame, size_t len, struct buf *out,
                  struct error *e)
{
    const struct message *in = &server->in;

    if (message_decode(server->decoder, frame, len, &server->in, e) < 0)
        return -1;
    switch (in->type) {
    case MESSAGE_MODULES:
        return handle_modules(server);
    case MESSAGE_CONFIG:
        return handle_config(server, out, e);
    case MESSAGE_STATE_FOR:
        return handle_state_for(server, out, e);
    case MESSAGE_LOAD:
        return handle_load(server, out, e);
    case MESSAGE_BIND:
        return handle_bind(server, e);
    case MESSAGE_UNLOAD:
        return handle_unload(server, e);
    case MESSAGE_STATE_ENTRY:
        return handle_state_entry(server, e);
    case MESSAGE_MARKET:
        snapshots_put(server->markets, in->as.market.feed, in->as.market.json.data,
                      in->as.market.json.len);
        return 0;
    case MESSAGE_VAULT:
        snapshots_put(server->vaults, in->as.vault.vault, in->as.vault.json.data,
                      in->as.vault.json.len);
        return 0;
    case MESSAGE_LAST:
        return handle_last(server, e);
    case MESSAGE_TICK:
        return handle_tick(server, out, e);
    case MESSAGE_HOOK:
        return handle_hook(server, out, e);
    case MESSAGE_DB_RESULT:
        return handle_db_result(server, out, e);
    case MESSAGE_PROBE:
        return handle_probe(server, out, e);
    default:
        return error_set(e, ERROR_PROTOCOL, "core may not send '%s'", message_name(in->type));
    }
}
