/* story_seen: the parts of a run's story that its `seen` tells: what the decision saw, and the
 * state that it left. */
#ifndef ORRERY_CLI_STORY_SEEN_H
#define ORRERY_CLI_STORY_SEEN_H

#include "cli/labelled.h"

void story_seen(struct labelled *l, const json_t *run);
void story_after(struct labelled *l, const json_t *run);

#endif
