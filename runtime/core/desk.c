#include "core/desk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/problem.h"
#include "stdlib/stdlib.h"

#define CONFIG_NAME "orrery.lua"

static char *join(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = mem_alloc(size);

    snprintf(path, size, "%s/%s", dir, name);
    return path;
}

/* NULL unless it is a regular file: a pipe would be waited for, a folder has nothing to read. */
static FILE *open_regular(const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat s;

    if (fd < 0) {
        error_set(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot read the file: %s",
                  strerror(errno));
        return NULL;
    }
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
        return fdopen(fd, "r");
    close(fd);
    error_set(e, ERROR_IO, "cannot read the file: it is not a regular file");
    return NULL;
}

/* Reads at most LIMIT_SOURCE_BYTES. A file that an editor is just replacing may be absent:
 * NOT_FOUND. */
static int read_source(const char *path, const char *shown, char **out, size_t *out_len,
                       struct error *e)
{
    FILE *file = open_regular(path, e);
    char *data;
    size_t len;

    if (file == NULL) {
        error_locate(e, shown, 0);
        return -1;
    }
    data = mem_alloc(LIMIT_SOURCE_BYTES + 2);
    len = fread(data, 1, LIMIT_SOURCE_BYTES + 1, file);
    if (ferror(file) || len > LIMIT_SOURCE_BYTES) {
        if (ferror(file))
            error_set(e, ERROR_IO, "cannot read the file: %s", strerror(errno));
        else
            error_set(e, ERROR_LIMIT, "the file is larger than %d bytes", LIMIT_SOURCE_BYTES);
        error_locate(e, shown, 0);
        fclose(file);
        free(data);
        return -1;
    }
    fclose(file);
    data[len] = '\0';
    *out = mem_resize(data, len + 1);
    *out_len = len;
    return 0;
}

static bool is_lua_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static int lua_filter(const struct dirent *entry)
{
    return is_lua_file(entry);
}

static struct desk_file *add_file(struct desk_files *files)
{
    /* Doubled when full: growing by one would leave 2,000 former places among the files' texts. */
    if ((files->count & (files->count - 1)) == 0)
        files->items =
            mem_resize(files->items, (files->count ? 2 * files->count : 1) * sizeof *files->items);
    memset(&files->items[files->count], 0, sizeof *files->items);
    return &files->items[files->count++];
}

/* One file of a folder. With `problems`, one that cannot be read is a problem of its own. */
static int read_entry(const char *desk, const char *folder, const char *name,
                      struct problems *problems, struct desk_files *out, struct error *e)
{
    struct desk_file file = {.path = join(folder, name),
                             .name = mem_strndup(name, strlen(name) - strlen(".lua"))};
    char *path = join(desk, file.path);
    struct error problem = ERROR_INIT;
    int result = read_source(path, file.path, &file.source, &file.len, problems ? &problem : e);

    free(path);
    if (result < 0 && problems == NULL) {
        free(file.path);
        free(file.name);
        return -1;
    }
    if (result < 0)
        problem_add_error(problems, file.path, &problem);
    *add_file(out) = file;
    return 0;
}

/* Reads every *.lua file of one folder, in the order of their names. A missing folder is empty. */
static int read_folder(const char *desk, const char *folder, size_t max, struct problems *problems,
                       struct desk_files *out, struct error *e)
{
    char *dir = join(desk, folder);
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, lua_filter, alphasort);
    int result = 0;

    if (count > 0 && (size_t)count > max) {
        error_set(e, ERROR_LIMIT, "%d Lua files: at most %zu", count, max);
        error_locate(e, folder, 0);
        result = -1;
    }
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = read_entry(desk, folder, entries[i]->d_name, problems, out, e);
        free(entries[i]);
    }
    free(entries);
    free(dir);
    return result;
}

static void add_standard_library(struct desk_files *out)
{
    size_t count;
    const struct stdlib_module *modules = stdlib_modules(&count);

    for (size_t i = 0; i < count; i++) {
        struct desk_file *file = add_file(out);
        file->path = mem_strdup(modules[i].file);
        file->name = mem_strdup(modules[i].name);
        file->source = mem_strndup(modules[i].source, modules[i].len);
        file->len = modules[i].len;
    }
}

static void file_release(struct desk_file *file)
{
    free(file->path);
    free(file->name);
    free(file->source);
    memset(file, 0, sizeof *file);
}

static void files_release(struct desk_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        file_release(&files->items[i]);
    free(files->items);
    memset(files, 0, sizeof *files);
}

void desk_release(struct desk *desk)
{
    free(desk->dir);
    file_release(&desk->config_file);
    files_release(&desk->strategies);
    files_release(&desk->modules);
    memset(desk, 0, sizeof *desk);
}

int desk_read_strategies(struct desk *desk, const char *folder, struct problems *problems,
                         struct error *e)
{
    return read_folder(desk->dir, folder, LIMIT_PLUGINS, problems, &desk->strategies, e);
}

int desk_read(const char *dir, struct desk *out, struct error *e)
{
    struct desk desk = {.dir = mem_strdup(dir)};
    char *path = join(dir, CONFIG_NAME);
    size_t bytes = 0;

    desk.config_file.path = mem_strdup(CONFIG_NAME);
    desk.config_file.name = mem_strdup("orrery");
    if (read_source(path, CONFIG_NAME, &desk.config_file.source, &desk.config_file.len, e) < 0) {
        if (e != NULL && e->code == ERROR_NOT_FOUND) {
            error_clear(e);
            error_set(e, ERROR_NOT_FOUND, "no %s in %s: not a desk", CONFIG_NAME, dir);
            error_hint(e, "make one with `orrery new DIR`, or name a desk with -C DIR");
        }
        goto fail;
    }
    if (read_folder(dir, "lib", LIMIT_MODULES, NULL, &desk.modules, e) < 0)
        goto fail;
    add_standard_library(&desk.modules);
    for (size_t i = 0; i < desk.modules.count; i++)
        bytes += desk.modules.items[i].len;
    if (desk.modules.count > LIMIT_MODULES || bytes > LIMIT_MODULES_BYTES) {
        error_set(e, ERROR_LIMIT, "%zu modules of %zu bytes: at most %d modules of %d bytes in all",
                  desk.modules.count, bytes, LIMIT_MODULES, LIMIT_MODULES_BYTES);
        error_locate(e, "lib", 0);
        goto fail;
    }
    free(path);
    *out = desk;
    return 0;
fail:
    free(path);
    desk_release(&desk);
    return -1;
}
