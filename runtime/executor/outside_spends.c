#include "executor/outside_plan.h"

#include <string.h>

void outside_spends_init(struct outside_spends *s, const struct vault_config *config,
                         const struct vault_record *record)
{
    memset(s, 0, sizeof *s);
    s->limited = config->caps.max_spend > 0 && config->caps.spend_window_ms >= 1;
    if (!s->limited)
        return;
    spend_window_init(&s->window, config->caps.spend_window_ms);
    for (size_t i = 0; i < record->spend_count; i++)
        spend_window_add(&s->window, record->spends[i].at_ms, record->spends[i].amount);
}

void outside_spends_release(struct outside_spends *s)
{
    if (s->limited)
        spend_window_release(&s->window);
    memset(s, 0, sizeof *s);
}

void outside_spends_hold(struct outside_spends *s, uint64_t amount, int64_t now_ms)
{
    outside_spends_keep(s);
    s->held = amount;
    s->held_ms = now_ms;
}

void outside_spends_keep(struct outside_spends *s)
{
    if (s->limited && s->held > 0)
        spend_window_add(&s->window, s->held_ms, s->held);
    s->held = 0;
}

void outside_spends_drop(struct outside_spends *s)
{
    s->held = 0;
}

struct spend_window *outside_spends_window(struct outside_spends *s)
{
    outside_spends_keep(s);
    return s->limited ? &s->window : NULL;
}
