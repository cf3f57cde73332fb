#include "chain/owned_book.h"

#include <stdlib.h>

#include "base/mem.h"

void owned_book_release(struct owned_book *book)
{
    free(book->items);
    *book = (struct owned_book){0};
}

struct owned_object *owned_book_find(const struct owned_book *book, const struct sui_address *id)
{
    for (size_t i = 0; i < book->count; i++)
        if (sui_address_equal(&book->items[i].ref.id, id))
            return &book->items[i];
    return NULL;
}

static struct owned_object *add(struct owned_book *book, const struct sui_address *id)
{
    if (book->count == book->capacity) {
        book->capacity = book->capacity ? book->capacity * 2 : 16;
        book->items = mem_resize(book->items, book->capacity * sizeof *book->items);
    }
    book->items[book->count] = (struct owned_object){.ref = {.id = *id}};
    return &book->items[book->count++];
}

void owned_book_name(struct owned_book *book, const struct sui_address *id, bool is_shared,
                     uint64_t initial_version)
{
    struct owned_object *item = owned_book_find(book, id);

    if (item == NULL) {
        item = add(book, id);
        item->is_shared = is_shared;
    }
    if (is_shared && initial_version != 0) {
        item->initial_version = initial_version;
        item->is_known = true;
    }
}

void owned_book_learn(struct owned_book *book, const struct sui_object_ref *ref)
{
    struct owned_object *item = owned_book_find(book, &ref->id);

    if (item == NULL || item->is_shared || item->is_reserved || ref->version < item->ref.version ||
        ref->version < item->least)
        return;
    item->ref = *ref;
    item->is_known = true;
    item->least = 0;
}

void owned_book_freeze(struct owned_book *book, const struct sui_object_ref *ref)
{
    struct owned_object *item = owned_book_find(book, &ref->id);

    if (item == NULL || item->is_shared)
        return;
    item->ref = *ref;
    item->is_frozen = item->is_known = true;
}

void owned_book_doubt(struct owned_book *book, const struct sui_address *id, uint64_t least)
{
    struct owned_object *item = owned_book_find(book, id);

    if (item == NULL || item->is_shared || item->is_frozen)
        return;
    item->is_known = false;
    item->least = least > item->ref.version ? least : item->ref.version;
}

void owned_book_adopt(struct owned_book *book, const struct sui_object_ref *ref)
{
    struct owned_object *item = owned_book_find(book, &ref->id);

    if (item == NULL)
        item = add(book, &ref->id);
    if (ref->version >= item->ref.version)
        item->ref = *ref;
    item->is_reserved = true;
}

bool owned_book_reserve(struct owned_book *book, const struct sui_address *id)
{
    struct owned_object *item = owned_book_find(book, id);

    if (item == NULL || item->is_reserved)
        return false;
    item->is_reserved = true;
    return true;
}

void owned_book_free(struct owned_book *book, const struct sui_address *id)
{
    struct owned_object *item = owned_book_find(book, id);

    if (item != NULL)
        item->is_reserved = false;
}

size_t owned_book_unknown(const struct owned_book *book)
{
    size_t count = 0;

    for (size_t i = 0; i < book->count; i++)
        count += !book->items[i].is_known && !book->items[i].is_reserved;
    return count;
}
