/*
 * postgres_place: a schema of its own for each test on the server of ORRERY_POSTGRES_URL, where
 * the test is superuser; gone with everything in it afterwards.
 */
#ifndef ORRERY_TEST_POSTGRES_PLACE_H
#define ORRERY_TEST_POSTGRES_PLACE_H

#include "postgres_help.h"

static char server[512]; /* ORRERY_POSTGRES_URL */
static char url[700];    /* with a schema of its own */
static char schema[32];
static struct state_store *store, *second;
static struct error e;

static inline const char *with(const char *options)
{
    static char texts[4][1000];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "%s%s", url, options);
    return text;
}

static inline int set_up(void **unused)
{
    static unsigned next;

    (void)unused;
    error_clear(&e);
    snprintf(schema, sizeof schema, "u%d_%u", (int)getpid(), next++);
    snprintf(url, sizeof url, "%s?schema=%s", server, schema);
    return 0;
}

static inline int tear_down(void **unused)
{
    (void)unused;
    state_close(store);
    state_close(second);
    store = second = NULL;
    tell(server, "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s CASCADE", schema);
    return 0;
}

#define SQL(...)  tell(url, "SET search_path TO " __VA_ARGS__)
#define IN_SCHEMA "%s; "

/* In main(): true when there is no server. */
static inline bool no_server(void)
{
    const char *base = getenv("ORRERY_POSTGRES_URL");

    if (base == NULL)
        print_message("SKIPPED: ORRERY_POSTGRES_URL is not set\n");
    else
        snprintf(server, sizeof server, "%s", base);
    return base == NULL;
}

#endif
