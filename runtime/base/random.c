#include "base/random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void random_init(struct random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

uint64_t random_next(struct random *r)
{
    uint64_t result = rotate_left(r->s[1] * 5, 7) * 9;
    uint64_t t = r->s[1] << 17;

    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotate_left(r->s[3], 45);
    return result;
}

double random_unit(struct random *r)
{
    return (double)(random_next(r) >> 11) * 0x1.0p-53;
}

double random_normal(struct random *r)
{
    double u = 1.0 - random_unit(r); /* (0, 1]: log is finite */

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * random_unit(r));
}

uint64_t random_below(struct random *r, uint64_t bound)
{
    uint64_t threshold = (0 - bound) % bound;
    uint64_t x;

    do
        x = random_next(r);
    while (x < threshold);
    return x % bound;
}

uint64_t random_mix(uint64_t a, uint64_t b)
{
    uint64_t state = a ^ rotate_left(b, 32);

    splitmix(&state);
    state ^= b;
    return splitmix(&state);
}

uint64_t random_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}
