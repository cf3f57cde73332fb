/*
 * document: a plugin's state as a file, of `orrery state export` and `import`:
 *
 *     {"plugin": NAME, "exported_at": ms, "entries": [{"key", "value", "expires_at": ms | null}…]}
 *
 * Values are exact. The plugin's name and the time are for people: an import goes to the plugin
 * that is named to it.
 */
#ifndef ORRERY_CLI_DOCUMENT_H
#define ORRERY_CLI_DOCUMENT_H

#include <jansson.h>
#include <stdio.h>

struct error;

#define DOCUMENT_BYTES (512u * 1024 * 1024) /* of a file that is imported */

/* One entry per line, inert in a terminal. */
void document_print(FILE *out, const json_t *document);

/* Into a file, which is replaced in one step when all is written: 0600. IO */
int document_save(const char *path, const json_t *document, struct error *e);

/* From a file; "-" or NULL: the standard input. Checks that it is such a document, not its entries.
 * `*out` is a new reference. */
int document_read(const char *path, json_t **out, struct error *e);

#endif
