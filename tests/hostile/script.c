#include "hostile/script.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The rest of the first line of the head that starts with `key`, or false. */
static bool header(const struct script *script, const char *key, char *out, size_t size)
{
    const char *line = script->source;
    size_t key_len = strlen(key);

    if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    while (strncmp(line, "-- ", 3) == 0) {
        size_t len = strcspn(line, "\n");
        if (strncmp(line, key, key_len) == 0) {
            snprintf(out, size, "%.*s", (int)(len - key_len), line + key_len);
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

static int read_file(const char *path, struct script *script)
{
    FILE *file = fopen(path, "rb");
    long len;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0) {
        perror(path);
        return -1;
    }
    rewind(file);
    script->source = mem_alloc((size_t)len + 1);
    script->len = fread(script->source, 1, (size_t)len, file);
    script->source[script->len] = '\0';
    fclose(file);
    return 0;
}

static int script_read(const char *folder, const char *file, struct script *script)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(script->name, sizeof script->name, "%.*s", (int)strlen(file) - 4, file);
    if (read_file(path, script) < 0)
        return -1;
    if (!header(script, "-- expect: ", script->expect, sizeof script->expect))
        snprintf(script->expect, sizeof script->expect, "SCRIPT at load");
    if (!header(script, "-- says: ", script->says, sizeof script->says))
        script->says[0] = '\0';
    return 0;
}

static int is_script(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

int scripts_read(const char *folder, struct script **out, size_t *count)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, is_script, alphasort), result = 0;

    if (found < 0) {
        perror(folder);
        return -1;
    }
    *out = mem_zero((size_t)found + 1, sizeof **out);
    *count = (size_t)found;
    for (int i = 0; i < found; i++) {
        if (script_read(folder, entries[i]->d_name, *out + i) < 0)
            result = -1;
        free(entries[i]);
    }
    free(entries);
    return result;
}

void scripts_free(struct script *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(scripts[i].source);
    free(scripts);
}

bool script_expects(const struct script *script, const char *outcome)
{
    const char *at = script->expect;
    size_t len = strlen(outcome);

    for (;;) {
        const char *next = strstr(at, " or ");
        size_t item = next != NULL ? (size_t)(next - at) : strlen(at);
        if (item == len && memcmp(at, outcome, len) == 0)
            return true;
        if (next == NULL)
            return false;
        at = next + 4;
    }
}
