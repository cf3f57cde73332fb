#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/digest.h"
#include "tables/postgres_store.h"

#define READABLE 20 /* characters of the plugin's name */

static void name_of(const char *kind, const char *place, const char *plugin, const char *more,
                    char out[PG_OUR_NAME])
{
    const struct digest_part parts[] = {{kind, strlen(kind)},
                                        {place, strlen(place)},
                                        {plugin, strlen(plugin)},
                                        {more, strlen(more)}};
    char digest[DIGEST_TEXT_SIZE];

    snprintf(out, PG_OUR_NAME, "orrery_%.*s_%s", READABLE, plugin,
             digest_parts(parts, sizeof parts / sizeof parts[0], digest));
}

/* Roles are the whole server's, so that theirs have the database in them; two desks in one database
 * tell themselves apart by ?schema=. */
void pg_tables_name(struct pg_tables *t, const struct store_url *url)
{
    const char *place = store_url_option(url, "schema");

    place = place ? place : "";
    name_of("schema", place, t->plugin, "", t->name);
    name_of("role", place, t->plugin, url->path ? url->path : "", t->role);
}

void pg_quote(struct buf *sql, const char *text)
{
    buf_add_char(sql, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_char(sql, '\'');
        buf_add_char(sql, *text);
    }
    buf_add_char(sql, '\'');
}

void pg_random_secret(char out[PG_OUR_SECRET])
{
    unsigned char bytes[(PG_OUR_SECRET - 1) / 2];
    size_t got = 0;

    while (got < sizeof bytes) {
        ssize_t n = getrandom(bytes + got, sizeof bytes - got, 0);
        got += n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    explicit_bzero(bytes, sizeof bytes);
}
