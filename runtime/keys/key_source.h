/*
 * key_source: where keys come from, as a configuration or a command line names it:
 *
 *   file:PATH         a file with suiprivkey1… text or a sui.keystore; a relative path is the
 * desk's credential:NAME   $CREDENTIALS_DIRECTORY/NAME: LoadCredential= of a systemd unit env:NAME
 * an environment variable, wiped when it is read (keys/key_env.h)
 *
 * Never a key itself: a text that looks like one is refused without being repeated.
 */
#ifndef ORRERY_KEYS_KEY_SOURCE_H
#define ORRERY_KEYS_KEY_SOURCE_H

#include <stddef.h>

struct error;

enum key_source_kind { KEY_SOURCE_FILE, KEY_SOURCE_CREDENTIAL, KEY_SOURCE_ENV };

struct key_source {
    enum key_source_kind kind;
    char *name;  /* PATH or NAME */
    char *label; /* the text as given: for people */
};

/* CONFIG when it is no such text. */
int key_source_parse(const char *text, struct key_source *out, struct error *e);
void key_source_release(struct key_source *source);

/* Its text into `out` (locked memory, `size` bytes). Errors say where: the label. */
int key_source_read(const struct key_source *source, const char *desk, char *out, size_t size,
                    size_t *len, struct error *e);

#endif
