/* Opening: what is refused, with which words, and that a refused file is left exactly as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/sqlite_db.h"
#include "support/scratch.h"

static const struct migration steps[] = {
    {1, "first", "CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX t_x ON t(x);"},
};

static struct scratch scratch;

static int set_up(void **unused)
{
    (void)unused;
    scratch_make(&scratch);
    return chmod(scratch.dir, 0777);
}

static int tear_down(void **unused)
{
    (void)unused;
    scratch_remove(&scratch);
    return 0;
}

static const char *at(const char *name)
{
    return scratch_path(&scratch, name);
}

/* Opens or fails the test. */
static struct sqlite_db *opened(const char *path, enum sqlite_mode mode)
{
    struct sqlite_db *db = NULL;
    struct error e = ERROR_INIT;
    char text[1200];

    if (sqlite_db_open(&db, path, mode, &e) != 0)
        fail_msg("%s", error_format(&e, text, sizeof text));
    return db;
}

static void refused(const char *path, enum sqlite_mode mode, enum error_code code,
                    const char *words)
{
    struct sqlite_db *db = NULL;
    struct error e = ERROR_INIT;

    assert_int_equal(sqlite_db_open(&db, path, mode, &e), -1);
    assert_null(db);
    if (e.code != code || strstr(e.message, words) == NULL)
        fail_msg("expected %s with '%s', got %s: %s", error_name(code), words, error_name(e.code),
                 e.message);
}

/* A database with a few pages of rows. */
static void make_database(const char *path)
{
    struct sqlite_db *db = opened(path, SQLITE_DB_CREATE);
    struct error e = ERROR_INIT;

    assert_int_equal(sqlite_db_migrate(db, "test", steps, 1, 5, &e), 0);
    assert_int_equal(
        sqlite_db_exec(db,
                       "INSERT INTO t(x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                       " FROM n WHERE i < 1000) SELECT printf('row %d', i) FROM n",
                       &e),
        0);
    sqlite_db_close(db);
}

static void read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    char block[4096];
    size_t got;

    assert_non_null(file);
    buf_clear(out);
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        assert_int_equal(buf_add(out, block, got), 0);
    fclose(file);
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int entries(void)
{
    DIR *dir = opendir(scratch.dir);
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

/* Refused in every mode, its bytes unchanged, nothing left beside it. */
static void refused_untouched(const char *path, enum error_code code, const char *words)
{
    struct buf before, after;
    int count = entries();

    buf_init(&before, 1 << 28);
    buf_init(&after, 1 << 28);
    read_file(path, &before);
    for (int mode = SQLITE_DB_CREATE; mode <= SQLITE_DB_READ; mode++)
        refused(path, (enum sqlite_mode)mode, code, words);
    read_file(path, &after);
    assert_int_equal(after.len, before.len);
    if (before.len > 0)
        assert_memory_equal(after.data, before.data, before.len);
    assert_int_equal(entries(), count);
    buf_release(&before);
    buf_release(&after);
}

static void paths_that_cannot_be(void **unused)
{
    (void)unused;
    refused("", SQLITE_DB_CREATE, ERROR_INVALID, "path of a database");
    refused(at("none/x.db"), SQLITE_DB_CREATE, ERROR_NOT_FOUND, "folder");
    refused(at("none.db"), SQLITE_DB_WRITE, ERROR_NOT_FOUND, "no database");
    refused(at("none.db"), SQLITE_DB_READ, ERROR_NOT_FOUND, "no database");
    assert_int_equal(mkdir(at("folder.db"), 0777), 0);
    refused(at("folder.db"), SQLITE_DB_CREATE, ERROR_IO, "a folder");
    write_file(at("file"), "x", 1);
    refused(at("file/x.db"), SQLITE_DB_CREATE, ERROR_IO, "folder");
    assert_int_equal(entries(), 2 + 2);
}

static int64_t pragma(struct sqlite_db *db, const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void settings_are_in_force(void **unused)
{
    struct sqlite_db *db = opened(at("a.db"), SQLITE_DB_CREATE);
    struct error e = ERROR_INIT;
    int on = -1;

    (void)unused;
    assert_int_equal(pragma(db, "PRAGMA synchronous"), 2);
    assert_int_equal(pragma(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(pragma(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(pragma(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
    assert_int_equal(on, 1);
    assert_int_equal(sqlite_db_exec(db, "SELECT \"no such column\"", &e), -1);
    sqlite_db_close(db);
}

static void odd_names_are_names(void **unused)
{
    static const char *const names[] = {"a b.db", "a%41.db", "a?mode=ro.db",
                                        "a#b.db", "a'b.db",  "\xc3\xa9.db"};

    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_database(at(names[i]));
        assert_int_equal(access(at(names[i]), F_OK), 0);
        sqlite_db_close(opened(at(names[i]), SQLITE_DB_READ));
    }
    assert_int_equal(entries(), 2 + (int)(sizeof names / sizeof names[0]));
}

static void not_a_database(void **unused)
{
    char zeros[8192] = {0};
    char header[8192] = "SQLite format 3";

    (void)unused;
    write_file(at("text.db"), "hello, this is a diary\n", 23);
    refused_untouched(at("text.db"), ERROR_STORE_CORRUPT, "header");
    write_file(at("zeros.db"), zeros, sizeof zeros);
    refused_untouched(at("zeros.db"), ERROR_STORE_CORRUPT, "header");
    write_file(at("cut.db"), header, 50);
    refused_untouched(at("cut.db"), ERROR_STORE_CORRUPT, "header");
    memset(header + 16, 0x77, sizeof header - 16);
    write_file(at("garbage.db"), header, sizeof header);
    refused_untouched(at("garbage.db"), ERROR_STORE_CORRUPT, "page size");
}

static void an_empty_file_becomes_a_database(void **unused)
{
    (void)unused;
    write_file(at("empty.db"), "", 0);
    make_database(at("empty.db"));
    sqlite_db_close(opened(at("empty.db"), SQLITE_DB_WRITE));
}

static void a_file_that_was_cut_off(void **unused)
{
    struct buf whole;

    (void)unused;
    make_database(at("a.db"));
    buf_init(&whole, 1 << 24);
    read_file(at("a.db"), &whole);
    assert_true(whole.len > 4 * 4096);
    for (size_t len = 200; len < whole.len; len += 3000) {
        write_file(at("a.db"), whole.data, len);
        refused_untouched(at("a.db"), ERROR_STORE_CORRUPT, "shorter");
    }
    write_file(at("a.db"), whole.data, whole.len);
    sqlite_db_close(opened(at("a.db"), SQLITE_DB_WRITE));
    buf_release(&whole);
}

static void a_damaged_page_is_found_when_opened_for_writing(void **unused)
{
    struct buf good, bad, after;

    (void)unused;
    make_database(at("a.db"));
    buf_init(&good, 1 << 24);
    buf_init(&bad, 1 << 24);
    buf_init(&after, 1 << 24);
    read_file(at("a.db"), &good);
    for (size_t page = 1; page < good.len / 4096; page++) {
        buf_clear(&bad);
        buf_add(&bad, good.data, good.len);
        memset(bad.data + page * 4096, 0xff, 64);
        write_file(at("a.db"), bad.data, bad.len);
        refused(at("a.db"), SQLITE_DB_WRITE, ERROR_STORE_CORRUPT, "not a usable database");
        refused(at("a.db"), SQLITE_DB_CREATE, ERROR_STORE_CORRUPT, "not a usable database");
        read_file(at("a.db"), &after);
        assert_int_equal(after.len, bad.len);
        assert_memory_equal(after.data, bad.data, bad.len);
        assert_int_equal(entries(), 3);
    }
    buf_release(&good);
    buf_release(&bad);
    buf_release(&after);
}

/* What a killed daemon leaves: the file and its WAL, copied while the WAL was in use. */
static void make_killed(const char *path)
{
    struct sqlite_db *db;
    struct error e = ERROR_INIT;
    struct buf bytes;
    char wal[600];

    make_database(at("live.db"));
    db = opened(at("live.db"), SQLITE_DB_WRITE);
    assert_int_equal(sqlite_db_exec(db, "INSERT INTO t VALUES(5000, 'in the wal')", &e), 0);
    buf_init(&bytes, 1 << 24);
    read_file(at("live.db"), &bytes);
    write_file(path, bytes.data, bytes.len);
    read_file(at("live.db-wal"), &bytes);
    assert_true(bytes.len > 0);
    snprintf(wal, sizeof wal, "%s-wal", path);
    write_file(wal, bytes.data, bytes.len);
    buf_release(&bytes);
    sqlite_db_close(db);
    assert_int_equal(remove(at("live.db")), 0);
}

static void a_damaged_file_with_a_wal_is_left_alone(void **unused)
{
    struct buf bytes, wal;

    (void)unused;
    make_killed(at("a.db"));
    assert_int_equal(entries(), 4);
    buf_init(&bytes, 1 << 24);
    buf_init(&wal, 1 << 24);
    read_file(at("a.db"), &bytes);
    read_file(at("a.db-wal"), &wal);
    for (size_t page = 1; page + 1 < bytes.len / 4096; page++)
        memset(bytes.data + page * 4096, 0xff, 64);
    write_file(at("a.db"), bytes.data, bytes.len);
    refused(at("a.db"), SQLITE_DB_WRITE, ERROR_STORE_CORRUPT, "not a usable database");
    bytes.data[0] = 'X';
    write_file(at("a.db"), bytes.data, bytes.len);
    refused_untouched(at("a.db"), ERROR_STORE_CORRUPT, "header");
    read_file(at("a.db-wal"), &bytes);
    assert_int_equal(bytes.len, wal.len);
    assert_memory_equal(bytes.data, wal.data, wal.len);
    assert_int_equal(entries(), 4);
    buf_release(&bytes);
    buf_release(&wal);
}

static int64_t rows(struct sqlite_db *db)
{
    return pragma(db, "SELECT count(*) FROM t");
}

static void a_killed_daemons_wal_is_recovered(void **unused)
{
    struct sqlite_db *db;
    struct buf before, after;

    (void)unused;
    make_killed(at("a.db"));
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    read_file(at("a.db"), &before);
    db = opened(at("a.db"), SQLITE_DB_READ);
    assert_int_equal(rows(db), 1001);
    sqlite_db_close(db);
    read_file(at("a.db"), &after); /* a reader folds nothing back */
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    db = opened(at("a.db"), SQLITE_DB_WRITE);
    assert_int_equal(rows(db), 1001);
    sqlite_db_close(db);
    assert_int_equal(entries(), 3);
    buf_release(&before);
    buf_release(&after);
}

static void readers_work_beside_a_writer(void **unused)
{
    struct sqlite_db *writer, *reader;
    struct error e = ERROR_INIT;

    (void)unused;
    make_database(at("a.db"));
    writer = opened(at("a.db"), SQLITE_DB_WRITE);
    assert_int_equal(sqlite_db_begin(writer, &e), 0);
    assert_int_equal(sqlite_db_exec(writer, "INSERT INTO t VALUES(5000, 'x')", &e), 0);
    reader = opened(at("a.db"), SQLITE_DB_READ);
    assert_int_equal(rows(reader), 1000);
    assert_int_equal(sqlite_db_commit(writer, &e), 0);
    assert_int_equal(rows(reader), 1001);
    assert_int_equal(sqlite_db_exec(reader, "DELETE FROM t", &e), -1);
    assert_int_equal(e.code, ERROR_IO);
    error_clear(&e);
    assert_int_equal(sqlite_db_migrate(reader, "other", steps, 1, 5, &e), -1);
    sqlite_db_close(reader);
    assert_int_equal(rows(writer), 1001);
    sqlite_db_close(writer);
    assert_int_equal(entries(), 3);
}

static void readers_leave_a_stopped_desk_as_it_was(void **unused)
{
    struct buf before, after;
    struct sqlite_db *db;

    (void)unused;
    make_database(at("a.db"));
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    read_file(at("a.db"), &before);
    db = opened(at("a.db"), SQLITE_DB_READ);
    assert_int_equal(rows(db), 1000);
    sqlite_db_close(db);
    read_file(at("a.db"), &after);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    assert_int_equal(entries(), 3);
    buf_release(&before);
    buf_release(&after);
}

static void a_second_writer_is_told(void **unused)
{
    struct sqlite_db *first, *second;
    struct error e = ERROR_INIT;

    (void)unused;
    make_database(at("a.db"));
    first = opened(at("a.db"), SQLITE_DB_WRITE);
    second = opened(at("a.db"), SQLITE_DB_WRITE);
    sqlite3_busy_timeout(second->handle, 0);
    assert_int_equal(sqlite_db_begin(first, &e), 0);
    assert_int_equal(sqlite_db_begin(second, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_LOCKED);
    assert_string_not_equal(e.hint, "");
    error_clear(&e);
    sqlite_db_rollback(first);
    assert_int_equal(sqlite_db_begin(second, &e), 0);
    sqlite_db_close(second);
    sqlite_db_close(first);
}

/* Runs `check` as a user without rights, in a child: root may do anything. */
static void as_nobody(int (*check)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0) ? 99 : check());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int read_only_file_is_refused_for_writing(void)
{
    struct sqlite_db *db = NULL;
    struct error e = ERROR_INIT;

    if (sqlite_db_open(&db, at("a.db"), SQLITE_DB_WRITE, &e) == 0 || e.code != ERROR_IO ||
        strstr(e.message, "cannot be written") == NULL)
        return 1;
    error_clear(&e);
    if (sqlite_db_open(&db, at("a.db"), SQLITE_DB_READ, &e) != 0 || rows(db) != 1000)
        return 2;
    sqlite_db_close(db);
    return 0;
}

static int unreadable_file_is_refused(void)
{
    struct sqlite_db *db = NULL;
    struct error e = ERROR_INIT;

    if (sqlite_db_open(&db, at("a.db"), SQLITE_DB_READ, &e) == 0 || e.code != ERROR_IO)
        return 1;
    return strstr(e.message, "Permission denied") == NULL || e.hint[0] == '\0';
}

static int read_only_folder_can_be_read(void)
{
    struct sqlite_db *db = NULL;
    struct error e = ERROR_INIT;

    if (sqlite_db_open(&db, at("a.db"), SQLITE_DB_READ, &e) != 0 || rows(db) != 1000)
        return 1;
    sqlite_db_close(db);
    if (sqlite_db_open(&db, at("b.db"), SQLITE_DB_CREATE, &e) == 0)
        return 2;
    return e.code != ERROR_IO;
}

static void permissions_have_clear_words(void **unused)
{
    (void)unused;
    make_database(at("a.db"));
    assert_int_equal(chmod(at("a.db"), 0444), 0);
    as_nobody(read_only_file_is_refused_for_writing);
    assert_int_equal(chmod(at("a.db"), 0), 0);
    as_nobody(unreadable_file_is_refused);
    assert_int_equal(chmod(at("a.db"), 0444), 0);
    assert_int_equal(chmod(scratch.dir, 0555), 0);
    as_nobody(read_only_folder_can_be_read);
    assert_int_equal(chmod(scratch.dir, 0777), 0);
    assert_int_equal(entries(), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(paths_that_cannot_be),
        TEST(settings_are_in_force),
        TEST(odd_names_are_names),
        TEST(not_a_database),
        TEST(an_empty_file_becomes_a_database),
        TEST(a_file_that_was_cut_off),
        TEST(a_damaged_page_is_found_when_opened_for_writing),
        TEST(a_damaged_file_with_a_wal_is_left_alone),
        TEST(a_killed_daemons_wal_is_recovered),
        TEST(readers_work_beside_a_writer),
        TEST(readers_leave_a_stopped_desk_as_it_was),
        TEST(a_second_writer_is_told),
        TEST(permissions_have_clear_words),
    };

    return cmocka_run_group_tests_name("db: open", tests, NULL, NULL);
}
