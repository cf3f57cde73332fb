/* template: the files that `orrery new` writes. */
#ifndef ORRERY_CLI_TEMPLATE_H
#define ORRERY_CLI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

struct template_file {
    const char *path; /* in the new desk; folders come before what is in them */
    const char *text; /* NULL: a folder */
    bool executable;
};

const struct template_file *template_files(size_t *count);

#endif
