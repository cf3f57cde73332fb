/* orrery new: a working desk to begin with. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/stopped.h"
#include "cli/template.h"

/* Makes `dir`, or accepts it when it is an empty folder. `*made` tells which. */
static int make_empty(const char *dir, bool *made, struct error *e)
{
    struct dirent *entry;
    DIR *folder;
    int names = 0;

    *made = mkdir(dir, 0755) == 0;
    if (*made)
        return 0;
    if (errno != EEXIST)
        return error_set(e, ERROR_IO, "cannot make the folder %s: %s", dir, strerror(errno));
    folder = opendir(dir);
    if (folder == NULL)
        return error_set(e, ERROR_IO, "cannot use %s as a folder: %s", dir, strerror(errno));
    while ((entry = readdir(folder)) != NULL)
        names += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    if (names == 0)
        return 0;
    error_set(e, ERROR_INVALID, "%s is not empty (it has %d entr%s): nothing was written", dir,
              names, names == 1 ? "y" : "ies");
    error_hint(e, "name a folder that does not exist yet");
    return -1;
}

static int write_file(const char *path, const struct template_file *file, struct error *e)
{
    size_t len = strlen(file->text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file->executable ? 0755 : 0644);
    ssize_t written;

    if (fd < 0)
        return error_set(e, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
    written = write(fd, file->text, len);
    if (written < 0 || (size_t)written != len)
        error_set(e, ERROR_IO, "cannot write %s: %s", path,
                  written < 0 ? strerror(errno) : "the disk is full");
    if (close(fd) < 0)
        error_set(e, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
    return e->code == ERROR_NONE ? 0 : -1;
}

static int make_one(const char *dir, const struct template_file *file, struct error *e)
{
    char *path = desk_path(dir, file->path);
    int result = 0;

    if (file->text != NULL)
        result = write_file(path, file, e);
    else if (mkdir(path, 0755) < 0)
        result = error_set(e, ERROR_IO, "cannot make the folder %s: %s", path, strerror(errno));
    free(path);
    return result;
}

/* Takes away what a failed attempt has made, newest first, so that it can be repeated. */
static void unmake(const char *dir, const struct template_file *files, size_t count, bool made)
{
    while (count-- > 0) {
        char *path = desk_path(dir, files[count].path);
        if (files[count].text != NULL)
            unlink(path);
        else
            rmdir(path);
        free(path);
    }
    if (made)
        rmdir(dir);
}

static void report(struct context *c, const char *dir, const struct template_file *files,
                   size_t count)
{
    json_t *names = json_array(), *data;

    for (size_t i = 0; i < count; i++)
        if (files[i].text != NULL)
            json_array_append_new(names, json_string(files[i].path));
    data = json_pack("{s:s, s:o}", "desk", dir, "files", names);
    if (c->output.json) {
        output_data(&c->output, data);
    } else {
        const json_t *name;
        struct buf word;
        size_t i;
        fprintf(c->output.out, "A new desk in %s\n", dir);
        json_array_foreach(names, i, name)
            fprintf(c->output.out, "  %s\n", json_string_value(name));
        buf_init(&word, 2 * PATH_MAX);
        format_add_word(&word, dir);
        fprintf(c->output.out, "\nNext\n  cd %s\n  orrery check\n  orrery run --watch\n",
                buf_text(&word));
        buf_release(&word);
    }
    json_decref(data);
}

static int run_new(struct context *c, struct error *e)
{
    const char *dir = options_argument(&c->options, 0);
    const struct template_file *files;
    size_t count;
    bool made;

    files = template_files(&count);
    if (make_empty(dir, &made, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (make_one(dir, &files[i], e) == 0)
            continue;
        unmake(dir, files, i + 1, made);
        return -1;
    }
    report(c, dir, files, count);
    return 0;
}

const struct command command_new = {
    .name = "new",
    .summary = "make a new desk: configuration, a strategy, a test, a README",
    .usage = "  orrery new DIR\n",
    .text =
        "Writes a desk that works as it is: a paper vault, a simulated price, one strategy that\n"
        "explains itself, a module, a smoke test and a README. DIR must not exist yet, or be\n"
        "empty.\n",
    .examples = "  $ orrery new my-desk\n"
                "  A new desk in my-desk\n"
                "    orrery.lua\n"
                "    strategies/first.lua\n"
                "    lib/sizing.lua\n"
                "    tests/smoke.sh\n"
                "    README.md\n"
                "    .gitignore\n"
                "\n"
                "  Next\n"
                "    cd my-desk\n"
                "    orrery check\n"
                "    orrery run --watch\n",
    .exits = "  1 when DIR is not empty or cannot be written\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_new,
};
