/* pq_api: libpq, loaded when the first PostgreSQL store is opened. See base/library.h for why. */
#ifndef ORRERY_DB_PQ_API_H
#define ORRERY_DB_PQ_API_H

#include <libpq-fe.h>

struct error;

/* X(name without "PQ") */
#define PQ_FUNCTIONS(X)                                                                            \
    X(connectStartParams)                                                                          \
    X(connectPoll)                                                                                 \
    X(status)                                                                                      \
    X(transactionStatus)                                                                           \
    X(serverVersion)                                                                               \
    X(socket)                                                                                      \
    X(finish)                                                                                      \
    X(errorMessage)                                                                                \
    X(setErrorVerbosity)                                                                           \
    X(setNoticeReceiver)                                                                           \
    X(setnonblocking)                                                                              \
    X(enterPipelineMode)                                                                           \
    X(exitPipelineMode)                                                                            \
    X(pipelineSync)                                                                                \
    X(sendQuery)                                                                                   \
    X(sendQueryParams)                                                                             \
    X(sendPrepare)                                                                                 \
    X(sendQueryPrepared)                                                                           \
    X(flush)                                                                                       \
    X(consumeInput)                                                                                \
    X(isBusy)                                                                                      \
    X(getResult)                                                                                   \
    X(resultStatus)                                                                                \
    X(resultErrorField)                                                                            \
    X(ntuples)                                                                                     \
    X(getvalue)                                                                                    \
    X(getlength)                                                                                   \
    X(getisnull)                                                                                   \
    X(clear)                                                                                       \
    X(setSingleRowMode)                                                                            \
    X(cmdTuples)                                                                                   \
    X(cmdStatus)                                                                                   \
    X(nfields)                                                                                     \
    X(fname)                                                                                       \
    X(ftype)                                                                                       \
    X(getCancel)                                                                                   \
    X(cancel)                                                                                      \
    X(freeCancel)                                                                                  \
    X(encryptPasswordConn)                                                                         \
    X(freemem)                                                                                     \
    X(notifies)

struct pq_api {
#define X(name) __typeof__(PQ##name) *name;
    PQ_FUNCTIONS(X)
#undef X
};

/* Needs libpq 14 or newer (pipeline mode): UNSUPPORTED otherwise. */
int pq_api_open(struct pq_api *out, struct error *e);

#endif
