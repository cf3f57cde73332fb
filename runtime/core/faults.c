#include "core/faults.h"

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

static int read_action(const char *text, struct fault *out)
{
    if (strncmp(text, "kill", 4) == 0)
        out->signal = SIGKILL;
    else if (strncmp(text, "stop", 4) == 0)
        out->signal = SIGSTOP;
    else
        return -1;
    if (text[4] == '\0') {
        out->left = 1;
        return 0;
    }
    out->left = text[4] == '@' ? strtoul(text + 5, NULL, 10) : 0;
    return out->left > 0 ? 0 : -1;
}

static int read_one(const char *text, struct fault *out, struct error *e)
{
    const char *sign = strchr(text, '=');

    if (sign == NULL || (size_t)(sign - text) >= sizeof out->name || read_action(sign + 1, out) < 0)
        return error_set(e, ERROR_CONFIG, "fault '%.64s': expected NAME=kill or NAME=stop, and @N",
                         text);
    memcpy(out->name, text, (size_t)(sign - text));
    return 0;
}

int faults_parse(const char *text, struct faults **out, struct error *e)
{
    char *copy, *part, *rest;
    struct faults *f;
    int result = 0;

    *out = NULL;
    if (text == NULL || text[0] == '\0')
        return 0;
    f = mem_zero(1, sizeof *f);
    copy = mem_strdup(text);
    for (part = strtok_r(copy, ",", &rest); part != NULL && result == 0;
         part = strtok_r(NULL, ",", &rest)) {
        if (f->count == FAULTS_MAX)
            result = error_set(e, ERROR_CONFIG, "expected at most %d faults", FAULTS_MAX);
        else
            result = read_one(part, &f->items[f->count++], e);
    }
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
