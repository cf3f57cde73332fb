#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void words_mask(char *word)
{
    char *authority = strstr(word, "://"), *at, *colon;

    if (authority == NULL)
        return;
    authority += 3;
    /* The last one: a password may have an '@' that was not escaped. */
    at = strrchr(authority, '@');
    colon = strchr(authority, ':');
    if (at != NULL && colon != NULL && colon < at)
        memset(colon + 1, '*', (size_t)(at - colon - 1));
}

char **words_take(int argc, char **argv)
{
    char **words = mem_zero((size_t)argc + 1, sizeof *words);

    for (int i = 0; i < argc; i++) {
        words[i] = mem_strdup(argv[i]);
        words_mask(argv[i]);
    }
    return words;
}

void words_free(char **words)
{
    for (char **w = words; *w != NULL; w++) {
        explicit_bzero(*w, strlen(*w));
        free(*w);
    }
    free(words);
}
