/*
 * version_text: the files of a strategy's version (model/version.h), and how two versions differ.
 */
#ifndef ORRERY_CLI_VERSION_TEXT_H
#define ORRERY_CLI_VERSION_TEXT_H

#include <jansson.h>

#include "cli/output.h"

struct error;

/* [{name: null for the strategy's own file, file|null, bytes, lines, orrery: version|null,
 * source?}…] of a version's content (JSON text): a new reference, the strategy's file first; NULL
 * with `e` when it is damaged. */
json_t *version_text_files(const char *content, bool sources, struct error *e);

/* [{name, file, change: "changed"|"added"|"removed"|"same", added, removed, diff}…] of two lists of
 * files with their sources: a new reference, or NULL with `e`. */
json_t *version_text_compare(const json_t *before, const json_t *after, struct error *e);

/* Text of several lines, each made inert, tabs as they are; `numbers`: with their numbers. */
void version_text_print_source(const struct output *o, const char *source, bool numbers);
/* A unified difference, coloured. */
void version_text_print_diff(const struct output *o, const char *diff);

#endif
