/*
 * From an address to a connection that can be used: connect, log in, choose the database, and look
 * whether this server can keep state at all. One round trip for everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "state/redis_store.h"

/* What INFO and CONFIG say. */
struct server_facts {
    bool known; /* INFO was answered */
    bool replica, cluster, append_only, evicts;
    char master[128], policy[40];
    bool save_known, fsync_known;
    char save[80], fsync[16]; /* save points: "" means none */
};

/* ---- INFO: lines of "name:value\r\n" ---- */

static bool info_field(const char *info, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);

    for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) != 0 || line[len] != ':')
            continue;
        snprintf(out, size, "%.*s", (int)strcspn(line + len + 1, "\r\n"), line + len + 1);
        return true;
    }
    out[0] = '\0';
    return false;
}

static bool info_is(const char *info, const char *name, const char *value)
{
    char text[64];

    return info_field(info, name, text, sizeof text) && strcmp(text, value) == 0;
}

static void read_version(struct redis_store *s, const char *info)
{
    char version[40];

    if (info_field(info, "valkey_version", version, sizeof version))
        snprintf(s->server, sizeof s->server, "Valkey %s", version);
    else if (info_field(info, "redis_version", version, sizeof version))
        snprintf(s->server, sizeof s->server, "Redis %s", version);
}

static void read_info(struct redis_store *s, const char *info, struct server_facts *f)
{
    char port[16];

    f->known = true;
    read_version(s, info);
    f->replica = info_is(info, "role", "slave");
    f->cluster = info_is(info, "cluster_enabled", "1");
    f->append_only = info_is(info, "aof_enabled", "1");
    info_field(info, "master_host", f->master, sizeof f->master);
    info_field(info, "master_port", port, sizeof port);
    snprintf(f->master + strlen(f->master), sizeof f->master - strlen(f->master), ":%s", port);
    info_field(info, "maxmemory_policy", f->policy, sizeof f->policy);
    f->evicts = !info_is(info, "maxmemory", "0") && f->policy[0] != '\0' &&
                strcmp(f->policy, "noeviction") != 0;
}

/* ---- asking ---- */

static void ask_config(struct redis_store *s, const char *name)
{
    redis_cmd(&s->link, "CONFIG");
    redis_text(&s->link, "GET");
    redis_text(&s->link, name);
    redis_end(&s->link);
}

static void ask_all(struct redis_store *s)
{
    redis_ask_login(&s->link, &s->address);
    redis_plain(&s->link, "INFO");
    ask_config(s, "save");
    ask_config(s, "appendfsync");
    redis_ask_one(s, "TYPE", "plugins");
    redis_ask_one(s, "TYPE", "leases");
    redis_ask_one(s, "GET", "schema");
}

/* ---- the answers ---- */

/* A user without the right to ask for it is a warning, not the end. */
static bool may_lack(const struct redis_reply *reply)
{
    return reply->kind == REPLY_ERROR &&
           (strncmp(reply->text, "NOPERM", 6) == 0 || strncmp(reply->text, "ERR", 3) == 0);
}

static int hear_info(struct redis_store *s, struct server_facts *f, struct error *e)
{
    const struct redis_reply *reply;

    if (redis_get(&s->link, &reply, e) != 0)
        return -1;
    if (reply->kind == REPLY_TEXT)
        read_info(s, reply->text, f);
    else if (!may_lack(reply))
        return redis_fail(reply, "asking what the server is", e);
    return 0;
}

static int hear_config(struct redis_store *s, bool *known, char *out, size_t size, struct error *e)
{
    const struct redis_reply *reply;

    if (redis_get(&s->link, &reply, e) != 0)
        return -1;
    if (reply->kind == REPLY_ARRAY && reply->count == 2 && reply->items[1].kind == REPLY_TEXT) {
        *known = true;
        snprintf(out, size, "%s", reply->items[1].text);
    } else if (reply->kind != REPLY_ARRAY && !may_lack(reply)) {
        return redis_fail(reply, "asking for the server's settings", e);
    }
    return 0;
}

static int hear_type(struct redis_store *s, const char *kind, struct error *e)
{
    struct redis_key key;

    return redis_expect_type(s, redis_key_one(&key, s->prefix, kind), "set", e);
}

static int hear_facts(struct redis_store *s, struct server_facts *f, struct error *e)
{
    if (redis_hear_login(&s->link, &s->address, e) != 0 || hear_info(s, f, e) != 0 ||
        hear_config(s, &f->save_known, f->save, sizeof f->save, e) != 0 ||
        hear_config(s, &f->fsync_known, f->fsync, sizeof f->fsync, e) != 0)
        return -1;
    return 0;
}

/* ---- judging ---- */

static int check_server(const struct redis_store *s, const struct server_facts *f, struct error *e)
{
    if (f->cluster) {
        error_set(e, ERROR_STORE, "the server is part of a cluster, which is not supported");
        error_hint(e, "a transaction's keys live on several nodes of a cluster: use a server that "
                      "is not one");
        return -1;
    }
    if (f->replica && s->mode != STORE_INSPECT) {
        error_set(e, ERROR_STORE_READONLY, "the server is a replica of %s and takes no writes",
                  f->master);
        error_hint(e, "the URL should name the master");
        return -1;
    }
    return 0;
}

static void warn(struct redis_store *s, const char *text)
{
    char *warnings = s->remote.base.warnings;
    size_t len = strlen(warnings), room = sizeof s->remote.base.warnings - len;

    if (strlen(text) + 2 <= room)
        snprintf(warnings + len, room, "%s%s", len > 0 ? "\n" : "", text);
}

static void warn_transport(struct redis_store *s)
{
    if (s->address.target.tls && s->address.target.tls_unverified)
        warn(s, "tls_verify=off: the server's certificate is NOT checked, so whoever is on the way "
                "can read and change the state");
    if (!s->address.target.tls && !s->address.is_local)
        warn(s, "redis:// to another machine: the password and all state cross the network "
                "unencrypted; rediss:// encrypts them");
}

static void warn_snapshots(struct redis_store *s, const struct server_facts *f)
{
    char text[256];

    if (!f->save_known)
        warn(s,
             "the server keeps no append-only file, and does not say whether it saves snapshots: "
             "a restart of it may lose state whose ticks have been executed");
    else if (f->save[0] == '\0')
        warn(s, "the server keeps NOTHING on disk (appendonly no, no save points): its restart "
                "loses all state, though the ticks that made it have been executed; `CONFIG SET "
                "appendonly yes` and `CONFIG REWRITE` mend it");
    else {
        snprintf(text, sizeof text,
                 "the server saves snapshots only (save %.60s): a crash loses the state since the "
                 "last one, though its ticks have been executed; appendonly yes keeps it",
                 f->save);
        warn(s, text);
    }
}

static void warn_durability(struct redis_store *s, const struct server_facts *f)
{
    char text[256];

    if (!f->known) {
        warn(s, "the user may not ask the server for INFO: whether it keeps state on disk, or is a "
                "replica, is not known");
        return;
    }
    if (!f->append_only)
        warn_snapshots(s, f);
    else if (f->fsync_known && strcmp(f->fsync, "always") != 0) {
        snprintf(
            text, sizeof text,
            "appendfsync is %s: a power failure may lose the last %s of commits (always: none)",
            f->fsync, strcmp(f->fsync, "everysec") == 0 ? "second" : "half minute");
        warn(s, text);
    }
    if (f->evicts) {
        snprintf(text, sizeof text,
                 "maxmemory-policy is %s: when its memory is full, the server THROWS STATE AWAY; "
                 "noeviction refuses writes instead",
                 f->policy);
        warn(s, text);
    }
}

/* ---- the schema ---- */

/* Another daemon may do the same at the same time: what counts is what is there afterwards. */
static int create_schema(struct redis_store *s, struct error *e)
{
    const struct redis_want want = {
        .kind = REPLY_STATUS, .or_nil = true, .doing = "preparing the server"};
    const struct redis_reply *reply;

    redis_cmd(&s->link, "SET");
    redis_arg_one(s, "schema");
    redis_number(&s->link, REDIS_SCHEMA_VERSION);
    redis_text(&s->link, "NX");
    redis_end(&s->link);
    redis_ask_one(s, "GET", "schema");
    if (redis_send(&s->link, e) != 0 || redis_expect(s, &want, &reply, e) != 0)
        return -1;
    return redis_expect_schema(s, NULL, e);
}

static int hear_schema(struct redis_store *s, struct error *e)
{
    bool may_create = s->mode == STORE_CREATE && !s->opened, missing = false;

    if (hear_type(s, "plugins", e) != 0 || hear_type(s, "leases", e) != 0 ||
        redis_expect_schema(s, may_create ? &missing : NULL, e) != 0)
        return -1;
    return missing ? create_schema(s, e) : 0;
}

/* ---- all of it ---- */

static int log_in(struct redis_store *s, struct error *e)
{
    struct server_facts facts = {0};

    ask_all(s);
    if (redis_send(&s->link, e) != 0 || hear_facts(s, &facts, e) != 0 ||
        check_server(s, &facts, e) != 0 || hear_schema(s, e) != 0)
        return -1;
    s->remote.base.warnings[0] = '\0';
    warn_transport(s);
    warn_durability(s, &facts);
    s->opened = true;
    return 0;
}

int redis_ready(struct redis_store *s, struct error *e)
{
    if (s->link.stream == NULL) {
        s->begun = false;
        redis_known_clear(&s->known);
        if (redis_link_open(&s->link, &s->address.target, s->address.connect_ms, e) != 0)
            return -1;
        if (log_in(s, e) != 0) {
            redis_link_close(&s->link);
            return -1;
        }
    }
    redis_link_limit(&s->link, s->address.request_ms);
    return 0;
}
