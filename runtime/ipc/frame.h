/*
 * frame: length-framed bytes over a stream socket. A frame is a 4-byte little-endian length (of
 * what follows, 1 … max) and that many bytes of MessagePack. Frames are written and read in
 * batches: one system call moves many.
 */
#ifndef ORRERY_IPC_FRAME_H
#define ORRERY_IPC_FRAME_H

#include <stddef.h>

#include "base/buf.h"

struct error;

/* The receiving side's buffer. Append received bytes to `in`, then take frames until there is none.
 */
struct frame_reader {
    struct buf in;
    size_t start; /* consumed bytes at the front */
    size_t max;   /* of one frame */
};

void frame_reader_init(struct frame_reader *reader, size_t max);
void frame_reader_release(struct frame_reader *reader);

/* 1: `*data`/`*len` is the next frame, valid until the next frame_reader_room(); 0: incomplete; -1:
 * a length out of bounds (PROTOCOL). */
int frame_next(struct frame_reader *reader, const char **data, size_t *len, struct error *e);

/* Room for at least `want` more bytes; the caller receives into it and then calls frame_received().
 */
char *frame_reader_room(struct frame_reader *reader, size_t want);
void frame_received(struct frame_reader *reader, size_t len);

/* Writing: frame_begin() appends a length to be patched by frame_end(), everything appended in
 * between is the frame. */
size_t frame_begin(struct buf *out);
void frame_end(struct buf *out, size_t begin);

#endif
