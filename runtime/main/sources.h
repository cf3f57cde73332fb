/*
 * sources: the backends of event sources, by kind.
 */
#ifndef ORRERY_MAIN_SOURCES_H
#define ORRERY_MAIN_SOURCES_H

struct error;
struct event_source;
struct source;

/* From any thread. Does not connect; looks the secret up, so that a new one counts at the next
 * opening. Files are `desk`'s. */
int sources_open(const char *desk, const struct event_source *config, const char *url,
                 struct source **out, struct error *e);
/* Whether `url` is one for this kind of source, and says nothing that contradicts itself. */
int sources_check(const struct event_source *config, const char *url, struct error *e);

#endif
