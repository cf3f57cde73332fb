/*
 * hrana_error: a Hrana server's refusals as a store's errors. What the server said is quoted: cut,
 * made inert, and without the token.
 */
#ifndef ORRERY_STATE_HRANA_ERROR_H
#define ORRERY_STATE_HRANA_ERROR_H

#include <stdbool.h>

#include "state/hrana.h"

/* All return -1. */

/* No answer, for the reason `why` (see io/http_call.h). */
int hrana_call_error(const struct hrana *h, const struct error *why, bool sent, struct error *e);
/* An answer that is not 200; its body is h->answer. */
int hrana_status_error(const struct hrana *h, int status, struct error *e);
/* A base_url that is not followed. */
int hrana_stray_error(const struct hrana *h, const char *base_url, struct error *e);

#endif
