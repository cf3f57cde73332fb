#include "db/redis_error.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "db/redis_reader.h"

/* How Redis's errors begin. The first that fits; the rest of the text is Redis's sentence. */
struct known {
    const char *begins;
    enum error_code code;
    const char *meaning, *hint;
};

#define CLUSTER_HINT                                                                               \
    "a transaction's keys live on several nodes of a cluster: use a server that is not one"

static const struct known known[] = {
    {"NOAUTH", ERROR_STORE_DENIED, "the server asks for a password",
     "redis://:PASSWORD@…, ?password_env=NAME or ?password_file=PATH"},
    {"WRONGPASS", ERROR_STORE_DENIED, "the server refuses the user or the password", ""},
    {"NOPERM", ERROR_STORE_DENIED, "the user lacks a permission",
     "the user needs ~PREFIX:* +@read +@write +@transaction +select +type +time +info +config|get"},
    {"DENIED", ERROR_STORE_DENIED, "the server accepts local connections only (protected mode)",
     "set a password (requirepass) on the server, or bind it to the right address"},
    {"READONLY", ERROR_STORE_READONLY, "the server is a replica and takes no writes",
     "the URL should name the master"},
    {"OOM", ERROR_STORE_FULL, "the server's memory is full",
     "raise maxmemory: while it is full the server refuses whole transactions, removals too"},
    {"MISCONF", ERROR_STORE_FULL, "the server cannot write to its disk and takes no writes", ""},
    {"LOADING", ERROR_STORE_DOWN, "the server is still loading its data", ""},
    {"BUSY", ERROR_STORE_DOWN, "the server is busy with a script", ""},
    {"MASTERDOWN", ERROR_STORE_DOWN, "the server has lost its master", ""},
    {"NOREPLICAS", ERROR_STORE_DOWN, "the server has too few replicas to take writes", ""},
    {"CLUSTERDOWN", ERROR_STORE_DOWN, "the cluster is down", CLUSTER_HINT},
    {"MOVED", ERROR_STORE, "the server is part of a cluster, which is not supported", CLUSTER_HINT},
    {"ASK", ERROR_STORE, "the server is part of a cluster, which is not supported", CLUSTER_HINT},
    {"CROSSSLOT", ERROR_STORE, "the server is part of a cluster, which is not supported",
     CLUSTER_HINT},
    {"ERR SELECT is not allowed in cluster mode", ERROR_STORE,
     "the server is part of a cluster, which is not supported", CLUSTER_HINT},
    {"WRONGTYPE", ERROR_STORE_SCHEMA, "a key of another type than ours", ""},
    {"ERR DB index is out of range", ERROR_STORE_MISSING, "the server has no such database",
     "`databases` in redis.conf says how many it has"},
    {"ERR invalid DB index", ERROR_STORE_MISSING, "the server has no such database", ""},
    {"ERR max number of clients", ERROR_STORE_DOWN, "the server has too many clients", ""},
};

static bool begins(const char *text, const char *word)
{
    size_t len = strlen(word);

    return strncmp(text, word, len) == 0 && (text[len] == '\0' || text[len] == ' ');
}

static const struct known *find(const char *text)
{
    const char *reason = strstr(text, "because of: ");

    if (begins(text, "EXECABORT") && reason != NULL) /* EXEC itself was refused */
        text = reason + strlen("because of: ");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (begins(text, known[i].begins))
            return &known[i];
    return NULL;
}

static int unexpected(const char *doing, struct error *e)
{
    return error_set(e, ERROR_STORE_CORRUPT, "%s: an answer that Redis does not give", doing);
}

int redis_fail(const struct redis_reply *reply, const char *doing, struct error *e)
{
    const struct known *k;

    if (reply->kind != REPLY_ERROR)
        return unexpected(doing, e);
    k = find(reply->text);
    if (k == NULL)
        return error_set(e, ERROR_STORE, "%s: %.300s", doing, reply->text);
    error_set(e, k->code, "%s: %s: %.300s", doing, k->meaning, reply->text);
    if (k->hint[0] != '\0')
        error_hint(e, "%s", k->hint);
    return -1;
}

int redis_fail_login(const struct redis_reply *reply, struct error *e)
{
    const struct known *k;

    if (reply->kind != REPLY_ERROR)
        return unexpected("the login", e);
    k = find(reply->text);
    if (k != NULL) {
        error_set(e, k->code, "the login: %s", k->meaning);
        if (k->hint[0] != '\0')
            error_hint(e, "%s", k->hint);
        return -1;
    }
    /* "ERR unknown command 'AUTH', with args beginning with: 'the password'" */
    error_set(e, ERROR_STORE_DENIED, "the server refuses the login%s",
              strstr(reply->text, "without any password configured") != NULL ||
                      strstr(reply->text, "no password is set") != NULL
                  ? ": it has no password set, but the URL gives one"
                  : "");
    return -1;
}
