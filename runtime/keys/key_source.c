#include "keys/key_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "keys/bech32.h"
#include "keys/key_env.h"
#include "keys/key_file.h"

#define PATH_BYTES      4096
#define CREDENTIAL_MAX  255
#define CREDENTIALS_ENV "CREDENTIALS_DIRECTORY"

static const struct {
    const char *prefix;
    enum key_source_kind kind;
} kinds[] = {
    {"file:", KEY_SOURCE_FILE},
    {"credential:", KEY_SOURCE_CREDENTIAL},
    {"env:", KEY_SOURCE_ENV},
};

/* ---- parsing ---- */

static int check_name(enum key_source_kind kind, const char *name, struct error *e)
{
    size_t len = strlen(name);

    if (!text_is_printable(name, len) || len == 0)
        return error_set(e, ERROR_CONFIG, "a source of keys needs a name behind the colon");
    switch (kind) {
    case KEY_SOURCE_FILE:
        if (len >= PATH_BYTES)
            return error_set(e, ERROR_CONFIG, "a path has at most %d bytes, got %zu",
                             PATH_BYTES - 1, len);
        break;
    case KEY_SOURCE_CREDENTIAL:
        if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            len > CREDENTIAL_MAX)
            return error_set(e, ERROR_CONFIG,
                             "'%.80s' cannot be a credential's name: expected one without '/'",
                             name);
        break;
    case KEY_SOURCE_ENV:
        if (!key_env_is_name(name))
            return error_set(e, ERROR_CONFIG,
                             "'%.80s' cannot be a variable's name: expected "
                             "[A-Za-z_][A-Za-z0-9_]*",
                             name);
        break;
    }
    return 0;
}

/* A key where the name of one was expected stands in a configuration or a history by now. */
static int refuse_key(struct error *e)
{
    error_set(e, ERROR_CONFIG, "a key itself was given where a source of keys is expected");
    error_hint(e, "whoever can read that place has the key now: make another one and move what it "
                  "owns; `orrery keys import` reads keys");
    return -1;
}

int key_source_parse(const char *text, struct key_source *out, struct error *e)
{
    if (strcasestr(text, KEY_BECH32_PREFIX) != NULL)
        return refuse_key(e);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *name = text + strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
            continue;
        if (check_name(kinds[i].kind, name, e) < 0)
            return -1;
        *out = (struct key_source){kinds[i].kind, mem_strdup(name), mem_strdup(text)};
        return 0;
    }
    /* Not repeated: it may be a key in another form. */
    return error_set(e, ERROR_CONFIG,
                     "expected a source of keys: file:PATH, credential:NAME or env:NAME");
}

void key_source_release(struct key_source *source)
{
    free(source->name);
    free(source->label);
    *source = (struct key_source){0};
}

/* ---- reading ---- */

static int read_file(const struct key_source *source, const char *dir, char *out, size_t size,
                     size_t *len, struct error *e)
{
    bool inside = source->name[0] != '/' && strcmp(dir, ".") != 0;
    char path[2 * PATH_BYTES];

    if (snprintf(path, sizeof path, "%s%s%s", inside ? dir : "", inside ? "/" : "", source->name) >=
        (int)sizeof path)
        return error_set(e, ERROR_LIMIT, "the path is too long");
    return key_file_read(path, source->kind == KEY_SOURCE_CREDENTIAL, out, size, len, e);
}

static int read_credential(const struct key_source *source, char *out, size_t size, size_t *len,
                           struct error *e)
{
    const char *dir = getenv(CREDENTIALS_ENV);

    if (dir == NULL || dir[0] != '/' || strlen(dir) >= PATH_BYTES) {
        error_set(e, ERROR_NOT_FOUND, "no credentials were handed to this process: $%s is not set",
                  CREDENTIALS_ENV);
        error_hint(e, "LoadCredential=%.80s:/etc/… in the systemd unit", source->name);
        return -1;
    }
    if (read_file(source, dir, out, size, len, e) == 0)
        return 0;
    error_hint(e, "LoadCredential=%.80s:/etc/… in the systemd unit", source->name);
    return -1;
}

int key_source_read(const struct key_source *source, const char *desk, char *out, size_t size,
                    size_t *len, struct error *e)
{
    int result = -1;

    switch (source->kind) {
    case KEY_SOURCE_FILE:
        result = read_file(source, desk, out, size, len, e);
        break;
    case KEY_SOURCE_CREDENTIAL:
        result = read_credential(source, out, size, len, e);
        break;
    case KEY_SOURCE_ENV:
        result = key_env_take(source->name, out, size, len, e);
        break;
    }
    if (result < 0)
        error_locate(e, source->label, 0);
    return result;
}
