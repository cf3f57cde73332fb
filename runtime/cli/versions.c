/* orrery versions: the texts that strategies were deployed with. */
#include <string.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/desk_records.h"
#include "cli/format.h"
#include "cli/labelled.h"
#include "cli/live.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/version_text.h"

#define DEFAULT_LIMIT 20
#define GREATEST      100000
#define HASH_SHOWN    12

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL ? text : "";
}

static json_int_t number_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* ---- list ---- */

static void print_strategies(const struct output *o, const json_t *list)
{
    static const struct column columns[] = {
        {"STRATEGY", false, 32},
        {"VERSION", true, 0},
        {"DEPLOYED (UTC)", false, 0},
        {"STATE", false, 0},
        {0},
    };
    struct table table;
    const json_t *one;
    size_t i;

    table_init(&table, columns);
    json_array_foreach(list, i, one)
    {
        bool active = json_is_true(json_object_get(one, "active"));
        char when[FORMAT_SIZE];
        table_add(&table, text_of(one, "name"));
        table_addf(&table, "%lld of %lld", (long long)number_of(one, "current"),
                   (long long)number_of(one, "versions"));
        table_add(&table, format_time(number_of(one, "changed_ms"), when));
        table_add(&table, active ? "active" : "inactive");
        table_tone(&table, active ? TONE_GOOD : TONE_DIM);
    }
    if (i > 0)
        table_print(&table, o, 0);
    else
        fputs("no strategy was deployed yet\n", o->out);
    table_release(&table);
}

static void print_versions(const struct output *o, const json_t *list)
{
    static const struct column columns[] = {
        {"", false, 0},
        {"VERSION", true, 0},
        {"DIGEST", false, 0},
        {"DEPLOYED (UTC)", false, 0},
        {"AUTHOR", false, 24},
        {"NOTE", false, 0},
        {0},
    };
    struct table table;
    const json_t *one;
    size_t i;

    table_init(&table, columns);
    json_array_foreach(list, i, one)
    {
        char when[FORMAT_SIZE];
        table_add(&table, json_is_true(json_object_get(one, "is_current")) ? "*" : " ");
        table_addf(&table, "%lld", (long long)number_of(one, "number"));
        table_addf(&table, "%.*s", HASH_SHOWN, text_of(one, "hash"));
        table_add(&table, format_time(number_of(one, "created_ms"), when));
        table_add(&table, text_of(one, "author"));
        table_add(&table, text_of(one, "note"));
    }
    if (i > 0)
        table_print(&table, o, 0);
    else
        fputs("no version of it is on record: it ran before versions were kept\n", o->out);
    table_release(&table);
}

static int versions_list(struct context *c, struct error *e)
{
    const char *plugin = options_argument(&c->options, 1);
    const char *name = plugin != NULL ? "versions" : "strategies";
    json_t *request =
        json_pack("{s:s, s:s*, s:s*}", "op", plugin != NULL ? "versions_list" : "strategies_list",
                  "plugin", plugin, "after", options_text(&c->options, "after"));
    json_t *data;

    if (desk_records_pages(c, request, name, options_count(&c->options, "limit", DEFAULT_LIMIT),
                           &data, e) < 0)
        return -1;
    if (c->output.json) {
        output_data(&c->output, data);
    } else {
        (plugin != NULL ? print_versions : print_strategies)(&c->output,
                                                             json_object_get(data, name));
        desk_records_print_next(&c->output, "more", data);
    }
    json_decref(data);
    return 0;
}

/* ---- show ---- */

/* The version with its `files`; `content` is gone. A new reference, or NULL. */
static json_t *ask_version(struct context *c, struct desk_records *r, const char *version,
                           bool sources, struct error *e)
{
    json_t *data, *files;
    json_t *request = json_pack("{s:s, s:s, s:s*, s:b}", "op", "version_show", "plugin",
                                options_argument(&c->options, 1), "version", version, "content", 1);

    if (desk_records_ask(r, request, &data, e) < 0)
        return NULL;
    files = version_text_files(json_string_value(json_object_get(data, "content")), sources, e);
    if (files == NULL) {
        json_decref(data);
        return NULL;
    }
    json_object_del(data, "content");
    json_object_set_new(data, "files", files);
    return data;
}

static void print_file(const struct output *o, const json_t *file)
{
    fprintf(o->out, "\n%s── ", output_tone(o->colour, TONE_DIM));
    output_inert(o->out, *text_of(file, "file") ? text_of(file, "file") : text_of(file, "name"));
    fprintf(o->out, " ──%s\n", output_plain(o->colour));
    version_text_print_source(o, text_of(file, "source"), true);
}

static void say_file(struct labelled *l, const json_t *file)
{
    char bytes[FORMAT_SIZE];
    struct buf text;

    buf_init(&text, 16 * 1024);
    if (json_is_string(json_object_get(file, "orrery"))) {
        labelled_add_text(&text, text_of(file, "name"));
        buf_add_str(&text, ", part of orrery ");
        labelled_add_text(&text, text_of(file, "orrery"));
    } else {
        labelled_add_text(&text, text_of(file, "file"));
        buf_addf(&text, ", %lld line%s, %s", (long long)number_of(file, "lines"),
                 number_of(file, "lines") == 1 ? "" : "s",
                 format_bytes((uint64_t)number_of(file, "bytes"), bytes));
    }
    labelled_line(l, json_is_null(json_object_get(file, "name")) ? "file" : "modules",
                  buf_text(&text));
    buf_release(&text);
}

static void print_version(const struct output *o, const json_t *v)
{
    struct labelled l = {.o = o};
    const json_t *file;
    char when[FORMAT_SIZE];
    size_t i;

    labelled_text(&l, "strategy", text_of(v, "strategy"));
    labelled_linef(&l, "version", "%lld%s%s", (long long)number_of(v, "number"),
                   json_is_true(json_object_get(v, "is_current")) ? ", the current one" : "",
                   json_is_true(json_object_get(v, "active")) ? "" : "; the strategy is inactive");
    labelled_text(&l, "digest", text_of(v, "hash"));
    labelled_linef(&l, "deployed", "%s UTC", format_time(number_of(v, "created_ms"), when));
    labelled_text(&l, "author", text_of(v, "author"));
    labelled_text(&l, "note", text_of(v, "note"));
    json_array_foreach(json_object_get(v, "files"), i, file) say_file(&l, file);
    json_array_foreach(json_object_get(v, "files"), i, file)
    {
        if (json_is_string(json_object_get(file, "source")))
            print_file(o, file);
    }
}

static int versions_show(struct context *c, struct error *e)
{
    struct desk_records r;
    json_t *data;

    if (desk_records_open(c, &r, e) < 0)
        return -1;
    data = ask_version(c, &r, options_argument(&c->options, 2),
                       options_given(&c->options, "source"), e);
    desk_records_close(&r);
    if (data == NULL)
        return -1;
    if (c->output.json)
        output_data(&c->output, data);
    else
        print_version(&c->output, data);
    json_decref(data);
    return 0;
}

/* ---- diff ---- */

static void print_diff(const struct output *o, const json_t *files)
{
    const json_t *file;
    bool any = false;
    size_t i;

    json_array_foreach(files, i, file)
    {
        any |= *text_of(file, "diff") != '\0';
        version_text_print_diff(o, text_of(file, "diff"));
    }
    if (!any)
        fputs("no difference\n", o->out);
}

static void show_diff(struct context *c, const json_t *before, const json_t *after, json_t *files)
{
    json_t *data;

    if (!c->output.json) {
        print_diff(&c->output, files);
        return;
    }
    data = json_pack("{s:s, s:O, s:O, s:O}", "strategy", text_of(after, "strategy"), "from",
                     json_object_get(before, "number"), "to", json_object_get(after, "number"),
                     "files", files);
    output_data(&c->output, data);
    json_decref(data);
}

static int versions_diff(struct context *c, struct error *e)
{
    json_t *before = NULL, *after = NULL, *files = NULL;
    struct desk_records r;

    if (desk_records_open(c, &r, e) < 0)
        return -1;
    before = ask_version(c, &r, options_argument(&c->options, 2), true, e);
    if (before != NULL)
        after = ask_version(c, &r, options_argument(&c->options, 3), true, e);
    desk_records_close(&r);
    if (after != NULL)
        files = version_text_compare(json_object_get(before, "files"),
                                     json_object_get(after, "files"), e);
    if (files != NULL)
        show_diff(c, before, after, files);
    json_decref(before);
    json_decref(after);
    json_decref(files);
    return files != NULL ? 0 : -1;
}

/* ---- deactivate ---- */

static int deactivate_on_disk(struct context *c, const char *plugin, struct error *e)
{
    struct stopped s;
    struct journal *j;
    int result;

    if (stopped_open(c, STORE_OPEN, true, &s, e) < 0)
        return -1;
    result = stopped_journal(&s, &j, e);
    if (result == 0 && (result = journal_begin(j, e)) == 0) {
        result = journal_set_active(j, plugin, false, e);
        if (result == 0)
            result = journal_commit(j, e);
        if (result < 0)
            journal_rollback(j);
    }
    if (result < 0 && e->code == ERROR_NOT_FOUND)
        error_hint(e, "`orrery versions list` shows those that were deployed");
    stopped_close(&s);
    return result;
}

static int deactivate_live(struct client *client, const char *plugin, struct error *e)
{
    json_t *request = json_pack("{s:s, s:s}", "op", "deactivate", "plugin", plugin), *data = NULL;
    int result = client_call(client, request, &data, e);

    json_decref(request);
    json_decref(data);
    return result;
}

static int versions_deactivate(struct context *c, struct error *e)
{
    const char *plugin = options_argument(&c->options, 1);
    struct client *client = NULL;
    int result = live_try_open(c, &client, e);

    if (result == 1)
        result = deactivate_live(client, plugin, e);
    else if (result == 0)
        result = deactivate_on_disk(c, plugin, e);
    client_close(client);
    if (result < 0)
        return -1;
    if (c->output.json) {
        json_t *data = json_pack("{s:s, s:b}", "strategy", plugin, "active", 0);
        output_data(&c->output, data);
        json_decref(data);
    } else {
        output_inert(c->output.out, plugin);
        fputs(" is inactive: it gets no more triggers until it is deployed again\n", c->output.out);
    }
    return 0;
}

static const struct verb verbs[] = {
    {"list", "list [PLUGIN]", " limit after ", 0, 1, versions_list},
    {"show", "show PLUGIN [VERSION] [--source]", " source ", 1, 2, versions_show},
    {"diff", "diff PLUGIN VERSION VERSION", "", 3, 3, versions_diff},
    {"deactivate", "deactivate PLUGIN", "", 1, 1, versions_deactivate},
    {0},
};

static int run_versions(struct context *c, struct error *e)
{
    return verbs_run(c, verbs, e);
}

static const struct option options[] = {
    {"limit", 'n', OPTION_COUNT, "N", "list: at most this many (default 20)", GREATEST},
    {"after", 0, OPTION_TEXT, "CURSOR", "list: go on behind an earlier page", 0},
    {"source", 0, OPTION_FLAG, NULL, "show: the texts, too", 0},
    {0},
};

const struct command command_versions = {
    .name = "versions",
    .summary = "the texts that strategies ran as: list, show, compare, deactivate",
    .usage = "  orrery versions list [PLUGIN] [-n N] [--after CURSOR]\n"
             "  orrery versions show PLUGIN [VERSION] [--source]\n"
             "  orrery versions diff PLUGIN VERSION VERSION\n"
             "  orrery versions deactivate PLUGIN\n",
    .text = "A version is the text of a strategy and of the modules that it requires. The same\n"
            "text is the same version, whenever it is deployed; each run names its own. VERSION\n"
            "is a number, or the digest or its beginning; without one the current version.\n"
            "\n"
            "list        the strategies, or the versions of PLUGIN, newest first (* is current)\n"
            "show        who deployed it, when and why, and of what it consists\n"
            "diff        what changed from the one to the other, file by file\n"
            "deactivate  the strategy gets no more triggers, until it is deployed again\n",
    .options = options,
    .examples = "  $ orrery versions list first\n"
                "     VERSION  DIGEST        DEPLOYED (UTC)       AUTHOR  NOTE\n"
                "  *        2  90b1d2c3a4e5  2026-11-21 01:40:11  kim     wider range\n"
                "           1  3f0c2a9b51d4  2026-11-21 01:33:05  -       -\n"
                "  $ orrery versions diff first 1 2\n",
    .exits = "  2 when there is no such strategy or version, or no journal yet\n"
             "  3 when the journal is in memory and no daemon is running\n",
    .min_arguments = 1,
    .max_arguments = 4,
    .run = run_versions,
};
