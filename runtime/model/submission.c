#include "model/submission.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"

static const char *const names[SUBMISSION_STATE_COUNT] = {
#define X(symbol, name) name,
    SUBMISSION_STATES(X)
#undef X
};

void submission_release(struct submission *s)
{
    free(s->bytes);
    free(s->signature);
    free(s->holds);
    free(s->outcome);
    memset(s, 0, sizeof *s);
}

void submission_copy(struct submission *to, const struct submission *from)
{
    *to = *from;
    to->bytes = NULL;
    if (from->len > 0)
        to->bytes = memcpy(mem_alloc(from->len), from->bytes, from->len);
    to->signature = mem_strdup(from->signature);
    to->holds = mem_strdup(from->holds);
    to->outcome = mem_strdup(from->outcome);
}

const char *submission_state_name(enum submission_state state)
{
    return (size_t)state < SUBMISSION_STATE_COUNT ? names[state] : "unknown";
}

int submission_state_parse(const char *name, enum submission_state *out)
{
    for (int i = 0; i < SUBMISSION_STATE_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum submission_state)i;
            return 0;
        }
    }
    return -1;
}

static void set_text(json_t *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(o, key, json_string(text));
}

static void set_json(json_t *o, const char *key, const char *text)
{
    json_t *value = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    if (value != NULL)
        json_object_set_new(o, key, value);
}

json_t *submission_to_json(const struct submission *s)
{
    char id[ID_TEXT_SIZE];
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "id", id_format(s->id, id), "state",
                          submission_state_name(s->state), "digest", s->digest, "created",
                          (json_int_t)s->created_ms, "bytes", (json_int_t)s->len);

    set_text(o, "executor", s->executor);
    set_text(o, "account", s->account);
    set_text(o, "plugin", s->plugin);
    set_text(o, "vault", s->vault);
    set_text(o, "signature", s->signature);
    set_json(o, "holds", s->holds);
    if (s->state == SUBMISSION_DONE)
        json_object_set_new(o, "success", json_boolean(s->success));
    if (s->state != SUBMISSION_OPEN)
        json_object_set_new(o, "settled", json_integer((json_int_t)s->settled_ms));
    set_json(o, "outcome", s->outcome);
    return o;
}
