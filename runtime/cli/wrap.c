#include "cli/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "cli/format.h"

static bool is_seam(const char *space)
{
    return strncmp(space, " + ", 3) == 0 || strncmp(space, " NAV ", 5) == 0;
}

/* Behind the last "::" of a word that is too long (a Move function or type), or at `fits`. */
static size_t seam_of_path(const char *text, size_t fits)
{
    for (size_t at = fits; at > 3; at--)
        if (text[at - 1] == ':' && text[at - 2] == ':')
            return at;
    return fits;
}

/* Where to break `text`, of which `fits` bytes have room: the length of the line. */
static size_t line_length(const char *text, size_t fits)
{
    size_t space = 0;

    for (size_t at = fits; at > 0; at--) {
        if (text[at] != ' ')
            continue;
        if (is_seam(text + at))
            return at;
        if (space == 0)
            space = at;
    }
    return space > 0 ? space : seam_of_path(text, fits);
}

void wrap_print(FILE *out, const char *text, size_t indent, size_t width)
{
    size_t room = width > indent ? width - indent : 0;

    while (room >= WRAP_LEAST && format_width(text) > room) {
        size_t len = line_length(text, format_within(text, room)), shown = len;

        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        fprintf(out, "%.*s\n%*s", (int)shown, text, (int)indent, "");
        text += len + strspn(text + len, " ");
    }
    fprintf(out, "%s\n", text);
}
