/*
 * server: the signer's role: a process of its own that holds keys, and signs what its policy
 * allows.
 *
 *   start ─► closed to debuggers, no core dumps ─► START: rules, keys (their files are read and
 *   closed) ─► the keys' memory is sealed ─► confined like a worker (io/confine.h) ─► READY
 *   ─► SIGN ─► SIGNED | REFUSED ─► … until core closes the socket, or says anything else
 *
 * Blocking: it reads, answers everything that has come, and reads again. What is broken in a
 * message (a length, a tag, a second START, SIGN before READY) ends the process; what a policy
 * refuses does not.
 */
#ifndef ORRERY_SIGNER_SERVER_H
#define ORRERY_SIGNER_SERVER_H

struct error;
struct signer_server;

/* The role: does not return but with an exit code, after a start that failed. */
int signer_main(void);

/* Its two halves: until READY is said, and what follows. In the first an error other than PROTOCOL
 * and IO was told to core (FAILED). The second returns 0 when core has closed the socket. */
int signer_begin(struct signer_server **out, struct error *e);
int signer_serve(struct signer_server *s, struct error *e);

#endif
