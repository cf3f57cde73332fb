/*
 * stores: the databases of one desk, opened on demand and shared by URL: a state store on the
 * journal's database joins its transactions. The only place that knows which URL means which
 * backend.
 */
#ifndef ORRERY_MAIN_STORES_H
#define ORRERY_MAIN_STORES_H

#include "core/registry.h"

struct stores *stores_new(const char *desk);
void stores_close(struct stores *stores);
void stores_own(struct stores *stores, const char *owner);
bool stores_state_joins(const struct stores *stores, const char *url);
int stores_open_journal(struct stores *stores, const char *url, enum store_mode mode,
                        int64_t now_ms, struct journal **out, struct error *e);
int stores_open_state(struct stores *stores, const char *url, enum store_mode mode, int64_t now_ms,
                      struct state_store **out, bool *joined, struct error *e);
int stores_check_journal_url(const char *url, struct error *e);
int stores_check_state_url(const char *url, struct error *e);

#endif
