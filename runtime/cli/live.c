#include "cli/live.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/format.h"
#include "cli/stopped.h"
#include "model/config.h"

#define USUAL_DATA "data"

/* 1, 0 (nobody there) or -1. */
static int try_folder(const struct context *c, const char *data, struct client **out,
                      struct error *e)
{
    struct error here = ERROR_INIT;
    char *folder = desk_path(c->desk, data);
    int result = client_open(folder, c->timeout_ms, out, &here);

    free(folder);
    if (result == 0)
        return 1;
    if (here.code == ERROR_NOT_RUNNING)
        return 0;
    *e = here;
    return -1;
}

/* The folder of the data as orrery.lua has it: a new string, or NULL with `e`. */
static char *configured_data(const struct context *c, struct error *e)
{
    struct desk_session *session;
    char *data;

    if (desk_session_begin(c->desk, &session, e) < 0)
        return NULL;
    data = mem_strdup(desk_session_config(session)->data);
    desk_session_close(session);
    return data;
}

int live_try_open(const struct context *c, struct client **out, struct error *e)
{
    int result = try_folder(c, USUAL_DATA, out, e);
    char *data;

    if (result != 0)
        return result;
    data = configured_data(c, e);
    if (data == NULL)
        return -1;
    if (strcmp(data, USUAL_DATA) != 0)
        result = try_folder(c, data, out, e);
    free(data);
    return result;
}

static void hint_start(const char *desk, struct error *e)
{
    struct buf command;

    buf_init(&command, 2 * PATH_MAX);
    buf_add_str(&command, "orrery run");
    if (strcmp(desk, ".") != 0) {
        buf_add_char(&command, ' ');
        format_add_word(&command, desk);
    }
    error_hint(e, "start it with `%s` in another terminal", buf_text(&command));
    buf_release(&command);
}

int live_ask(const struct context *c, json_t *request, json_t **data, struct error *e)
{
    struct client *client = NULL;
    int found = live_try_open(c, &client, e), result = -1;

    if (found == 0) {
        error_set(e, ERROR_NOT_RUNNING, "no daemon is running for the desk '%s'", c->desk);
        hint_start(c->desk, e);
    } else if (found == 1) {
        result = client_call(client, request, data, e);
    }
    client_close(client);
    json_decref(request);
    return result;
}
