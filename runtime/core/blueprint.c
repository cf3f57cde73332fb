#include "core/blueprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/intake_check.h"
#include "core/registry.h"
#include "core/session.h"
#include "core/versions.h"
#include "model/place.h"
#include "model/value.h"

/* One evaluation under way: the session is replaced when a file kills its worker. */
struct maker {
    struct blueprint *b;
    struct session *session;
    const struct registry *registry;
};

static void free_plugin(struct blueprint_plugin *p)
{
    manifest_release(&p->manifest);
    json_decref(p->params);
    free(p->state_url);
    free(p->tables_url);
    free(p->content);
}

void blueprint_free(struct blueprint *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->plugin_count; i++)
        free_plugin(&b->plugins[i]);
    free(b->plugins);
    config_release(&b->config);
    json_decref(b->config_json);
    problems_release(&b->problems);
    desk_release(&b->desk);
    free(b);
}

static void failure_to_error(const struct message_failure *f, struct error *e)
{
    error_set(e, error_from_name(f->code), "%s", f->message);
    error_locate(e, f->where, f->line);
}

static int send_modules(struct session *session, const struct desk *desk, struct error *e)
{
    struct message *m = mem_zero(1, sizeof *m);
    int result;

    m->type = MESSAGE_MODULES;
    m->as.modules.count = desk->modules.count;
    for (size_t i = 0; i < desk->modules.count; i++) {
        const struct desk_file *file = &desk->modules.items[i];
        m->as.modules.items[i] =
            (struct message_module){file->name, file->path, {file->source, file->len}};
    }
    result = session_send(session, m, e);
    free(m);
    return result;
}

/* Evaluates orrery.lua. 0 with the table as JSON, or -1. */
static int evaluate_config(struct session *session, const struct desk *desk, json_t **out,
                           struct error *e)
{
    struct message q = {.type = MESSAGE_CONFIG};
    struct message *a;

    q.as.config.file = desk->config_file.path;
    q.as.config.source = (struct text){desk->config_file.source, desk->config_file.len};
    if (session_ask(session, &q, MESSAGE_CONFIG_RESULT, &a, e) < 0) {
        error_locate(e, desk->config_file.path, 0);
        return -1;
    }
    if (a->as.config_result.failure.code != NULL) {
        failure_to_error(&a->as.config_result.failure, e);
        return -1;
    }
    *out = value_parse(a->as.config_result.json.data, a->as.config_result.json.len, 1 << 20, e);
    return *out ? 0 : -1;
}

static int open_session(struct maker *m, struct error *e)
{
    json_t *ignored = NULL;

    session_close(m->session);
    m->session = NULL;
    if (session_open(&m->session, LIMIT_HARD_DEADLINE_MS + 500, e) < 0 ||
        send_modules(m->session, &m->b->desk, e) < 0)
        return -1;
    if (m->b->config_json == NULL)
        return 0;
    /* A new worker after the first died: it needs the state factory again. */
    if (evaluate_config(m->session, &m->b->desk, &ignored, e) < 0)
        return -1;
    json_decref(ignored);
    return 0;
}

static int make_config(struct maker *m, struct error *e)
{
    struct blueprint *b = m->b;
    const struct message_hello *hello;
    struct error problem = ERROR_INIT;

    if (open_session(m, e) < 0)
        return -1;
    hello = session_hello(m->session);
    snprintf(b->lua, sizeof b->lua, "%s", hello->lua);
    b->landlock_abi = hello->landlock_abi;
    if (evaluate_config(m->session, &b->desk, &b->config_json, &problem) < 0) {
        problem_add_error(&b->problems, b->desk.config_file.path, &problem);
        return 0;
    }
    b->config_ok =
        config_parse(b->config_json, b->desk.config_file.source, &b->config, &b->problems) == 0;
    return 0;
}

/* What the function `setting` of orrery.lua says. */
static int ask_url(struct session *session, const char *setting, const char *plugin, char **url,
                   struct error *e)
{
    struct message q = {.type = MESSAGE_STATE_FOR};
    struct message *a;

    q.as.state_for.setting = setting;
    q.as.state_for.plugin = plugin;
    if (session_ask(session, &q, MESSAGE_STATE_URL, &a, e) < 0)
        return -1;
    if (a->as.state_url.failure.code != NULL) {
        failure_to_error(&a->as.state_url.failure, e);
        return -1;
    }
    *url = mem_strdup(a->as.state_url.url);
    return 0;
}

int blueprint_state_url(const struct blueprint *b, struct session *session, const char *plugin,
                        char **url, struct error *e)
{
    if (b->config.state_is_function)
        return ask_url(session, "state", plugin, url, e);
    *url = mem_strdup(b->config.state);
    return 0;
}

int blueprint_tables_url(const struct blueprint *b, struct session *session, const char *plugin,
                         char **url, struct error *e)
{
    if (b->config.tables_is_function)
        return ask_url(session, "tables", plugin, url, e);
    *url = mem_strdup(b->config.tables);
    return 0;
}

static int load_file(struct maker *m, const struct blueprint_plugin *p, uint32_t slot,
                     struct message **answer, struct error *e)
{
    const struct script_limits *limits = &m->b->config.limits;
    struct message q = {.type = MESSAGE_LOAD};

    q.as.load = (struct message_load){.slot = slot,
                                      .file = p->file->path,
                                      .source = {p->file->source, p->file->len},
                                      .memory = limits->memory,
                                      .soft_ms = (uint32_t)limits->soft_ms,
                                      .value_bytes = limits->value_bytes,
                                      .state_bytes = limits->state_bytes};
    return session_ask(m->session, &q, MESSAGE_LOADED, answer, e);
}

static const json_t *overrides_for(const struct config *config, const char *name)
{
    return json_object_get(json_object_get(config->plugins, name), "params");
}

static int check_vault(struct blueprint *b, struct blueprint_plugin *p)
{
    const char *names[LIMIT_VAULTS + 1] = {NULL};
    char hint[160] = "";

    if (!b->config_ok || config_vault(&b->config, p->manifest.vault_id) != NULL)
        return 0; /* with a wrong configuration that would only repeat its problems */
    for (size_t i = 0; i < b->config.vault_count && i < LIMIT_VAULTS; i++)
        names[i] = b->config.vaults[i].id;
    snprintf(hint, sizeof hint, "add it under `vaults` in orrery.lua%s%s",
             names[0] ? "; there is: " : "", names[0] ? names[0] : "");
    problem_add(&b->problems, p->file->path, 0, hint, "vault_id '%s' is not a vault of this desk",
                p->manifest.vault_id);
    return -1;
}

static int check_unique(struct blueprint *b, size_t index)
{
    const char *name = b->plugins[index].manifest.name;

    for (size_t i = 0; i < index; i++) {
        if (!b->plugins[i].ok || strcmp(b->plugins[i].manifest.name, name) != 0)
            continue;
        problem_add(&b->problems, b->plugins[index].file->path,
                    place_line(b->plugins[index].file->source, b->plugins[index].file->len, "name"),
                    "names are unique per desk: rename one of them",
                    "the name '%s' is taken by %s already", name, b->plugins[i].file->path);
        return -1;
    }
    return 0;
}

/* Where the strategy's own tables live, if it declares any. */
static int settle_tables(struct maker *m, struct blueprint_plugin *p)
{
    struct blueprint *b = m->b;
    struct error e = ERROR_INIT;

    if (p->manifest.schema == NULL ||
        (blueprint_tables_url(b, m->session, p->manifest.name, &p->tables_url, &e) == 0 &&
         m->registry->check_tables_url(p->tables_url, &e) == 0))
        return 0;
    error_prefix(&e, "tables of plugin '%s': ", p->manifest.name);
    problem_add_error(&b->problems, b->desk.config_file.path, &e);
    return -1;
}

/* Everything about a loaded strategy that depends on the desk around it. */
static int settle_plugin(struct maker *m, size_t index, const struct message_loaded *loaded)
{
    struct blueprint *b = m->b;
    struct blueprint_plugin *p = &b->plugins[index];
    struct error e = ERROR_INIT;
    size_t errors = b->problems.errors;

    p->params =
        manifest_params_in(&p->manifest, overrides_for(&b->config, p->manifest.name),
                           b->desk.config_file.path, b->desk.config_file.source, &b->problems);
    check_vault(b, p);
    check_unique(b, index);
    if (p->params == NULL || b->problems.errors != errors)
        return -1;
    if (version_content(p->file, &b->desk.modules, loaded->modules, loaded->module_count,
                        m->registry->version, &p->content, p->version, &e) < 0) {
        problem_add_error(&b->problems, p->file->path, &e);
        return -1;
    }
    p->memory = loaded->memory;
    if (!b->config_ok)
        return -1;
    if (blueprint_state_url(b, m->session, p->manifest.name, &p->state_url, &e) < 0 ||
        m->registry->check_state_url(p->state_url, &e) < 0) {
        error_prefix(&e, "state of plugin '%s': ", p->manifest.name);
        problem_add_error(&b->problems, b->desk.config_file.path, &e);
        return -1;
    }
    return settle_tables(m, p) < 0 || intake_check(b, p, m->registry) < 0 ? -1 : 0;
}

/* Loads one file into the throw-away worker; its problems are added. -1 only when no worker could
 * be had. */
static int make_plugin(struct maker *m, size_t index, struct error *e)
{
    struct blueprint *b = m->b;
    struct blueprint_plugin *p = &b->plugins[index];
    struct error problem = ERROR_INIT;
    struct message *a;
    json_t *declared;
    struct message unload = {.type = MESSAGE_UNLOAD};

    if (load_file(m, p, (uint32_t)index, &a, &problem) < 0) {
        problem_add_error(&b->problems, p->file->path, &problem);
        return open_session(m, e);
    }
    if (a->as.loaded.failure.code != NULL) {
        failure_to_error(&a->as.loaded.failure, &problem);
        problem_add_error(&b->problems, p->file->path, &problem);
        return 0;
    }
    /* The answer's text is gone with the next question (state factory): copy what outlives it. */
    struct message_loaded *loaded = mem_alloc(sizeof *loaded);
    *loaded = a->as.loaded;
    declared = value_parse(loaded->manifest.data, loaded->manifest.len, 1 << 20, &problem);
    if (declared == NULL)
        problem_add_error(&b->problems, p->file->path, &problem);
    else if (manifest_parse(declared, p->file->path, p->file->source, &p->manifest, &b->problems) ==
             0)
        p->ok = settle_plugin(m, index, loaded) == 0;
    else if (p->manifest.vault_id[0] != '\0')
        check_vault(b, p); /* all that is wrong at once */
    json_decref(declared);
    free(loaded);
    unload.as.unload.slot = (uint32_t)index;
    problem = (struct error)ERROR_INIT;
    if (session_send(m->session, &unload, &problem) < 0)
        return open_session(m, e);
    return 0;
}

static bool is_enabled(const struct config *config, const struct blueprint_plugin *p)
{
    const json_t *entry = json_object_get(config->plugins, p->manifest.name);

    return !p->ok || !json_is_false(json_object_get(entry, "enabled"));
}

static void drop_disabled(struct blueprint *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->plugin_count; i++) {
        if (is_enabled(&b->config, &b->plugins[i]))
            b->plugins[kept++] = b->plugins[i];
        else
            free_plugin(&b->plugins[i]);
    }
    b->plugin_count = kept;
}

/* `plugins = { momentumm = … }`: a setting that applies to nothing is most likely a typo. */
static void check_overrides(struct blueprint *b)
{
    const char *name;
    json_t *ignored;

    json_object_foreach(b->config.plugins, name, ignored)
    {
        bool found = false;
        for (size_t i = 0; i < b->plugin_count; i++)
            found |= strcmp(b->plugins[i].manifest.name, name) == 0;
        if (!found)
            problem_warn(&b->problems, b->desk.config_file.path, 0, NULL,
                         "plugins.%s: no strategy of that name was loaded", name);
    }
}

static int make_plugins(struct maker *m, struct error *e)
{
    struct blueprint *b = m->b;
    struct error problem = ERROR_INIT;

    if (desk_read_strategies(&b->desk, b->config.strategies, &b->problems, &problem) < 0) {
        problem_add_error(&b->problems, b->config.strategies, &problem);
        b->config_ok = false;
        return 0;
    }
    b->plugins = mem_zero(b->desk.strategies.count, sizeof *b->plugins);
    b->plugin_count = b->desk.strategies.count;
    for (size_t i = 0; i < b->plugin_count; i++)
        b->plugins[i].file = &b->desk.strategies.items[i];
    for (size_t i = 0; i < b->plugin_count; i++)
        if (b->plugins[i].file->source != NULL && make_plugin(m, i, e) < 0)
            return -1;
    if (b->problems.errors == 0) /* else a name may be missing because its file is broken */
        check_overrides(b);
    drop_disabled(b);
    intake_check_count(b);
    if (b->plugin_count == 0)
        problem_warn(&b->problems, b->desk.config_file.path, 0,
                     "put a strategy there, or set `strategies` to its folder",
                     "no strategy (*.lua) in the folder '%s'", b->config.strategies);
    return 0;
}

static int check_journal(struct maker *m)
{
    struct error e = ERROR_INIT;

    if (m->registry->check_journal_url(m->b->config.journal, &e) == 0)
        return 0;
    error_prefix(&e, "journal: ");
    problem_add_error(&m->b->problems, m->b->desk.config_file.path, &e);
    m->b->config_ok = false;
    return -1;
}

/* What the executors have to say about their own keys. */
static void check_executors(struct maker *m)
{
    struct blueprint *b = m->b;
    size_t errors = b->problems.errors;

    if (m->registry->check_executors == NULL)
        return;
    m->registry->check_executors(&b->config, b->desk.config_file.source, &b->problems);
    if (b->problems.errors != errors)
        b->config_ok = false;
}

int blueprint_make(const char *dir, const struct registry *registry, struct blueprint **out,
                   struct error *e)
{
    struct maker m = {.b = mem_zero(1, sizeof *m.b), .registry = registry};

    if (desk_read(dir, &m.b->desk, e) < 0 || make_config(&m, e) < 0)
        goto fail;
    if (m.b->config_ok) {
        check_journal(&m);
        check_executors(&m);
    }
    /* A wrong setting does not hide what is wrong with the strategies. */
    if (m.b->config.strategies != NULL && make_plugins(&m, e) < 0)
        goto fail;
    session_close(m.session);
    *out = m.b;
    return 0;
fail:
    session_close(m.session);
    blueprint_free(m.b);
    return -1;
}

int blueprint_make_config(const char *dir, struct blueprint **out, struct session **session,
                          struct error *e)
{
    struct maker m = {.b = mem_zero(1, sizeof *m.b)};

    if (desk_read(dir, &m.b->desk, e) < 0 || make_config(&m, e) < 0) {
        session_close(m.session);
        blueprint_free(m.b);
        return -1;
    }
    *out = m.b;
    *session = m.session;
    return 0;
}
