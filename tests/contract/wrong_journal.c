#include "contract/wrong_journal.h"

#include <string.h>

struct journal_ops wrong_journal_right;
static struct journal_ops wrong;

static struct journal *open_wrong(void *where)
{
    struct journal *journal = journal_backends[0].open(where);

    journal->ops = &wrong;
    return journal;
}

const struct journal_backend *wrong_journal_backend(const struct wrong_journal *mistake)
{
    static struct journal_backend backend;
    struct journal *journal = journal_backends[0].open(NULL);

    wrong = wrong_journal_right = *journal->ops;
    journal_backends[0].close(journal, NULL);
    wrong_originals_forget();
    if (mistake != NULL)
        mistake->spoil(&wrong);
    backend = journal_backends[0];
    backend.name = mistake != NULL ? mistake->mistake : "right";
    backend.open = open_wrong;
    return &backend;
}
