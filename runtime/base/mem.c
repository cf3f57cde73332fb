#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *need(void *pointer)
{
    static const char message[] = "orrery: out of memory, stopping\n";

    if (pointer == NULL) {
        ssize_t ignored = write(2, message, sizeof message - 1);
        (void)ignored;
        _exit(70);
    }
    return pointer;
}

void *mem_alloc(size_t size)
{
    return need(malloc(size ? size : 1));
}

void *mem_zero(size_t count, size_t size)
{
    return need(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *pointer, size_t size)
{
    return need(realloc(pointer, size ? size : 1));
}

char *mem_strdup(const char *text)
{
    return text ? need(strdup(text)) : NULL;
}

char *mem_strndup(const char *text, size_t length)
{
    char *copy = mem_alloc(length + 1);

    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}
