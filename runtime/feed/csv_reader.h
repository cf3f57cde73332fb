/*
 * csv_reader: a CSV file as records of fields, one line at a time, never the whole file.
 *
 * Commas; fields may be "quoted" with "" for a quote, but must end on their line; blanks around
 * unquoted fields are dropped; LF or CRLF; a UTF-8 byte order mark is skipped, blank lines are too.
 * Limits: 64 KiB a line, 256 fields, 16 GiB a file (counting its rows at open takes about a second
 * per GiB). Errors carry the file and the line (where, line).
 */
#ifndef ORRERY_FEED_CSV_READER_H
#define ORRERY_FEED_CSV_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;

#define CSV_LINE_BYTES (64 * 1024)
#define CSV_FIELDS     256
#define CSV_FILE_BYTES ((int64_t)16 << 30)

struct csv_reader {
    FILE *file;
    char *path;
    char *block; /* what was read ahead */
    size_t at, have;
    char *text; /* the present line; `fields` point into it */
    size_t len;
    int line; /* of the file, from 1 */
    char *fields[CSV_FIELDS];
    size_t count;
};

int csv_open(struct csv_reader *reader, const char *path, struct error *e);
void csv_close(struct csv_reader *reader); /* a zeroed one is legal */

/* 1: the next record is in fields/count, valid until the next call; 0: the end; -1: an error. */
int csv_next(struct csv_reader *reader, struct error *e);

/* Lines that are not blank, from here to the end. */
int csv_count(struct csv_reader *reader, uint64_t *out, struct error *e);
int csv_rewind(struct csv_reader *reader, struct error *e);

#endif
