/* One sequence laid over the commands of a transaction. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "recipe/match.h"

/* Places in a command, behind which its slots follow. */
enum { AT_KIND, AT_TARGET, AT_TYPES, AT_COUNT, AT_ALONE, AT_SLOTS };

#define PLACES 1024 /* more than a command has */

bool recipe_mismatch(struct attempt *a, size_t depth, enum recipe_mismatch_code code,
                     const char *format, ...)
{
    size_t command = a->first + a->step;
    uint64_t reached = (uint64_t)command * PLACES + depth + 1;
    struct recipe_mismatch *out = a->search->out;
    char name[RECIPE_SHOWN_BYTES];
    va_list arguments;
    size_t used;

    if (reached <= a->search->furthest)
        return false;
    a->search->furthest = reached;
    out->code = code;
    out->command = command < a->tx->command_count ? command : a->tx->command_count - 1;
    used = (size_t)snprintf(
        out->message, sizeof out->message, "%s, command %zu: ",
        recipe_shown(a->s->target ? a->s->target : action_spec(a->s->kind)->name, name),
        a->step + 1);
    va_start(arguments, format);
    vsnprintf(out->message + used, sizeof out->message - used, format, arguments);
    va_end(arguments);
    return false;
}

bool recipe_slot_mismatch(struct attempt *a, enum recipe_mismatch_code code, const char *format,
                          ...)
{
    char text[128], message[224];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    recipe_slot_text(a->r, a->slot, text, sizeof text);
    if (a->place == 0)
        return recipe_mismatch(a, AT_ALONE, code, "%s (%s): %s", a->where, text, message);
    return recipe_mismatch(a, AT_SLOTS + a->place, code, "argument %zu (%s): %s", a->place, text,
                           message);
}

static bool same_target(const struct sui_call *x, const struct sui_call *y)
{
    return sui_address_equal(&x->package, &y->package) && strcmp(x->module, y->module) == 0 &&
           strcmp(x->function, y->function) == 0;
}

/* Whether some step of the recipe is of that kind and, of a call, has that target. */
static bool is_known(const struct recipe *r, const struct sui_command *c)
{
    for (size_t i = 0; i < r->sequence_count; i++)
        for (size_t k = 0; k < r->sequences[i].count; k++) {
            const struct step *step = &r->sequences[i].steps[k];
            if (step->kind == c->kind &&
                (c->kind != SUI_CALL || same_target(&step->call, &c->as.call)))
                return true;
        }
    return false;
}

/* Another command than the step. */
static bool refuse_command(struct attempt *a, size_t depth, const struct sui_command *c)
{
    const struct step *step = &a->s->steps[a->step];
    char package[SUI_ADDRESS_TEXT_SIZE];

    if (!is_known(a->r, c) && c->kind != SUI_CALL)
        return recipe_mismatch(a, depth, RECIPE_COMMAND_KIND, "no sequence has a %s",
                               sui_command_name(c->kind));
    if (!is_known(a->r, c))
        return recipe_mismatch(a, depth, RECIPE_TARGET,
                               "the function of %s that is called stands in no sequence",
                               sui_address_text(&c->as.call.package, package));
    return recipe_mismatch(
        a, depth, RECIPE_SEQUENCE, "expected %s%s%s, got another command of the recipe (%s)",
        sui_command_name(step->kind), step->kind == SUI_CALL ? " of " : "",
        step->kind == SUI_CALL ? step->call.function : "", sui_command_name(c->kind));
}

static bool match_types(struct attempt *a, const struct sui_call *expected,
                        const struct sui_call *got)
{
    bool same = expected->type_count == got->type_count;

    for (size_t i = 0; same && i < got->type_count; i++)
        same = sui_type_equal(&expected->types[i], &got->types[i]);
    return same || recipe_mismatch(a, AT_TYPES, RECIPE_TYPE_ARGUMENTS,
                                   "expected the %zu type arguments of %s as configured, got %zu "
                                   "(not those)",
                                   expected->type_count, expected->function, got->type_count);
}

/* What a command says besides its arguments. */
static bool match_head(struct attempt *a, const struct step *step, const struct sui_command *c)
{
    if (step->kind != c->kind)
        return refuse_command(a, AT_KIND, c);
    if (c->kind == SUI_CALL)
        return same_target(&step->call, &c->as.call) ? match_types(a, &step->call, &c->as.call)
                                                     : refuse_command(a, AT_TARGET, c);
    if (c->kind != SUI_MAKE_VECTOR)
        return true;
    if ((step->type == NULL) == (c->as.vector.type == NULL) &&
        (step->type == NULL || sui_type_equal(step->type, c->as.vector.type)))
        return true;
    return recipe_mismatch(a, AT_TYPES, RECIPE_TYPE_ARGUMENTS,
                           "expected the vector's type as configured");
}

static bool match_step(struct attempt *a, const struct step *step, const struct sui_command *c)
{
    const struct sui_argument *alone;
    struct sui_arguments list = sui_command_arguments(c, &alone);

    if (!match_head(a, step, c))
        return false;
    if (list.count != step->count)
        return recipe_mismatch(a, AT_COUNT, RECIPE_ARGUMENT, "expected %zu arguments, got %zu",
                               step->count, list.count);
    if (alone != NULL) {
        a->slot = &step->alone;
        a->where = c->kind == SUI_TRANSFER ? "recipient" : "coin";
        a->place = 0;
        if (!recipe_match_slot(a, a->slot, *alone))
            return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        a->slot = &step->slots[i];
        a->place = i + 1;
        if (!recipe_match_slot(a, a->slot, list.items[i]))
            return false;
    }
    return true;
}

/* Rules between the fields of an action: see model/action.h. */
static bool match_together(struct attempt *a)
{
    const struct action_spec *spec = action_spec(a->s->kind);
    size_t lower = RECIPE_NONE, higher = RECIPE_NONE;

    for (size_t i = 0; i < spec->field_count && i < RECIPE_FIELDS; i++) {
        if (strcmp(spec->fields[i].name, "lower_strike") == 0 && a->reading.known[i])
            lower = i;
        if (strcmp(spec->fields[i].name, "higher_strike") == 0 && a->reading.known[i])
            higher = i;
    }
    if (lower == RECIPE_NONE || higher == RECIPE_NONE ||
        a->reading.numbers[lower] < a->reading.numbers[higher])
        return true;
    a->step = a->s->count - 1;
    return recipe_mismatch(a, AT_SLOTS + RECIPE_ARGUMENTS, RECIPE_ARGUMENT,
                           "lower_strike (%llu) is not below higher_strike (%llu)",
                           (unsigned long long)a->reading.numbers[lower],
                           (unsigned long long)a->reading.numbers[higher]);
}

bool recipe_match_sequence(struct attempt *a)
{
    const struct sui_transaction *tx = a->tx;

    memset(&a->reading, 0, sizeof a->reading);
    for (size_t i = 0; i < a->r->market_count; i++)
        a->reading.markets[i / 64] |= UINT64_C(1) << (i % 64);
    for (a->step = 0; a->step < a->s->count; a->step++) {
        size_t command = a->first + a->step;
        if (command == tx->command_count)
            return recipe_mismatch(a, AT_KIND, RECIPE_SEQUENCE,
                                   "the transaction ends in the middle of the sequence");
        if (!match_step(a, &a->s->steps[a->step], &tx->commands[command]))
            return false;
    }
    return match_together(a);
}
