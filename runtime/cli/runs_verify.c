/* orrery runs verify: decides again from what is on record, and compares. */
#include <stdlib.h>

#include "base/error.h"
#include "cli/desk_records.h"
#include "cli/labelled.h"
#include "cli/runs.h"
#include "core/registry.h"
#include "core/verify.h"
#include "model/value.h"

static void add(json_t *o, const char *name, const json_t *from, const char *member)
{
    json_t *value = json_object_get(from, member);

    json_object_set_new(o, name, value != NULL ? json_incref(value) : json_null());
}

static json_t *verdict_json(const json_t *evidence, const struct verdict *v)
{
    const json_t *version = json_object_get(evidence, "version");
    json_t *o = json_object();

    add(o, "run", json_object_get(evidence, "run"), "id");
    add(o, "plugin", version, "strategy");
    add(o, "version", version, "number");
    add(o, "hash", version, "hash");
    json_object_set_new(o, "same", json_boolean(v->same));
    json_object_set_new(o, "difference",
                        v->same ? json_null()
                                : json_pack("{s:s, s:O, s:O}", "what", v->what, "recorded",
                                            v->recorded, "executed", v->executed));
    json_object_set_new(o, "warning", v->warning[0] ? json_string(v->warning) : json_null());
    return o;
}

/* From the first place on where the two texts part, with something before it. */
static void show_side(struct labelled *l, const char *label, const char *text, size_t at)
{
    const size_t before = 40;
    struct buf shown;

    buf_init(&shown, 4096);
    if (at > before)
        buf_add_str(&shown, "…");
    labelled_add_text(&shown, text + (at > before ? at - before : 0));
    labelled_line(l, label, buf_text(&shown));
    buf_release(&shown);
}

static void show_difference(struct labelled *l, const struct verdict *v)
{
    char *recorded = value_text(v->recorded), *executed = value_text(v->executed);
    size_t at = 0;

    while (recorded[at] != '\0' && recorded[at] == executed[at])
        at++;
    while (at > 0 && ((unsigned char)recorded[at] & 0xc0) == 0x80)
        at--; /* not in the middle of a character */
    labelled_linef(l, "differs", "%s, at character %zu", v->what, at + 1);
    show_side(l, "recorded", recorded, at);
    show_side(l, "now", executed, at);
    free(recorded);
    free(executed);
}

static void show(const struct output *o, const struct verdict *v)
{
    struct labelled l = {.o = o};

    if (v->same)
        fputs("same\n", o->out);
    else
        show_difference(&l, v);
    if (v->warning[0] != '\0')
        labelled_toned(&l, "note", v->warning, TONE_WARN);
}

int runs_verify(struct context *c, struct error *e)
{
    json_t *evidence, *data;
    struct verdict v;
    bool same;

    if (desk_records_once(
            c,
            json_pack("{s:s, s:s}", "op", "run_evidence", "run", options_argument(&c->options, 1)),
            &evidence, e) < 0)
        return -1;
    if (verify_run(evidence, c->registry->version, &v, e) < 0) {
        json_decref(evidence);
        return -1;
    }
    if (c->output.json) {
        data = verdict_json(evidence, &v);
        output_data(&c->output, data);
        json_decref(data);
    } else {
        show(&c->output, &v);
    }
    same = v.same;
    verdict_release(&v);
    json_decref(evidence);
    return same ? 0 : 1;
}
