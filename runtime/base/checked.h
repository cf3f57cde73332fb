/*
 * checked: integer arithmetic on amounts that never wraps. Each returns true when the exact result fits
 * and stores it; otherwise false, with `*out` untouched.
 */
#ifndef ORRERY_BASE_CHECKED_H
#define ORRERY_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;

    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool checked_sub(uint64_t a, uint64_t b, uint64_t *out)
{
    if (b > a)
        return false;
    *out = a - b;
    return true;
}

static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;

    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

/* a * b / c rounded down, with a 128-bit intermediate; false when c is 0 or the result does not fit. */
static inline bool checked_mul_div(uint64_t a, uint64_t b, uint64_t c, uint64_t *out)
{
    unsigned __int128 r;

    if (c == 0)
        return false;
    r = (unsigned __int128)a * b / c;
    if (r > UINT64_MAX)
        return false;
    *out = (uint64_t)r;
    return true;
}

/* The same rounded up. */
static inline bool checked_mul_div_up(uint64_t a, uint64_t b, uint64_t c, uint64_t *out)
{
    unsigned __int128 r;

    if (c == 0)
        return false;
    r = ((unsigned __int128)a * b + (c - 1)) / c;
    if (r > UINT64_MAX)
        return false;
    *out = (uint64_t)r;
    return true;
}

#endif
