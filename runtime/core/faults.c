#include "core/faults.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define FAULTS_MAX 16

struct fault {
    char name[48];
    int signal;
    unsigned long left; /* passings until it happens; 0: it has */
};

struct faults {
    struct fault items[FAULTS_MAX];
    size_t count;
};

/* "", or "@N". */
static int read_count(const char *text, unsigned long *out)
{
    char *end;

    *out = 1;
    if (text[0] == '\0')
        return 0;
    if (text[0] != '@' || text[1] < '0' || text[1] > '9')
        return -1;
    errno = 0;
    *out = strtoul(text + 1, &end, 10);
    return *end == '\0' && *out > 0 && errno == 0 ? 0 : -1;
}

static int read_action(const char *text, struct fault *out)
{
    if (strncmp(text, "kill", 4) == 0)
        out->signal = SIGKILL;
    else if (strncmp(text, "stop", 4) == 0)
        out->signal = SIGSTOP;
    else
        return -1;
    return read_count(text + 4, &out->left);
}

static int read_one(const char *text, struct fault *out, struct error *e)
{
    size_t len = strcspn(text, "=");

    if (len == 0 || len >= sizeof out->name || text[len] == '\0' ||
        read_action(text + len + 1, out) < 0)
        return error_set(e, ERROR_CONFIG,
                         "fault '%.64s': expected NAME=kill or NAME=stop, with @N (from 1) or "
                         "without, and a comma between two",
                         text);
    memcpy(out->name, text, len);
    return 0;
}

static int read_all(struct faults *f, char *rest, struct error *e)
{
    char *part;

    while ((part = strsep(&rest, ",")) != NULL) {
        if (f->count == FAULTS_MAX)
            return error_set(e, ERROR_CONFIG, "expected at most %d faults", FAULTS_MAX);
        if (read_one(part, &f->items[f->count++], e) < 0)
            return -1;
    }
    return 0;
}

int faults_parse(const char *text, struct faults **out, struct error *e)
{
    struct faults *f;
    char *copy;
    int result;

    *out = NULL;
    if (text == NULL || text[0] == '\0')
        return 0;
    f = mem_zero(1, sizeof *f);
    copy = mem_strdup(text);
    result = read_all(f, copy, e);
    free(copy);
    if (result < 0) {
        faults_free(f);
        return -1;
    }
    *out = f;
    return 0;
}

void faults_free(struct faults *f)
{
    free(f);
}

void faults_at(struct faults *f, const char *name)
{
    for (size_t i = 0; f != NULL && i < f->count; i++)
        if (strcmp(f->items[i].name, name) == 0 && f->items[i].left > 0 && --f->items[i].left == 0)
            raise(f->items[i].signal);
}
