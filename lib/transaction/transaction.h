/* SPDX-License-Identifier: MIT */
/*
 * Transactions: the one way in which operations reach the store.
 *
 * An operation is a function over a transaction and a request. For writing, it runs inside one
 * BEGIN IMMEDIATE; what it decided (KEYWARD_OK or a refusal) is committed, a failure rolls back all
 * it did. It may be run again after a rollback, so it keeps its results in the request and starts
 * them anew. For reading, it sees one snapshot and waits for no writer.
 */
#ifndef KEYWARD_TRANSACTION_TRANSACTION_H
#define KEYWARD_TRANSACTION_TRANSACTION_H

#include "base/buffer.h"
#include "base/environment.h"
#include "connection/data_version.h"
#include "seal/keyring.h"

/* What every operation may use besides the data. Set once, before the first transaction. */
struct services {
    struct environment environment;
    struct keyring keyring;
    struct uses *uses; /* of keys, as authentications note them */
    int64_t purge_retention;
    char prefix[KEYWARD_PREFIX_MAX + 1];
};

struct transaction {
    struct connection *connection;
    struct services *services;
    struct error *error;
    unsigned char
        *guarded; /* reading only: KEYWARD_SECRET_MAX bytes for a secret; who uses it wipes */
    keyward_changes *changes; /* where the operation wants to have its events, or NULL */
    struct buffer *scratch;   /* writing only: for the text of an event */
    int64_t last_sequence;    /* of the audit log, 0 until the first append looks it up */
    int64_t last_at;
    int64_t uncommitted_data_key; /* the first that it has created; 0: none */
    bool appended;                /* audit events */
    enum keyward_names names;     /* of the store, KEYWARD_NAMES_KEPT until they are looked up */
};

typedef enum keyward_status (*operation)(struct transaction *transaction, void *request);

/* What goes along with the writes of others when it is due. Its failure fails none of them. */
struct companion {
    bool (*is_due)(void *request);
    operation run;
    /* At the end of each writing transaction, in the order of these: whether it was committed. */
    void (*ended)(void *request, bool committed);
    void *request;
};

struct database;

/* Opens the store's file, creating it if need be; refuses a newer schema. Nothing of an existing
 * store is changed yet. The services may be filled afterwards. */
enum keyward_status database_open(struct database **database,
                                  const struct connection_options *options,
                                  struct services *services, struct error *error);

/* No transaction may be running. With `in_child` after fork: frees what belongs to the process and
 * leaves the file to the parent. NULL is fine. */
void database_close(struct database **database, bool in_child);

/* True for a store without a schema yet. */
bool database_is_new(const struct database *database);

/* Brings the schema up to date. To be called once the master key has shown that the store is the
 * caller's. */
enum keyward_status database_upgrade(struct database *database, struct error *error);

/* The store is open for good; see connection_accept_file(). From now on the companion goes along.
 */
void database_accept_file(struct database *database, const struct companion *companion);

/*
 * Runs a writing operation. Returns what it returned, or why it could not be committed.
 * `*newest_event` is the sequence of the last audit event that it appended, 0 for none.
 */
enum keyward_status database_write(struct database *database, operation run, void *request,
                                   int64_t *newest_event, struct error *error);

/* Runs a writing operation as database_write() does, and undoes it: what it found, it would have
 * done. */
enum keyward_status database_rehearse(struct database *database, operation run, void *request,
                                      struct error *error);

/* What has been committed since the database was opened. Waits for nobody. */
void database_activity(const struct database *database, keyward_activity *activity);

/* Writes the log back into the file and empties it, so that nothing of the past is left there;
 * where a reader still needs it, after one of the next writes. Waits for nobody. */
void database_empty_log(struct database *database);

/* Runs a reading operation on one snapshot. */
enum keyward_status database_read(struct database *database, operation run, void *request,
                                  struct error *error);

/* Runs an operation that reads within one statement, open from first to last: it is the snapshot.
 */
enum keyward_status database_look_up(struct database *database, operation run, void *request,
                                     struct error *error);

/* Reads which version of the data there is now: equal versions, equal data. False when that cannot
 * be told at this moment. */
bool database_version(const struct database *database, struct data_version *version);

#endif
