/* tx_resume of the control socket: open submissions are asked about now. */
#include "base/error.h"
#include "base/id.h"
#include "core/control_server.h"
#include "core/outbox.h"

void control_tx_resume(struct request *r)
{
    struct engine *engine = request_engine(r);
    const json_t *id = json_object_get(request_json(r), "id");
    struct error e = ERROR_INIT;
    uint64_t submission = 0;

    if (engine->draining)
        error_set(&e, ERROR_NOT_RUNNING, "the daemon is stopping");
    else if (id != NULL && !json_is_null(id) &&
             (!json_is_string(id) || id_parse(json_string_value(id), &submission) < 0 ||
              submission == 0))
        error_set(&e, ERROR_INVALID, "id: expected that of a submission, 13 characters");
    if (e.code != ERROR_NONE)
        request_fail(r, &e);
    else
        request_answer(r,
                       json_pack("{s:I}", "pursued", (json_int_t)outbox_kick(engine, submission)));
}
