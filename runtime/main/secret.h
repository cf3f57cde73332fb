/*
 * secret: the password or token of a store, from where the URL says: an environment variable, a
 * file, or the URL itself.
 */
#ifndef ORRERY_MAIN_SECRET_H
#define ORRERY_MAIN_SECRET_H

struct error;
struct store_url;

/* A new string, or NULL when the URL names none. Looked up at each call, so that a rotated secret
 * counts at the next connection. CONFIG when it is named twice, when the variable is not set or the
 * file cannot be read, is empty, or larger than 16 KiB. A file's last line end does not count.
 * Relative files are the desk's. */
int secret_find(const struct store_url *url, const char *desk, char **out, struct error *e);
void secret_free(char *secret); /* wipes it; NULL is legal */

#endif
