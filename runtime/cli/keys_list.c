/* orrery keys list, address: what is public of the keys that there are. */
#include "cli/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/table.h"
#include "keys/key_file.h"
#include "keys/key_source.h"
#include "keys/keyring.h"

/* ---- one source ---- */

struct listing {
    struct context *c;
    json_t *keys, *problems;
    struct error first; /* of the problems */
};

static json_t *problem_json(const char *source, const struct error *e)
{
    return json_pack("{s:s, s:s, s:s, s:s*}", "source", source, "code", error_name(e->code),
                     "message", e->message, "hint", e->hint[0] != '\0' ? e->hint : NULL);
}

static void add_problem(struct listing *l, const char *source, const struct error *e)
{
    json_array_append_new(l->problems, problem_json(source, e));
    if (l->first.code == ERROR_NONE)
        l->first = *e;
    error_locate(&l->first, source, 0);
}

/* A ring with the keys of `text`, "file:…", or NULL. */
static struct keyring *open_source(const struct context *c, const char *text,
                                   struct keyring_load *load, struct error *e)
{
    struct key_source source;
    struct keyring *ring;

    if (key_source_parse(text, &source, e) < 0)
        return NULL;
    ring = keyring_new(e);
    if (ring != NULL && keyring_load(ring, &source, c->desk, load, e) < 0) {
        keyring_free(ring);
        ring = NULL;
    }
    key_source_release(&source);
    return ring;
}

/* `name`: of a key of the desk's own, or NULL. */
static void list_source(struct listing *l, const char *text, const char *name)
{
    struct error e = ERROR_INIT;
    struct keyring_load load;
    struct keyring *ring = open_source(l->c, text, &load, &e);

    if (ring == NULL) {
        add_problem(l, text, &e);
        return;
    }
    for (size_t i = 0; i < keyring_count(ring); i++)
        json_array_append_new(l->keys, json_pack("{s:s, s:s?, s:s}", "address",
                                                 keyring_at(ring, i)->address_text, "name", name,
                                                 "source", text));
    if (load.other > 0) {
        error_set(
            &e, ERROR_UNSUPPORTED,
            "passed over: %zu key%s of other schemes (secp256k1, secp256r1), with which orrery "
            "does not sign",
            load.other, load.other == 1 ? "" : "s");
        json_array_append_new(l->problems, problem_json(text, &e));
    }
    keyring_free(ring);
}

/* ---- the desk's own ---- */

static int is_key(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), suffix = strlen(KEYS_SUFFIX);

    return len > suffix && strcmp(entry->d_name + len - suffix, KEYS_SUFFIX) == 0;
}

static void list_file(struct listing *l, const char *file)
{
    char *name = mem_strndup(file, strlen(file) - strlen(KEYS_SUFFIX));
    struct buf text;

    buf_init(&text, 1024);
    buf_addf(&text, "file:" KEYS_FOLDER "/%s", file);
    list_source(l, buf_text(&text), name);
    buf_release(&text);
    free(name);
}

static void list_folder(struct listing *l)
{
    char *folder = keys_path(l->c, NULL);
    struct error e = ERROR_INIT;
    struct dirent **entries;
    int count = 0;

    if (key_file_check_folder(folder, &e) == 0) {
        count = scandir(folder, &entries, is_key, alphasort);
        if (count < 0)
            error_set(&e, ERROR_IO, "cannot read the folder: %s", strerror(errno));
    }
    if (e.code != ERROR_NONE && e.code != ERROR_NOT_FOUND)
        add_problem(l, folder, &e);
    for (int i = 0; i < count; i++) {
        list_file(l, entries[i]->d_name);
        free(entries[i]);
    }
    if (count > 0 || (count == 0 && e.code == ERROR_NONE))
        free(entries);
    free(folder);
}

/* ---- list ---- */

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static void print_keys(const struct output *o, const json_t *keys, bool problems)
{
    static const struct column columns[] = {
        {"ADDRESS", false, 0},
        {"NAME", false, 0},
        {"SOURCE", false, 0},
        {0},
    };
    struct table table;
    const json_t *one;
    size_t i;

    table_init(&table, columns);
    json_array_foreach(keys, i, one)
    {
        table_add(&table, text_of(one, "address"));
        table_add(&table, text_of(one, "name"));
        table_add(&table, text_of(one, "source"));
    }
    if (i > 0)
        table_print(&table, o, 0);
    else if (!problems)
        fputs("no keys: `orrery keys new NAME` makes one\n", o->out);
    table_release(&table);
}

static void print_problems(const struct output *o, const json_t *problems)
{
    const json_t *one;
    size_t i;

    json_array_foreach(problems, i, one)
    {
        fputs("orrery: ", o->err);
        output_inert(o->err, text_of(one, "source"));
        fputs(": ", o->err);
        output_inert(o->err, text_of(one, "message"));
        if (text_of(one, "hint") != NULL) {
            fputs("\n  hint: ", o->err);
            output_inert(o->err, text_of(one, "hint"));
        }
        fputc('\n', o->err);
    }
}

static int finish_list(const struct listing *l)
{
    struct output *o = &l->c->output;
    json_t *data = json_pack("{s:O, s:O}", "keys", l->keys, "problems", l->problems);
    int code = error_exit_code(l->first.code);

    if (!o->json) {
        print_keys(o, l->keys, json_array_size(l->problems) > 0);
        fflush(o->out);
        print_problems(o, l->problems);
    } else if (l->first.code != ERROR_NONE) {
        code = output_error(o, &l->first, data);
    } else {
        output_data(o, data);
    }
    json_decref(data);
    return code;
}

int keys_list(struct context *c, struct error *e)
{
    struct listing l = {.c = c, .keys = json_array(), .problems = json_array()};
    const char *source;
    int code;

    (void)e;
    list_folder(&l);
    for (size_t i = 1; (source = options_argument(&c->options, i)) != NULL; i++)
        list_source(&l, source, NULL);
    code = finish_list(&l);
    json_decref(l.keys);
    json_decref(l.problems);
    return code;
}

/* ---- address ---- */

/* "operator" is "file:keys/operator.key". */
static int source_of(const char *word, struct buf *out, struct error *e)
{
    if (strchr(word, ':') != NULL) {
        buf_add_str(out, word);
        return 0;
    }
    if (keys_check_name(word, e) < 0) {
        error_hint(e, "a file is named as file:PATH");
        return -1;
    }
    buf_addf(out, "file:" KEYS_FOLDER "/%s" KEYS_SUFFIX, word);
    return 0;
}

static void print_addresses(struct output *o, const char *source, const struct keyring *ring)
{
    json_t *list = json_array(), *data;

    for (size_t i = 0; i < keyring_count(ring); i++) {
        json_array_append_new(list, json_string(keyring_at(ring, i)->address_text));
        if (!o->json)
            fprintf(o->out, "%s\n", keyring_at(ring, i)->address_text);
    }
    data = json_pack("{s:s, s:o}", "source", source, "addresses", list);
    if (o->json)
        output_data(o, data);
    json_decref(data);
}

int keys_address(struct context *c, struct error *e)
{
    const char *word = options_argument(&c->options, 1);
    struct keyring *ring = NULL;
    struct buf source;
    int result;

    buf_init(&source, 8192);
    result = source_of(word, &source, e);
    if (result == 0)
        ring = open_source(c, buf_text(&source), NULL, e);
    if (ring != NULL) {
        print_addresses(&c->output, buf_text(&source), ring);
    } else if (e->code == ERROR_NOT_FOUND && strchr(word, ':') == NULL) {
        error_hint(e, "`orrery keys list` shows the keys that there are");
    }
    result = ring != NULL ? 0 : -1;
    keyring_free(ring);
    buf_release(&source);
    return result;
}
