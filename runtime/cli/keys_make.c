/* orrery keys new, import: how a key gets into keys/NAME.key. */
#include "cli/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/labelled.h"
#include "cli/secret_input.h"
#include "keys/key_file.h"
#include "keys/key_text.h"
#include "keys/keyring.h"
#include "keys/locked.h"

#define FILE_CHARS (KEY_BECH32_CHARS + 1) /* with its line end */

/* ---- the file ---- */

/* The folder is there and the file is not: known before anybody is asked for a key. */
static int check_place(const char *folder, const char *path, struct error *e)
{
    struct stat st;

    if (key_file_folder(folder, e) < 0) {
        error_locate(e, folder, 0);
        return -1;
    }
    if (lstat(path, &st) < 0)
        return 0;
    error_set(e, ERROR_CONFLICT, "there is such a key already: it was not touched");
    error_hint(e, "choose another name");
    error_locate(e, path, 0);
    return -1;
}

/* Straight to the terminal: a stream would keep a copy. */
static int show(const struct output *o, const char *text, struct error *e)
{
    fputs("key         ", o->out);
    if (fflush(o->out) == 0 && write(fileno(o->out), text, FILE_CHARS) == FILE_CHARS)
        return 0;
    return error_set(e, ERROR_IO, "the key was written, but cannot be shown: %s", strerror(errno));
}

static void report(struct context *c, const char *name, const struct keyring_key *key,
                   const char *path)
{
    struct labelled l = {.o = &c->output};
    json_t *data;

    if (!c->output.json) {
        labelled_text(&l, "address", key->address_text);
        labelled_text(&l, "file", path);
        return;
    }
    data = json_pack("{s:s, s:s, s:s}", "name", name, "address", key->address_text, "file", path);
    output_data(&c->output, data);
    json_decref(data);
}

static int save(struct context *c, const struct keyring *ring, size_t index, const char *path,
                struct error *e)
{
    char *text = locked_new(FILE_CHARS, e);
    int result;

    if (text == NULL)
        return -1;
    keyring_export(ring, index, text);
    text[KEY_BECH32_CHARS] = '\n';
    result = key_file_write(path, text, FILE_CHARS, e);
    error_locate(e, path, 0);
    if (result == 0) {
        report(c, options_argument(&c->options, 1), keyring_at(ring, index), path);
        if (options_given(&c->options, "show-key"))
            result = show(&c->output, text, e);
    }
    locked_free(text);
    return result;
}

/* What both do: `fill` puts keys into the ring and says which of them is to be kept. */
typedef int fill_fn(struct context *c, struct keyring *ring, struct error *e);

static int make_file(struct context *c, fill_fn *fill, struct error *e)
{
    const char *name = options_argument(&c->options, 1);
    char *folder = keys_path(c, NULL), *path = keys_path(c, name);
    struct keyring *ring = NULL;
    int index = -1, result = -1;

    if (keys_check_name(name, e) == 0 && check_place(folder, path, e) == 0)
        ring = keyring_new(e);
    if (ring != NULL)
        index = fill(c, ring, e);
    if (index >= 0)
        result = save(c, ring, (size_t)index, path, e);
    keyring_free(ring);
    free(folder);
    free(path);
    return result;
}

/* ---- new ---- */

static int fill_new(struct context *c, struct keyring *ring, struct error *e)
{
    (void)c;
    return keyring_make(ring, "new", e);
}

int keys_new(struct context *c, struct error *e)
{
    int fd = fileno(c->output.out);

    if (options_given(&c->options, "show-key") && (c->output.json || fd < 0 || !isatty(fd)))
        return command_misused(c, e,
                               "--show-key shows the key on a terminal only; nothing was "
                               "made");
    return make_file(c, fill_new, e);
}

/* ---- import ---- */

static int choose(const struct context *c, const struct keyring *ring, struct error *e)
{
    const char *text = options_text(&c->options, "address");
    unsigned char address[KEY_ADDRESS_BYTES];
    int index;

    if (text == NULL && keyring_count(ring) == 1)
        return 0;
    if (text == NULL) {
        error_set(e, ERROR_INVALID, "the list has %zu keys: which one is meant?",
                  keyring_count(ring));
        error_hint(e, "name it with --address; `orrery keys list file:PATH` shows those of a file");
        return -1;
    }
    if (key_address_parse(text, address) < 0)
        return error_set(e, ERROR_INVALID, "--address: expected 0x and 64 hex digits");
    index = keyring_find(ring, address);
    if (index >= 0)
        return index;
    return error_set(e, ERROR_NOT_FOUND, "none of the %zu keys that were read has that address",
                     keyring_count(ring));
}

static int fill_import(struct context *c, struct keyring *ring, struct error *e)
{
    char *text = locked_new(KEY_TEXT_BYTES, e);
    size_t len = 0;
    int result;

    if (text == NULL)
        return -1;
    result = secret_input(c->output.err, "key (it is not shown): ", text, KEY_TEXT_BYTES, &len, e);
    if (result == 0)
        result = keyring_load_text(ring, text, len, "the standard input", NULL, e);
    locked_free(text);
    return result < 0 ? -1 : choose(c, ring, e);
}

int keys_import(struct context *c, struct error *e)
{
    return make_file(c, fill_import, e);
}
