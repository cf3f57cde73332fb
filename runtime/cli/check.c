/* orrery check: everything that is wrong with a desk, at once; --confinement: the proof of the
 * jail. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/table.h"
#include "core/desk.h"
#include "core/registry.h"
#include "model/problem.h"
#include "model/store_url.h"

static void print_problem(const struct output *o, const struct problem *p)
{
    enum tone tone = p->warning ? TONE_WARN : TONE_BAD;

    output_inert(o->err, p->file ? p->file : "orrery.lua");
    if (p->line > 0)
        fprintf(o->err, ":%d", p->line);
    fprintf(o->err, ": %s%s:%s ", output_tone(o->colour_err, tone),
            p->warning ? "warning" : "error", output_plain(o->colour_err));
    output_inert(o->err, p->message);
    fputc('\n', o->err);
    if (p->hint != NULL && p->hint[0] != '\0') {
        fputs("  hint: ", o->err);
        output_inert(o->err, p->hint);
        fputc('\n', o->err);
    }
}

static json_t *problems_json(const struct problems *problems)
{
    json_t *list = json_array();

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        json_t *one =
            json_pack("{s:s, s:s?, s:s?, s:s?}", "severity", p->warning ? "warning" : "error",
                      "file", p->file, "message", p->message, "hint", p->hint);
        json_object_set_new(one, "line", p->line > 0 ? json_integer(p->line) : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* All problems, then how many. Exit code 4. */
static int report_errors(struct context *c, const struct problems *problems)
{
    size_t warnings = problems->count + problems->dropped - problems->errors;
    json_t *more = json_object();
    struct error e = ERROR_INIT;
    int code;

    for (size_t i = 0; i < problems->count; i++)
        print_problem(&c->output, &problems->items[i]);
    if (problems->dropped > 0)
        fprintf(c->output.err, "… and %zu more that are not shown\n", problems->dropped);
    json_object_set_new(more, "problems", problems_json(problems));
    json_object_set_new(more, "errors", json_integer((json_int_t)problems->errors));
    json_object_set_new(more, "warnings", json_integer((json_int_t)warnings));
    if (warnings > 0)
        error_set(&e, ERROR_CONFIG, "%zu error%s, %zu warning%s", problems->errors,
                  plural(problems->errors), warnings, plural(warnings));
    else
        error_set(&e, ERROR_CONFIG, "%zu error%s", problems->errors, plural(problems->errors));
    code = output_error(&c->output, &e, more);
    json_decref(more);
    return code;
}

static json_t *report_json(const struct context *c, const struct check_report *report,
                           const struct problems *problems)
{
    json_t *plugins = json_array(), *executors = json_object();

    for (size_t i = 0; i < report->vault_count; i++)
        json_object_set_new(executors, report->vaults[i].id,
                            json_string(report->vaults[i].executor));
    for (size_t i = 0; i < report->plugin_count; i++) {
        const struct check_plugin *p = &report->plugins[i];
        json_array_append_new(plugins, json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?}", "name", p->name,
                                                 "file", p->file, "vault", p->vault, "triggers",
                                                 p->triggers, "state", p->state));
    }
    return json_pack("{s:s, s:s?, s:s, s:o, s:I, s:o, s:I, s:o}", "desk", c->desk, "journal",
                     report->journal, "lua", report->lua, "plugins", plugins, "vaults",
                     (json_int_t)report->vault_count, "executors", executors, "feeds",
                     (json_int_t)report->feed_count, "warnings", problems_json(problems));
}

/* Vaults on paper are not worth a word. */
static void print_executors(const struct output *o, const struct check_report *report)
{
    for (size_t i = 0; i < report->vault_count; i++) {
        if (strcmp(report->vaults[i].executor, "paper") == 0)
            continue;
        fputs("vault ", o->out);
        output_inert(o->out, report->vaults[i].id);
        fprintf(o->out, ": executor %s; `orrery run` simulates, `orrery run --live` sends\n",
                report->vaults[i].executor);
    }
}

static void print_report(const struct context *c, const struct check_report *report)
{
    static const struct column columns[] = {
        {"PLUGIN", false, 32},   {"FILE", false, 40}, {"VAULT", false, 24},
        {"TRIGGERS", false, 60}, {"STATE", false, 0}, {0},
    };
    struct table table;

    table_init(&table, columns);
    for (size_t i = 0; i < report->plugin_count; i++) {
        table_add(&table, report->plugins[i].name);
        table_add(&table, report->plugins[i].file);
        table_add(&table, report->plugins[i].vault);
        table_add(&table, report->plugins[i].triggers);
        table_add(&table, report->plugins[i].state);
    }
    if (report->plugin_count > 0) {
        table_print(&table, &c->output, 0);
        fputc('\n', c->output.out);
    }
    table_release(&table);
    print_executors(&c->output, report);
    fprintf(c->output.out, "%sok%s: %zu plugin%s, %zu vault%s, %zu feed%s; journal ",
            output_tone(c->output.colour, TONE_GOOD), output_plain(c->output.colour),
            report->plugin_count, plural(report->plugin_count), report->vault_count,
            plural(report->vault_count), report->feed_count, plural(report->feed_count));
    output_inert(c->output.out, report->journal ? report->journal : "-");
    fprintf(c->output.out, "; %s\n", report->lua);
}

static void take_label(char **url)
{
    char *label = *url != NULL ? store_url_label(*url) : NULL;

    free(*url);
    *url = label;
}

/* What is shown of a store never holds a password. */
static void hide_secrets(struct check_report *report)
{
    take_label(&report->journal);
    for (size_t i = 0; i < report->plugin_count; i++)
        take_label(&report->plugins[i].state);
}

static int check_desk(struct context *c, struct error *e)
{
    struct check_report report = {0};
    struct problems problems = {0};
    int code = 0, checked = desk_check(c->desk, c->registry, &report, &problems, e);

    hide_secrets(&report);
    if (checked < 0 && e->code != ERROR_NONE) {
        code = -1;
    } else if (problems.errors > 0) {
        code = report_errors(c, &problems);
    } else if (c->output.json) {
        json_t *data = report_json(c, &report, &problems);
        output_data(&c->output, data);
        json_decref(data);
    } else {
        for (size_t i = 0; i < problems.count; i++)
            print_problem(&c->output, &problems.items[i]);
        print_report(c, &report);
    }
    check_report_release(&report);
    problems_release(&problems);
    return code;
}

/* What the probes have found so far. */
struct proof {
    struct table table;
    json_t *list;
    size_t tried, contained;
    char in_force[256]; /* what the worker reports of itself */
};

static void take_probe(void *arg, const char *what, const char *description, const char *outcome,
                       int contained)
{
    struct proof *proof = arg;

    proof->tried++;
    proof->contained += contained != 0;
    table_add(&proof->table, what);
    table_add(&proof->table, description);
    table_add(&proof->table, outcome);
    table_tone(&proof->table, contained ? TONE_GOOD : TONE_BAD);
    json_array_append_new(proof->list,
                          json_pack("{s:s, s:s, s:s, s:b}", "what", what, "description",
                                    description, "outcome", outcome, "contained", contained != 0));
}

static int report_proof(struct context *c, const struct proof *proof)
{
    struct error e = ERROR_INIT;
    bool all = proof->tried > 0 && proof->contained == proof->tried;
    json_t *data = json_pack("{s:s, s:I, s:I, s:O}", "in_force", proof->in_force, "tried",
                             (json_int_t)proof->tried, "contained", (json_int_t)proof->contained,
                             "probes", proof->list);
    int code = 0;

    if (!c->output.json) {
        table_print(&proof->table, &c->output, 0);
        fprintf(c->output.out, "\nin force: %s\n", proof->in_force);
        fprintf(c->output.out, "%zu of %zu contained, each tried in a worker of its own\n",
                proof->contained, proof->tried);
    } else if (all) {
        output_data(&c->output, data);
    }
    if (!all) {
        error_set(&e, ERROR_UNSUPPORTED,
                  "%zu of %zu things that a script must not be able to do WORKED",
                  proof->tried - proof->contained, proof->tried);
        error_hint(&e, "do not run strategies that you did not write on this machine");
        code = output_error(&c->output, &e, data);
    }
    json_decref(data);
    return code;
}

static int check_confinement(struct context *c, struct error *e)
{
    static const struct column columns[] = {
        {"TRIED", false, 24},
        {"WHAT A SCRIPT MUST NOT DO", false, 70},
        {"OUTCOME", false, 0},
        {0},
    };
    struct proof proof = {.list = json_array()};
    int code;

    table_init(&proof.table, columns);
    code = desk_probe_confinement(take_probe, &proof, proof.in_force, sizeof proof.in_force, e);
    if (code == 0)
        code = report_proof(c, &proof);
    table_release(&proof.table);
    json_decref(proof.list);
    return code;
}

static int run_check(struct context *c, struct error *e)
{
    if (command_take_desk(c, 0, e) < 0)
        return -1;
    if (options_given(&c->options, "confinement"))
        return check_confinement(c, e);
    return check_desk(c, e);
}

static const struct option options[] = {
    {"confinement", 0, OPTION_FLAG, NULL, "prove what a jailed script cannot do here", 0},
    {0},
};

const struct command command_check = {
    .name = "check",
    .summary = "find everything that is wrong with a desk, without running it",
    .usage = "  orrery check [DIR]\n"
             "  orrery check --confinement\n",
    .text =
        "Reads orrery.lua, every strategy and every module, and reports all problems at once,\n"
        "each with its file, line and a hint. No decide() is run and nothing is written, so it\n"
        "is safe beside a daemon.\n"
        "\n"
        "With --confinement, it tries each thing that a script must not be able to do (open a\n"
        "file, connect, start a program …) in a throw-away worker, and shows how each attempt\n"
        "ended.\n",
    .options = options,
    .examples = "  $ orrery check my-desk\n"
                "  PLUGIN  FILE                  VAULT  TRIGGERS                      STATE\n"
                "  first   strategies/first.lua  paper  every 1s, event wake, manual  "
                "sqlite:data/orrery.db\n"
                "\n"
                "  ok: 1 plugin, 1 vault, 1 feed; journal sqlite:data/orrery.db; Lua 5.4.4\n"
                "\n"
                "  $ orrery check my-desk\n"
                "  orrery.lua:12: error: unknown key 'vaults.paper.quote_balanse'\n"
                "    hint: did you mean 'quote_balance'?\n"
                "  orrery: 1 error\n",
    .exits = "  4 when there is an error; 1 when something was not contained; 2 when DIR is not a "
             "desk\n",
    .max_arguments = 1,
    .run = run_check,
};
