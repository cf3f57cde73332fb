/* The outbox as text. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "contract/journal_suite.h"

static struct buf *fresh_dump(void)
{
    static struct buf dumps[4];
    static unsigned next;
    struct buf *dump = &dumps[next++ % 4];

    buf_release(dump);
    buf_init(dump, 64 * 1024 * 1024);
    return dump;
}

static void add_absent(struct buf *out, const char *text)
{
    buf_addf(out, " %s", text != NULL ? text : "-");
}

static int add_whole(void *arg, const struct submission *s)
{
    static const char digits[] = "0123456789abcdef";
    struct buf *out = arg;

    buf_addf(out, "%llu %s %d %lld %lld", (unsigned long long)s->id,
             submission_state_name(s->state), s->success, (long long)s->created_ms,
             (long long)s->settled_ms);
    buf_addf(out, " '%s' '%s' %s %s %s", s->plugin, s->vault, s->executor, s->account, s->digest);
    add_absent(out, s->signature);
    add_absent(out, s->holds);
    add_absent(out, s->outcome);
    buf_addf(out, " %zu:", s->len);
    for (size_t i = 0; i < s->len; i++)
        buf_add(out, (const char[2]){digits[s->bytes[i] >> 4], digits[s->bytes[i] & 15]}, 2);
    buf_add_char(out, '\n');
    return 0;
}

const char *suite_text_of_submission(const struct submission *s)
{
    struct buf *dump = fresh_dump();

    add_whole(dump, s);
    return buf_text(dump);
}

const char *suite_submission(struct journal *j, uint64_t id, const char *digest)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_get_submission(j, id, digest, add_whole, dump, &e), &e))
        return "get_submission failed";
    return buf_text(dump);
}

const char *suite_whole_outbox(struct journal *j)
{
    struct submission_filter all = {.state = -1, .limit = SIZE_MAX};
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_submissions(j, &all, add_whole, dump, &e), &e))
        return "list_submissions failed";
    return buf_text(dump);
}

static int add_short(void *arg, const struct submission *s)
{
    buf_addf(arg, "%llu:%s ", (unsigned long long)s->id, submission_state_name(s->state));
    return 0;
}

const char *suite_outbox(struct journal *j, const struct submission_filter *filter)
{
    struct submission_filter all = {.state = -1, .limit = 1000};
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_submissions(j, filter != NULL ? filter : &all, add_short, dump, &e),
                  &e))
        return "list_submissions failed";
    return buf_text(dump);
}

struct submission suite_make_submission(uint64_t id, const char *plugin)
{
    static uint8_t bytes[] = {0, 0xff, 0, 7, 0};
    struct submission s = {.id = id,
                           .executor = "sui",
                           .account = "0xab",
                           .bytes = bytes,
                           .len = sizeof bytes,
                           .signature = "AAAA",
                           .holds = "{\"coins\":[1]}",
                           .created_ms = (int64_t)id};

    snprintf(s.plugin, sizeof s.plugin, "%s", plugin);
    snprintf(s.vault, sizeof s.vault, "%s", plugin[0] != '\0' ? "v" : "");
    snprintf(s.digest, sizeof s.digest, "digest-%llu", (unsigned long long)id);
    return s;
}

bool suite_submit(struct journal *j, uint64_t id, const char *plugin)
{
    struct submission s = suite_make_submission(id, plugin);
    struct error e = ERROR_INIT;

    return suite_ok(journal_put_submission(j, &s, &e), &e);
}
