#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/mem.h"

char **words_take(int argc, char **argv)
{
    char **words = mem_zero((size_t)argc + 1, sizeof *words);

    for (int i = 0; i < argc; i++) {
        words[i] = mem_strdup(argv[i]);
        mask_word(argv[i]);
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
