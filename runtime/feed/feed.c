#include "feed/feed.h"

#include "base/error.h"
#include "feed/rules.h"

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t feed_next_due(struct feed *feed)
{
    const struct market *m = &feed->market;
    int64_t due = feed->ops->next_due(feed);

    if (m->at_ms != 0 && !m->stale)
        due = earlier(due, m->at_ms + feed->rules.stale_after_ms + 1);
    if (m->expiry_ms != 0 && !feed_ended(feed))
        due = earlier(due, m->expiry_ms);
    return due;
}

int feed_poll(struct feed *feed, int64_t now_ms, struct error *e)
{
    struct market before = feed->market;
    int result = feed->ops->poll(feed, now_ms, e);
    bool changed = rules_apply(feed, now_ms, &before);

    if (result < 0)
        return -1;
    return result > 0 || changed ? 1 : 0;
}

bool feed_ended(struct feed *feed)
{
    return feed->ops->ended(feed);
}

void feed_close(struct feed *feed)
{
    if (feed != NULL)
        feed->ops->close(feed);
}
