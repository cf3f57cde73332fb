/*
 * place: which line of a Lua file holds a setting, so that a wrong value is reported as file:line.
 *
 * A light scan of the source (strings, comments, names, braces), never an evaluation: it finds the
 * table constructor after the last top-level `return`, or the last `name = {` when a name is
 * returned, and the lines of the keys in it. What it cannot follow (computed tables, missing keys)
 * has the line of the nearest enclosing key, at last that of the table; 0 when there is no such
 * table. Any bytes are acceptable input.
 */
#ifndef ORRERY_MODEL_PLACE_H
#define ORRERY_MODEL_PLACE_H

#include <stddef.h>

/* Line (from 1) of the dotted path, e.g. "feeds.btc.model", "triggers.2.every_seconds" (array items
 * count from 1). Keys may contain dots themselves: the longest key that fits is taken. */
int place_line(const char *source, size_t len, const char *path);

#endif
