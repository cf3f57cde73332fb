#include "cli/payload.h"

#include <string.h>

#include "base/error.h"
#include "model/limits.h"
#include "model/value.h"

int payload_add(json_t *request, const char *name, const char *text, struct error *e)
{
    json_t *value;

    if (text == NULL)
        return 0;
    value = value_parse(text, strlen(text), LIMIT_PAYLOAD_BYTES, e);
    if (value == NULL) {
        error_prefix(e, "the %s is not JSON: ", name);
        error_hint(e, "text needs its own quotes inside the shell's: '\"text\"'");
        return -1;
    }
    json_object_set_new(request, name, value);
    return 0;
}
