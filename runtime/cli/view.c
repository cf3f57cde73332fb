#include "cli/view.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/format.h"
#include "cli/run_text.h"
#include "cli/wrap.h"
#include "model/run.h"

#define NAME_WIDTH  12
#define WHAT_COLUMN 35 /* where the words of a run begin */
#define DAY_MS      86400000
#define BAR_COLUMNS 24

/* What one plugin's newest run was. */
struct story {
    char plugin[LIMIT_NAME_BYTES + 1];
    enum run_status status;
    char *what;
    uint64_t repeats; /* runs since then that told the same */
    UT_hash_handle hh;
};

struct view {
    struct output output;
    struct story *stories;
    int64_t day;
    bool progress;
    bool progress_drawn;
    unsigned percent;
};

struct view *view_new(const struct output *output, int64_t now_ms, bool progress)
{
    struct view *view = mem_zero(1, sizeof *view);

    view->output = *output;
    view->day = now_ms / DAY_MS;
    view->progress = progress;
    view->percent = UINT32_MAX;
    return view;
}

void view_free(struct view *view)
{
    struct story *story, *next;

    if (view == NULL)
        return;
    HASH_ITER(hh, view->stories, story, next)
    {
        HASH_DEL(view->stories, story);
        free(story->what);
        free(story);
    }
    free(view);
}

static void clear_progress(struct view *view)
{
    if (!view->progress_drawn)
        return;
    fputs("\r\033[K", view->output.err);
    fflush(view->output.err);
    view->progress_drawn = false;
}

static struct story *find_story(struct view *view, const char *plugin)
{
    struct story *story;

    HASH_FIND_STR(view->stories, plugin, story);
    if (story == NULL) {
        story = mem_zero(1, sizeof *story);
        memcpy(story->plugin, plugin, strlen(plugin) + 1);
        HASH_ADD_STR(view->stories, plugin, story);
    }
    return story;
}

static void print_status(const struct view *view, const char *clock, const struct story *story)
{
    const char *status = run_status_name(story->status);
    const struct output *o = &view->output;

    fprintf(o->out, "%8s  %-*s  %s%-9s%s  ", clock, NAME_WIDTH, story->plugin,
            output_tone(o->colour, output_status_tone(status)), status, output_plain(o->colour));
}

static void tell_repeats(struct view *view, struct story *story)
{
    char count[32];

    if (story->repeats == 0)
        return;
    print_status(view, "", story);
    fprintf(view->output.out, "… %s more time%s\n", text_group_u64(story->repeats, count),
            story->repeats == 1 ? "" : "s");
    story->repeats = 0;
}

static void tell_day(struct view *view, int64_t at_ms)
{
    char day[FORMAT_SIZE];

    if (at_ms / DAY_MS == view->day)
        return;
    view->day = at_ms / DAY_MS;
    fprintf(view->output.out, "%s── %s ──%s\n", output_tone(view->output.colour, TONE_DIM),
            format_day(at_ms, day), output_plain(view->output.colour));
}

/* The words of the run, a new string. */
static char *words_of(const struct run *run)
{
    json_t *json = run_to_json(run);
    struct buf what;

    buf_init(&what, RUN_TEXT_MAX);
    run_text_what(&what, json);
    json_decref(json);
    return buf_steal(&what);
}

static void tell_run(struct view *view, struct story *story, int64_t at_ms, const char *nav)
{
    char clock[FORMAT_SIZE], amount[FORMAT_SIZE];
    struct buf words;

    buf_init(&words, RUN_TEXT_MAX + 64);
    buf_add_str(&words, story->what);
    if (story->status == RUN_COMPLETED && nav != NULL)
        buf_addf(&words, "   NAV %s", format_amount_text(nav, amount));
    tell_day(view, at_ms);
    print_status(view, format_clock(at_ms, clock), story);
    wrap_print(view->output.out, buf_text(&words), WHAT_COLUMN, view->output.width);
    buf_release(&words);
}

void view_run_ended(void *arg, const struct run *run, const char *nav)
{
    struct view *view = arg;
    struct story *story = find_story(view, run->plugin);
    char *what = words_of(run);

    if (run->status != RUN_COMPLETED && story->what != NULL && story->status == run->status &&
        strcmp(story->what, what) == 0) {
        story->repeats++;
        free(what);
        return;
    }
    clear_progress(view);
    tell_repeats(view, story);
    free(story->what);
    story->what = what;
    story->status = run->status;
    tell_run(view, story, run->finished_ms > 0 ? run->finished_ms : run->scheduled_ms, nav);
}

void view_progress(void *arg, uint64_t done, uint64_t total)
{
    struct view *view = arg;
    unsigned percent = total > 0 ? (unsigned)((double)done * 100 / (double)total) : 0;
    char done_text[32], total_text[32], bar[BAR_COLUMNS + 1];

    if (!view->progress || total == 0 || (percent == view->percent && view->progress_drawn))
        return;
    view->percent = percent > 100 ? 100 : percent;
    for (unsigned i = 0; i < BAR_COLUMNS; i++)
        bar[i] = i < view->percent * BAR_COLUMNS / 100 ? '#' : '.';
    bar[BAR_COLUMNS] = '\0';
    /* The cursor goes back to the line's start, so that a log line overwrites it. */
    fprintf(view->output.err, "\r[%s] %3u %%  %s of %s rows\033[K\r", bar, view->percent,
            text_group_u64(done, done_text), text_group_u64(total, total_text));
    fflush(view->output.err);
    view->progress_drawn = true;
}

void view_finish(struct view *view)
{
    struct story *story, *next;

    clear_progress(view);
    HASH_ITER(hh, view->stories, story, next)
    tell_repeats(view, story);
}
