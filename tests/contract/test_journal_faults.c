/* The execution store on a disk that fails: whichever operation it is, everything of a transaction
 * is there or nothing, and it can be repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "contract/fault_vfs.h"
#include "contract/journal_rules.h"

static const struct journal_backend *sqlite_backend(void)
{
    for (size_t i = 0; i < journal_backend_count; i++)
        if (strcmp(journal_backends[i].name, "sqlite") == 0)
            return &journal_backends[i];
    abort();
}

/* Writes and changes of every kind in one transaction, which is undone when anything fails. */
static bool transact(struct journal *j)
{
    struct error e = ERROR_INIT;

    if (journal_begin(j, &e) == 0 && journal_write_all(j, 20, 1) == NULL &&
        journal_change_all(j, 10) == NULL && journal_commit(j, &e) == 0)
        return true;
    journal_rollback(j);
    return false;
}

static char *everything(struct journal *j)
{
    return mem_strdup(suite_everything(j));
}

/* True when nothing failed. */
static bool survives(size_t nth, int code, bool lasting)
{
    const struct journal_backend *backend = sqlite_backend();
    struct journal_fixture f = {.backend = backend, .where = backend->set_up()};
    char *before, *after;
    bool happened, done;

    f.journal = backend->open(f.where);
    assert_true(suite_begin(f.journal));
    assert_null(journal_write_all(f.journal, 10, 0));
    assert_true(suite_commit(f.journal));
    before = everything(f.journal);
    fault_vfs_arm(nth, code, lasting);
    done = transact(f.journal);
    happened = fault_vfs_disarm();
    if (!done) {
        assert_string_equal(suite_everything(f.journal), before);
        assert_true(transact(f.journal));
    }
    after = everything(f.journal);
    assert_string_not_equal(before, after);
    journal_suite_reopen(&f);
    assert_string_equal(suite_everything(f.journal), after);
    free(before);
    free(after);
    backend->close(f.journal, f.where);
    backend->tear_down(f.where);
    return !happened;
}

static void every_disk_fault_leaves_all_or_nothing(void **unused)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE};

    (void)unused;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (int lasting = 0; lasting < 2; lasting++) {
            size_t nth = 1;
            while (!survives(nth, codes[i], lasting))
                nth++;
            assert_true(nth > 10);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_disk_fault_leaves_all_or_nothing),
    };

    setenv("TMPDIR", "/dev/shm", 0);
    fault_vfs_install();
    return cmocka_run_group_tests_name("contract: journal on a failing disk", tests, NULL, NULL);
}
