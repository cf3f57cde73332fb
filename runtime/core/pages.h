/*
 * pages: cursors of lists: where the next page begins, as opaque text.
 *
 *     position (13 characters)  place within it (4)  check (8)
 *
 * A cursor belongs to one list, which its `scope` names: the question with all its filters. The
 * check is over all three, so that a cursor that was cut, changed, made up or taken from a list
 * with other filters is refused and not misread. It is no secret: who computes it himself gets a
 * position in a list that he may read anyway.
 */
#ifndef ORRERY_CORE_PAGES_H
#define ORRERY_CORE_PAGES_H

#include <stdint.h>

struct error;

#define PAGE_CURSOR_SIZE 26 /* with NUL */
#define PAGE_WITHIN_MAX  0xffff

/* `at`: below 2^63; `within` at most PAGE_WITHIN_MAX. Returns `out`. */
char *page_cursor(const char *scope, uint64_t at, uint32_t within, char out[PAGE_CURSOR_SIZE]);

/* INVALID when `text` is no cursor of the list `scope`. */
int page_cursor_read(const char *text, const char *scope, uint64_t *at, uint32_t *within,
                     struct error *e);

#endif
