#include "sui/pure.h"

#include <string.h>

#include "base/text.h"

enum form { FORM_NONE, FORM_INTEGER, FORM_BOOL, FORM_ADDRESS, FORM_UTF8, FORM_ASCII };

/* Bytes of the integer types, 0 for others. */
static size_t integer_bytes(enum sui_type_kind kind)
{
    switch (kind) {
    case SUI_TYPE_U8:
        return 1;
    case SUI_TYPE_U16:
        return 2;
    case SUI_TYPE_U32:
        return 4;
    case SUI_TYPE_U64:
        return 8;
    case SUI_TYPE_U128:
        return 16;
    case SUI_TYPE_U256:
        return 32;
    default:
        return 0;
    }
}

static enum form struct_form(const struct sui_type *t)
{
    static const struct {
        uint8_t address;
        const char *module, *name;
        enum form form;
    } known[] = {
        {2, "object", "ID", FORM_ADDRESS},
        {1, "string", "String", FORM_UTF8},
        {1, "ascii", "String", FORM_ASCII},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0] && t->count == 0; i++) {
        struct sui_address address = sui_address_small(known[i].address);
        if (sui_address_equal(&t->of->address, &address) &&
            strcmp(t->of->module, known[i].module) == 0 && strcmp(t->of->name, known[i].name) == 0)
            return known[i].form;
    }
    return FORM_NONE;
}

static enum form form_of(const struct sui_type *t)
{
    if (integer_bytes(t->kind) > 0)
        return FORM_INTEGER;
    if (t->kind == SUI_TYPE_BOOL)
        return FORM_BOOL;
    if (t->kind == SUI_TYPE_ADDRESS)
        return FORM_ADDRESS;
    return t->kind == SUI_TYPE_STRUCT ? struct_form(t) : FORM_NONE;
}

bool sui_pure_supported(const struct sui_type *type)
{
    return form_of(type) != FORM_NONE;
}

static int put_bool(struct buf *out, const char *text, struct error *e)
{
    bool yes = strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "false") != 0)
        return error_set(e, ERROR_INVALID, "true or false expected, got \"%.40s\"", text);
    bcs_put_bool(out, yes);
    return 0;
}

static int put_address(struct buf *out, const char *text, struct error *e)
{
    struct sui_address a;

    if (sui_address_parse(text, strlen(text), &a, e) != 0)
        return -1;
    buf_add(out, a.bytes, SUI_ADDRESS_BYTES);
    return 0;
}

static int put_string(struct buf *out, const char *text, bool ascii, struct error *e)
{
    size_t len = strlen(text);

    for (size_t i = 0; ascii && i < len; i++)
        if ((unsigned char)text[i] > 127)
            return error_set(e, ERROR_INVALID, "ASCII expected, byte %zu is not", i + 1);
    if (!text_is_utf8(text, len))
        return error_set(e, ERROR_INVALID, "a string must be UTF-8");
    if (len > SUI_PURE_BYTES)
        return error_set(e, ERROR_LIMIT, "a pure value has at most %d bytes, got %zu",
                         SUI_PURE_BYTES, len);
    bcs_put_text(out, text);
    return 0;
}

static int put(struct buf *out, const struct sui_type *type, const char *text, struct error *e)
{
    enum form form = form_of(type);

    switch (form) {
    case FORM_INTEGER:
        return bcs_put_decimal(out, text, integer_bytes(type->kind), e);
    case FORM_BOOL:
        return put_bool(out, text, e);
    case FORM_ADDRESS:
        return put_address(out, text, e);
    case FORM_UTF8:
    case FORM_ASCII:
        return put_string(out, text, form == FORM_ASCII, e);
    case FORM_NONE:
        break;
    }
    return error_set(e, ERROR_UNSUPPORTED, "values of this type cannot be written as text");
}

int sui_pure_put(struct buf *out, const struct sui_type *type, const char *text, struct error *e)
{
    struct buf bytes;
    int result;

    buf_init(&bytes, SUI_PURE_BYTES);
    result = put(&bytes, type, text, e);
    if (result == 0 && (bytes.overflow || buf_add(out, bytes.data, bytes.len) != 0))
        result = error_set(e, ERROR_LIMIT, "a pure value has at most %d bytes", SUI_PURE_BYTES);
    buf_release(&bytes);
    return result;
}

/* ---- back ---- */

/* `len` bytes, little-endian, in decimal digits. */
static void integer_text(struct buf *out, const uint8_t *bytes, size_t len)
{
    uint8_t left[BCS_DECIMAL_BYTES];
    char digits[80];
    size_t at = sizeof digits;
    bool more = true;

    memcpy(left, bytes, len);
    while (more) {
        unsigned rest = 0;
        more = false;
        for (size_t i = len; i-- > 0;) {
            unsigned value = rest << 8 | left[i];
            left[i] = (uint8_t)(value / 10);
            rest = value % 10;
            more |= left[i] != 0;
        }
        digits[--at] = (char)('0' + rest);
    }
    buf_add(out, digits + at, sizeof digits - at);
}

static int bool_text(struct buf *out, const uint8_t *bytes, size_t len)
{
    if (len != 1 || bytes[0] > 1)
        return -1;
    buf_add_str(out, bytes[0] ? "true" : "false");
    return 0;
}

static int address_text(struct buf *out, const uint8_t *bytes, size_t len)
{
    struct sui_address a;
    char text[SUI_ADDRESS_TEXT_SIZE];

    if (len != SUI_ADDRESS_BYTES)
        return -1;
    memcpy(a.bytes, bytes, len);
    buf_add_str(out, sui_address_text(&a, text));
    return 0;
}

static int string_text(struct buf *out, const uint8_t *bytes, size_t len, bool ascii)
{
    struct error ignored = ERROR_INIT;
    struct bcs_reader r;
    const uint8_t *text;
    size_t size;

    bcs_reader_init(&r, bytes, len, &ignored);
    size = bcs_take_count(&r, SUI_PURE_BYTES, 1, "string");
    text = bcs_take_bytes(&r, size, "string");
    if (bcs_end(&r, "string") != 0 || !text_is_utf8((const char *)text, size))
        return -1;
    for (size_t i = 0; ascii && i < size; i++)
        if (text[i] > 127)
            return -1;
    buf_add(out, text, size);
    return 0;
}

int sui_pure_text(struct buf *out, const struct sui_type *type, const uint8_t *bytes, size_t len)
{
    size_t size = integer_bytes(type->kind);
    enum form form = form_of(type);

    switch (form) {
    case FORM_INTEGER:
        if (len != size)
            return -1;
        integer_text(out, bytes, len);
        return 0;
    case FORM_BOOL:
        return bool_text(out, bytes, len);
    case FORM_ADDRESS:
        return address_text(out, bytes, len);
    case FORM_UTF8:
    case FORM_ASCII:
        return string_text(out, bytes, len, form == FORM_ASCII);
    case FORM_NONE:
        break;
    }
    return -1;
}
