/*
 * options: a small table-driven parser of command-line options.
 *
 * Understood: --name, --name=value, --name value, -n value, -n5, and `--`, after which everything
 * is an argument. "-" and anything that looks like a negative number (-5, -0.5) are arguments. An
 * option given twice: the last one counts.
 *
 * Values and arguments are UTF-8. Values are checked while parsing, so the getters cannot fail.
 * Unknown options are errors, with the nearest known one as the hint. Asking a getter for an option
 * that no table names is a bug and aborts.
 *
 * Ownership: everything points into argv and into the tables, which must outlive the struct.
 */
#ifndef ORRERY_CLI_OPTIONS_H
#define ORRERY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

#define OPTIONS_MAX   32 /* options one command knows, the general ones included */
#define ARGUMENTS_MAX 8  /* arguments that are not options */

enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,     /* not empty */
    OPTION_COUNT,    /* an integer 1 … max */
    OPTION_DURATION, /* above zero: 250ms, 20s, 5m, 2h, 1d, or plain seconds */
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* or 0 */
    enum option_type type;
    const char *argument; /* name of the value in the help: "DIR"; NULL for flags */
    const char *help;     /* one line */
    uint64_t max;         /* OPTION_COUNT: greatest value; 0: none */
};

struct options {
    const struct option *known[OPTIONS_MAX];
    const char *values[OPTIONS_MAX]; /* NULL: not given; "" for a flag */
    size_t known_count;
    const char *arguments[ARGUMENTS_MAX];
    size_t argument_count;
};

void options_init(struct options *o);
/* Adds a table; NULL is legal. Its names go before those of tables added earlier. */
void options_know(struct options *o, const struct option *table);

/* Reads argv[0..argc). With `stop_at_argument` it ends before the first argument. Returns how many
 * words it has read, or -1. */
int options_parse(struct options *o, int argc, char **argv, bool stop_at_argument, struct error *e);

bool options_given(const struct options *o, const char *name);
const char *options_text(const struct options *o, const char *name); /* NULL: not given */
uint64_t options_count(const struct options *o, const char *name, uint64_t fallback);
int64_t options_duration(const struct options *o, const char *name, int64_t fallback_ms);
const char *options_argument(const struct options *o, size_t index); /* NULL: not given */

/* Appends one aligned help line per option of `table`. */
void options_help(struct buf *out, const struct option *table);

#endif
