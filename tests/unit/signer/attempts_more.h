/*
 * attempts_more: those of attempts.h that look like upkeep, and those whose bytes are wrong.
 */
#ifndef ORRERY_TESTS_SIGNER_ATTEMPTS_MORE_H
#define ORRERY_TESTS_SIGNER_ATTEMPTS_MORE_H

#include "unit/signer/trial.h"

/* ---- upkeep ---- */

static inline void upkeep_to_another(struct trial *t)
{
    add_upkeep(t, 2, 5, filled(FOREIGN));
}

static inline void upkeep_to_a_listed_one(struct trial *t)
{
    add_upkeep(t, 2, 5, sui_address_small(LISTED));
}

static inline void upkeep_too_much(struct trial *t)
{
    add_upkeep(t, 2, 250000001, t->own);
}

static inline void upkeep_overflows(struct trial *t)
{
    add_upkeep(t, 2, UINT64_C(1) << 63, t->own);
}

static inline void upkeep_too_many(struct trial *t)
{
    add_upkeep(t, 5, 5, t->own);
}

static inline void upkeep_of_nothing(struct trial *t)
{
    add_upkeep(t, 2, 0, t->own);
}

/* Two parts of the gas coin, which of them go being the caller's. */
static inline void upkeep_parts(struct trial *t, const int *which, size_t count)
{
    struct sui_argument amounts[2] = {u64_of(t, 5), u64_of(t, 6)}, objects[4];
    struct sui_argument parts = split(t, sui_gas_coin(), amounts, 2);

    for (size_t i = 0; i < count; i++)
        objects[i] = which[i] < 0 ? sui_gas_coin() : sui_part(parts, (uint16_t)which[i]);
    transfer(t, objects, count, to(t, t->own));
}

static inline void upkeep_forgets_a_part(struct trial *t)
{
    upkeep_parts(t, (const int[]){0}, 1);
}

static inline void upkeep_part_twice(struct trial *t)
{
    upkeep_parts(t, (const int[]){0, 0}, 2);
}

static inline void upkeep_part_that_is_not(struct trial *t)
{
    upkeep_parts(t, (const int[]){0, 2}, 2);
}

static inline void upkeep_with_the_gas_coin(struct trial *t)
{
    upkeep_parts(t, (const int[]){0, 1, -1}, 3);
}

static inline void upkeep_whole_result(struct trial *t)
{
    struct sui_argument value = u64_of(t, 5), all = split(t, sui_gas_coin(), &value, 1);

    transfer(t, &all, 1, to(t, t->own));
}

static inline void upkeep_with_an_object(struct trial *t)
{
    struct sui_argument value = u64_of(t, 5), objects[2];

    objects[0] = sui_part(split(t, sui_gas_coin(), &value, 1), 0);
    objects[1] = manager(t);
    transfer(t, objects, 2, to(t, t->own));
}

static inline void upkeep_short_amount(struct trial *t)
{
    struct sui_argument value = pure(t, "\1\2\3\4", 4), part;

    part = sui_part(split(t, sui_gas_coin(), &value, 1), 0);
    transfer(t, &part, 1, to(t, t->own));
}

static inline void upkeep_amount_of_an_object(struct trial *t)
{
    struct sui_argument value = manager(t), part;

    part = sui_part(split(t, sui_gas_coin(), &value, 1), 0);
    transfer(t, &part, 1, to(t, t->own));
}

static inline void upkeep_to_a_result(struct trial *t)
{
    struct sui_argument value = u64_of(t, 5), part;

    part = sui_part(split(t, sui_gas_coin(), &value, 1), 0);
    transfer(t, &part, 1, part);
}

static inline void upkeep_to_a_short_address(struct trial *t)
{
    struct sui_argument value = u64_of(t, 5), part;

    part = sui_part(split(t, sui_gas_coin(), &value, 1), 0);
    transfer(t, &part, 1, pure(t, t->own.bytes, 31));
}

static inline void upkeep_unused_input(struct trial *t)
{
    add_upkeep(t, 2, 5, t->own);
    u64_of(t, 5);
}

static inline void upkeep_and_more(struct trial *t)
{
    struct sui_argument gas = sui_gas_coin();

    add_upkeep(t, 1, 5, t->own);
    transfer(t, &gas, 1, to(t, t->own));
}

/* ---- bytes ---- */

static inline void honest_raw(struct trial *t)
{
    struct buf bytes;

    add_mint(t);
    trial_bytes(t, &bytes);
    buf_add(&t->raw, bytes.data, bytes.len);
    buf_release(&bytes);
}

static inline void byte_behind(struct trial *t)
{
    honest_raw(t);
    buf_add_char(&t->raw, 0);
}

static inline void byte_missing(struct trial *t)
{
    honest_raw(t);
    t->raw.len--;
}

static inline void newer_version(struct trial *t)
{
    honest_raw(t);
    t->raw.data[0] = 1;
}

static inline void system_transaction(struct trial *t)
{
    honest_raw(t);
    t->raw.data[1] = 2;
}

/* The count of inputs in two bytes instead of one: the same number, another text. */
static inline void stretched_length(struct trial *t)
{
    struct buf bytes;

    add_mint(t);
    trial_bytes(t, &bytes);
    buf_add(&t->raw, bytes.data, 2);
    buf_add_char(&t->raw, (char)(bytes.data[2] | 0x80));
    buf_add_char(&t->raw, 0);
    buf_add(&t->raw, bytes.data + 3, bytes.len - 3);
    buf_release(&bytes);
}

static inline void garbage(struct trial *t)
{
    buf_add(&t->raw, "\xde\xad\xbe\xef", 4);
}

static inline void personal_message(struct trial *t)
{
    buf_add_str(&t->raw, "\3\1\2please sign this");
}

/* Publishing a package: command 4 in the place of a call. */
static inline void publishes(struct trial *t)
{
    static const char start[] = {0, 0, 0, 1, 4, 1, 1, 7, 0};
    struct buf bytes;

    add_mint(t);
    trial_bytes(t, &bytes);
    buf_add(&t->raw, start, sizeof start);
    buf_add(&t->raw, bytes.data + bytes.len - 150, 150);
    buf_release(&bytes);
}

#endif
