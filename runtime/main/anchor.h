/*
 * anchor: files that a store's URL names (tls_ca, sslrootcert) are the desk's, wherever the daemon
 * was started.
 */
#ifndef ORRERY_MAIN_ANCHOR_H
#define ORRERY_MAIN_ANCHOR_H

struct store_url;

/* Makes the paths in `url` whole. */
void anchor_files(const char *desk, struct store_url *url);

#endif
