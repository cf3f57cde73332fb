#include "ipc/prescan.h"

#include <stdint.h>

struct cursor {
    const unsigned char *at;
    size_t left;
};

static bool skip(struct cursor *c, uint64_t n)
{
    if (n > c->left)
        return false;
    c->at += n;
    c->left -= n;
    return true;
}

/* A big-endian unsigned integer of `width` bytes. */
static bool number(struct cursor *c, int width, uint64_t *out)
{
    uint64_t value = 0;

    if (c->left < (size_t)width)
        return false;
    for (int i = 0; i < width; i++)
        value = value << 8 | c->at[i];
    *out = value;
    return skip(c, (uint64_t)width);
}

/* Skips one scalar whose first byte has been taken. */
static bool scalar(struct cursor *c, unsigned char tag)
{
    uint64_t length;

    if (tag <= 0x7f || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3)
        return true; /* small integers, nil, booleans */
    if (tag >= 0xa0 && tag <= 0xbf)
        return skip(c, tag & 31); /* short string */
    if (tag >= 0xc4 && tag <= 0xc6)
        return number(c, 1 << (tag - 0xc4), &length) && skip(c, length); /* bin */
    if (tag >= 0xd9 && tag <= 0xdb)
        return number(c, 1 << (tag - 0xd9), &length) && skip(c, length); /* str */
    if (tag == 0xca || tag == 0xcb)
        return skip(c, tag == 0xca ? 4 : 8); /* float */
    if (tag >= 0xcc && tag <= 0xd3)
        return skip(c, 1u << ((tag - 0xcc) & 3)); /* unsigned, signed */
    return false;                                 /* maps and extensions are never ours */
}

static bool array_count(struct cursor *c, unsigned char tag, uint64_t *count)
{
    if (tag >= 0x90 && tag <= 0x9f) {
        *count = tag & 15;
        return true;
    }
    return (tag == 0xdc || tag == 0xdd) && number(c, tag == 0xdc ? 2 : 4, count);
}

static bool take_tag(struct cursor *c, unsigned char *tag)
{
    if (c->left == 0)
        return false;
    *tag = *c->at;
    return skip(c, 1);
}

static bool element(struct cursor *c)
{
    unsigned char tag;
    uint64_t count;

    if (!take_tag(c, &tag))
        return false;
    if (!array_count(c, tag, &count))
        return scalar(c, tag);
    if (count > c->left)
        return false;
    for (; count > 0; count--)
        if (!take_tag(c, &tag) || !scalar(c, tag))
            return false;
    return true;
}

bool prescan_frame(const char *frame, size_t len)
{
    struct cursor c = {(const unsigned char *)frame, len};
    unsigned char tag;
    uint64_t count;

    if (!take_tag(&c, &tag) || !array_count(&c, tag, &count) || count > c.left)
        return false;
    for (; count > 0; count--)
        if (!element(&c))
            return false;
    return c.left == 0;
}
