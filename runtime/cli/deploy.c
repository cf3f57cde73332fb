/* orrery deploy: new code into the running daemon, as a version with a note. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/table.h"
#include "model/version.h"

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static void show(struct context *c, const json_t *data)
{
    static const struct column columns[] = {{"STRATEGY", false, 32},
                                            {"VERSION", true, 0},
                                            {"DIGEST", false, 12},
                                            {"CODE", false, 0},
                                            {0}};
    const json_t *list = json_object_get(data, "deployed"), *one;
    struct table table;
    size_t i;

    if (c->output.json) {
        output_data(&c->output, data);
        return;
    }
    table_init(&table, columns);
    json_array_foreach(list, i, one)
    {
        bool is_new = json_is_true(json_object_get(one, "new"));
        bool changed = json_is_true(json_object_get(one, "changed"));
        table_add(&table, text_of(one, "plugin"));
        table_addf(&table, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(one, "number")));
        table_addf(&table, "%.12s", text_of(one, "version") ? text_of(one, "version") : "-");
        table_add(&table, is_new ? "new" : changed ? "as it was once" : "as before");
        table_tone(&table, changed || is_new ? TONE_GOOD : TONE_DIM);
    }
    if (i > 0)
        table_print(&table, &c->output, 0);
    else
        fputs("nothing to deploy\n", c->output.out);
    table_release(&table);
}

static int check_length(const char *option, const char *text, size_t max, struct error *e)
{
    if (text == NULL || strlen(text) <= max)
        return 0;
    return error_set(e, ERROR_LIMIT, "--%s: expected at most %zu bytes, got %zu", option, max,
                     strlen(text));
}

/* Who is at the keyboard, when nobody else was named. */
static const char *author_of(const struct context *c)
{
    const char *author = options_text(&c->options, "author"), *user = getenv("USER");

    if (author != NULL)
        return author;
    return user != NULL && *user != '\0' && strlen(user) <= VERSION_AUTHOR_BYTES &&
                   text_is_printable(user, strlen(user))
               ? user
               : NULL;
}

static int run_deploy(struct context *c, struct error *e)
{
    const char *note = options_text(&c->options, "note"), *author = author_of(c);
    json_t *data;

    if (check_length("note", note, VERSION_NOTE_BYTES, e) < 0 ||
        check_length("author", author, VERSION_AUTHOR_BYTES, e) < 0 ||
        live_ask(c,
                 json_pack("{s:s, s:s*, s:s*, s:s*}", "op", "deploy", "plugin",
                           options_argument(&c->options, 0), "note", note, "author", author),
                 &data, e) < 0)
        return -1;
    show(c, data);
    json_decref(data);
    return 0;
}

static const struct option options[] = {
    {"note", 0, OPTION_TEXT, "TEXT", "what has changed and why, for the record", 0},
    {"author", 0, OPTION_TEXT, "NAME", "who did it (default: $USER)", 0},
    {0},
};

const struct command command_deploy = {
    .name = "deploy",
    .summary = "load changed strategies, with a note for the record",
    .usage = "  orrery deploy [PLUGIN] [--note TEXT] [--author NAME]\n",
    .text = "The same as `orrery reload`, and on record: what was loaded becomes the current\n"
            "version of its strategy, with your note. Text that the strategy had before is that\n"
            "version again, with the note that it had. A strategy that was deactivated is active\n"
            "again. `orrery versions` shows what was deployed.\n",
    .options = options,
    .examples = "  $ orrery deploy first --note \"wider range\"\n"
                "  STRATEGY  VERSION  DIGEST        CODE\n"
                "  first           2  90b1d2c3a4e5  new\n",
    .exits = "  2 when there is no such plugin; 3 when no daemon is running; 4 when the new code "
             "is refused\n",
    .max_arguments = 1,
    .run = run_deploy,
};
