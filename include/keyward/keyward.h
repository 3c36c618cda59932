/* SPDX-License-Identifier: MIT */
/**
 * @mainpage keyward
 *
 * keyward keeps the API keys of a server's repositories in one SQLite file.
 *
 * Secrets are sealed with libsodium; deleting a key is one durable transaction that checks access,
 * rejects a key already deleted, marks it and writes its audit event. All of it is declared in
 * keyward.h.
 *
 * @section rules Rules that hold for every function
 * - Arguments come in one order: store, actor, what it is about, options, out-parameters.
 * - Strings are NUL-terminated UTF-8. Times are milliseconds since 1970-01-01T00:00:00Z.
 * - The caller keeps what it passes in; nothing is referenced after the call returns.
 * - What the library hands out is read-only, belongs to the caller, and goes back through its own
 *   keyward_..._free(&x), which accepts NULL, wipes what is secret and leaves NULL behind. Such
 *   structs may grow at the end in a later version; do not copy them by value.
 * - On any status but KEYWARD_OK (and KEYWARD_CORRUPT from keyward_check()) the out-pointers are
 *   NULL.
 * - Unless a function says otherwise it may be called from any number of threads at once.
 * - No call is a cancellation point; a pthread_cancel waits until it returns.
 * - The library never prints, exits, aborts, starts a thread or reads the environment.
 * - A store must be on a local file system: SQLite's locks and shared memory fail on others.
 *
 * @section arguments Arguments that many functions have
 * - `store`: open, from keyward_open().
 * - `actor`: who acts, see keyward_actor. A function's first words say what role he needs.
 * - `repo_id`, `user_id`: a host's own ids, opaque text of 1 to KEYWARD_ID_MAX bytes.
 * - `key_id`: as in keyward_key. Any other text of 1 to KEYWARD_ID_MAX bytes is the id of no key.
 *
 * @section statuses Statuses that many functions return
 * - Any function that takes a store can return KEYWARD_INVALID (an argument is wrong; the text of
 *   keyward_last_error() names it; nothing was done) and KEYWARD_FORKED (the store was opened by a
 *   parent process; the child must open its own).
 * - "The disk's codes" stands for KEYWARD_IO, KEYWARD_FULL, KEYWARD_BUSY, KEYWARD_NOMEM,
 *   KEYWARD_CORRUPT and KEYWARD_READ_ONLY: nothing was changed, and the store is usable again once
 *   the cause is gone.
 * - A function that seals or opens secrets (create, rotate, reveal, authenticate, check) can return
 *   KEYWARD_WRONG_MASTER_KEY: another process has changed the master key since this store was
 *   opened, and it must be opened again.
 */
#ifndef KEYWARD_H
#define KEYWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @file
 * All that a host calls; the @ref index "first page" has the rules that hold for all of it. */

/** @defgroup version Version and linkage
 * Which keyward this is, and how its functions are declared.
 * @{ */

#define KEYWARD_VERSION_MAJOR 0 /**< raised when a program must be changed or built again */
#define KEYWARD_VERSION_MINOR 1 /**< raised when something is added */
#define KEYWARD_VERSION_PATCH 0 /**< raised when nothing but mistakes is mended */
/** The version of this header as text; keyward_version() gives the library's. */
#define KEYWARD_VERSION "0.1.0"

/** The oldest SQLite that keyward works with: compiling keyward looks at SQLite's header, and
 * keyward_open() at what the process has loaded. */
#define KEYWARD_SQLITE_MIN "3.37.0"
/** The oldest libsodium, looked at in the same way. */
#define KEYWARD_SODIUM_MIN "1.0.18"

#if defined(__GNUC__)
/** Marks what the library exports. */
#define KEYWARD_API __attribute__((visibility("default")))
/** Marks a function whose status must not be ignored. */
#define KEYWARD_MUST_CHECK __attribute__((warn_unused_result))
#else
#define KEYWARD_API
#define KEYWARD_MUST_CHECK
#endif

/** @} */

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup limits Limits
 * In bytes without the NUL unless said otherwise.
 * @{ */

#define KEYWARD_ID_MAX 255          /**< repository, user and key ids */
#define KEYWARD_NAME_MAX 255        /**< a key's name */
#define KEYWARD_SHORT_TEXT_MAX 255  /**< an actor's request id and client address */
#define KEYWARD_LONG_TEXT_MAX 1024  /**< an actor's user agent and reason; a deletion's text */
#define KEYWARD_ACCESS_KEY_MAX 255  /**< an access key */
#define KEYWARD_SECRET_MAX 65536    /**< a secret */
#define KEYWARD_PREFIX_MAX 16       /**< the access-key prefix */
#define KEYWARD_KEY_ID_LENGTH 36    /**< a key id: an RFC 9562 UUID, version 7, as text */
#define KEYWARD_MASTER_KEY_BYTES 32 /**< a master key */
#define KEYWARD_PAGE_DEFAULT 100    /**< entries in a page of a list when the query says 0 */
#define KEYWARD_PAGE_MAX 1000       /**< entries in a page of a list at most */
#define KEYWARD_BATCH_MAX 65536     /**< deletions in one call of keyward_delete_keys() at most */
#define KEYWARD_BUSY_TIMEOUT_DEFAULT 5000         /**< milliseconds */
#define KEYWARD_TIME_MAX INT64_C(253402300799999) /**< a deadline at most: the end of year 9999 */
#define KEYWARD_OVERLAP_DEFAULT INT64_C(86400000) /**< ms a rotated key goes on: a day */
#define KEYWARD_USE_PRECISION 60000 /**< ms by which a use in the file may lag behind: a minute */
#define KEYWARD_DATA_KEYS_MAX 1024  /**< data keys in a store */
#define KEYWARD_ORIGIN_MAX 255      /**< a log's origin, a witness's name */
#define KEYWARD_RECEIPT_MAX 1048576 /**< a receipt, a consistency proof, a checkpoint */
#define KEYWARD_WITNESSES_MAX 32    /**< witnesses' keys in a keyward_trust */

/** @} */

/** @defgroup status Statuses
 * What calls come to.
 * @{ */

/** What a call came to. Values never change; new ones are added at the end. */
enum keyward_status {
    KEYWARD_OK = 0,              /**< it is done */
    KEYWARD_INVALID = 1,         /**< an argument is wrong; nothing was done */
    KEYWARD_FORBIDDEN = 2,       /**< the actor lacks the role, or there is no such repository */
    KEYWARD_NOT_FOUND = 3,       /**< no such key or user in this repository */
    KEYWARD_ALREADY_DELETED = 4, /**< the key was deleted before; the first deletion stands */
    KEYWARD_NOT_DELETED = 5,     /**< a key to restore is live */
    KEYWARD_LAST_ADMIN = 6,      /**< only the host may remove a repository's last admin */
    KEYWARD_REFUSED = 7,         /**< authentication failed: unknown, wrong or deleted alike */
    KEYWARD_BUSY = 8,            /**< another thread or process held the lock past the timeout */
    KEYWARD_FULL = 9,            /**< the disk is full */
    KEYWARD_IO = 10,             /**< the operating system could not read, write or flush */
    KEYWARD_NOMEM = 11,          /**< no memory */
    KEYWARD_CORRUPT = 12,      /**< the file's content or schema is damaged or was tampered with */
    KEYWARD_READ_ONLY = 13,    /**< the file or its folder cannot be written */
    KEYWARD_NO_FOLDER = 14,    /**< the folder of the path does not exist */
    KEYWARD_NOT_A_STORE = 15,  /**< the file is something else than a keyward store */
    KEYWARD_NEWER_SCHEMA = 16, /**< the store was written by a newer keyward */
    KEYWARD_WRONG_MASTER_KEY = 17, /**< the store's data keys are sealed by another master key */
    KEYWARD_NO_MASTER_KEY = 18,    /**< the key file or callback gave no 32-byte key */
    KEYWARD_FORKED = 19,           /**< the store belongs to the parent process */
    KEYWARD_CANCELLED = 20,        /**< the caller's progress callback asked to stop */
    KEYWARD_EXISTS = 21,           /**< the file to make exists already and was left alone */
    KEYWARD_IN_USE = 22,           /**< the key was used more recently than the deletion allows */
    KEYWARD_EXPIRED = 23,          /**< the key's deadline has passed */
    KEYWARD_NAME_TAKEN = 24,       /**< another live key of the repository has this name */
    KEYWARD_ALREADY_ROTATED = 25,  /**< the key has a live successor, which is the one to rotate */
    KEYWARD_PURGED = 26,           /**< the key's secret has been destroyed */
    KEYWARD_RETAINED = 27,         /**< the key may not be purged yet, or purging is off */
    KEYWARD_UNPROVEN = 28,     /**< a proof, signature or policy does not hold, or is malformed */
    KEYWARD_INCONSISTENT = 29, /**< the log does not continue a checkpoint it signed before */
    KEYWARD_WRONG_LIBRARY = 30 /**< SQLite or libsodium, as loaded, is too old or lacks a feature */
};

/**
 * Describes a status.
 * @param status any value
 * @return one English sentence without a final stop; static, never NULL
 * @since 0.1
 */
KEYWARD_API const char *keyward_status_text(enum keyward_status status);

/**
 * Tells the version of the library that is linked; KEYWARD_VERSION is the header's.
 * @return "major.minor.patch"; static
 * @since 0.1
 */
KEYWARD_API const char *keyward_version(void);

/** @} */

/** @defgroup vocabulary Vocabulary
 * Roles, providers, reasons, actions, and who acts.
 * @{ */

typedef struct keyward keyward; /**< a store: one open keyward database */

/** What a user may do in a repository; each role includes the ones before it. */
enum keyward_role {
    KEYWARD_READER = 1, /**< list live keys and users, read the audit log */
    KEYWARD_WRITER = 2, /**< create, import, rename, rotate, expire and delete keys */
    KEYWARD_ADMIN = 3   /**< grant, revoke, reveal, restore, purge, see deleted keys */
};

/** Whose service a key opens. */
enum keyward_provider {
    KEYWARD_OTHER = 0,     /**< none of these */
    KEYWARD_OPENAI = 1,    /**< OpenAI */
    KEYWARD_GOOGLE = 2,    /**< Google */
    KEYWARD_ANTHROPIC = 3, /**< Anthropic */
    KEYWARD_AWS = 4        /**< Amazon Web Services */
};

/** Why a key was deleted. */
enum keyward_reason {
    KEYWARD_REASON_NONE = 0,        /**< none was given */
    KEYWARD_REASON_UNUSED = 1,      /**< nobody uses it any more */
    KEYWARD_REASON_ROTATED = 2,     /**< another has taken its place */
    KEYWARD_REASON_COMPROMISED = 3, /**< somebody has it who should not */
    KEYWARD_REASON_OFFBOARDING = 4, /**< whose it was has left */
    KEYWARD_REASON_OTHER = 5        /**< needs a text */
};

/** What an audit event records, and its word. A `..._DENIED` is an attempt that was refused. */
enum keyward_action {
    KEYWARD_ACTION_ANY = 0,            /**< in a query: every action */
    KEYWARD_KEY_CREATED = 1,           /**< key.created */
    KEYWARD_KEY_CREATE_DENIED = 2,     /**< key.create_denied */
    KEYWARD_KEY_RENAMED = 3,           /**< key.renamed */
    KEYWARD_KEY_RENAME_DENIED = 4,     /**< key.rename_denied */
    KEYWARD_KEY_DELETED = 5,           /**< key.deleted */
    KEYWARD_KEY_DELETE_DENIED = 6,     /**< key.delete_denied */
    KEYWARD_KEY_RESTORED = 7,          /**< key.restored */
    KEYWARD_KEY_RESTORE_DENIED = 8,    /**< key.restore_denied */
    KEYWARD_ACCESS_GRANTED = 9,        /**< access.granted */
    KEYWARD_ACCESS_GRANT_DENIED = 10,  /**< access.grant_denied */
    KEYWARD_ACCESS_REVOKED = 11,       /**< access.revoked */
    KEYWARD_ACCESS_REVOKE_DENIED = 12, /**< access.revoke_denied */
    KEYWARD_KEY_IMPORTED = 13,         /**< key.imported: created with a secret of the host's */
    KEYWARD_KEY_IMPORT_DENIED = 14,    /**< key.import_denied */
    KEYWARD_KEY_EXPIRY_SET = 15,       /**< key.expiry_set */
    KEYWARD_KEY_EXPIRY_DENIED = 16,    /**< key.expiry_denied */
    KEYWARD_KEY_ROTATED = 17,          /**< key.rotated */
    KEYWARD_KEY_ROTATE_DENIED = 18,    /**< key.rotate_denied */
    KEYWARD_KEY_REVEALED = 19,         /**< key.revealed */
    KEYWARD_KEY_REVEAL_DENIED = 20,  /**< key.reveal_denied; also: it was deleted or had expired */
    KEYWARD_KEY_PURGED = 21,         /**< key.purged */
    KEYWARD_KEY_PURGE_DENIED = 22,   /**< key.purge_denied */
    KEYWARD_MASTER_KEY_CHANGED = 23, /**< store.master_key_changed */
    KEYWARD_DATA_KEY_CREATED = 24    /**< store.data_key_created */
};

/**
 * Gives the word that is stored for a role.
 * @param role any value
 * @return as "writer"; "unknown" for a value outside the enum; static, never NULL
 * @since 0.1
 */
KEYWARD_API const char *keyward_role_text(enum keyward_role role);

/**
 * Gives the word that is stored for a provider.
 * @param provider any value
 * @return as "OPENAI"; "unknown" for a value outside the enum; static, never NULL
 * @since 0.1
 */
KEYWARD_API const char *keyward_provider_text(enum keyward_provider provider);

/**
 * Gives the word that is stored for a reason.
 * @param reason any value
 * @return as "compromised" or "none"; "unknown" for a value outside the enum; static, never NULL
 * @since 0.1
 */
KEYWARD_API const char *keyward_reason_text(enum keyward_reason reason);

/**
 * Gives the word that is stored for an action.
 * @param action any value
 * @return as "key.deleted" or "any"; "unknown" for a value outside the enum; static, never NULL
 * @since 0.1
 */
KEYWARD_API const char *keyward_action_text(enum keyward_action action);

/**
 * Who acts. Exactly one of `user_id` and `is_host` is set, so that a forgotten actor is refused and
 * never taken for the host. The other fields are optional and go into the audit event as they are.
 */
typedef struct keyward_actor {
    const char *user_id;        /**< a user, whose role in the repository decides */
    bool is_host;               /**< the embedding server itself, which may do everything */
    const char *request_id;     /**< up to KEYWARD_SHORT_TEXT_MAX bytes */
    const char *client_address; /**< up to KEYWARD_SHORT_TEXT_MAX bytes */
    const char *user_agent;     /**< up to KEYWARD_LONG_TEXT_MAX bytes */
    const char *reason;         /**< free text, up to KEYWARD_LONG_TEXT_MAX bytes */
} keyward_actor;

/** @} */

/** @defgroup errors Errors
 * Why the last call came to what it did.
 * @{ */

/** Why an authentication was refused. For the host's own log: never show it to the client. */
enum keyward_cause {
    KEYWARD_CAUSE_NONE = 0,         /**< it was not refused */
    KEYWARD_CAUSE_MALFORMED = 1,    /**< the checksum is wrong: mistyped or cut off */
    KEYWARD_CAUSE_UNKNOWN = 2,      /**< no such access key */
    KEYWARD_CAUSE_WRONG_SECRET = 3, /**< the access key exists, the secret is not its own */
    KEYWARD_CAUSE_DELETED = 4,      /**< the pair is right, but the key is deleted */
    KEYWARD_CAUSE_EXPIRED = 5,      /**< the pair is right, but the key's deadline has passed */
    KEYWARD_CAUSE_PURGED = 6 /**< the key is deleted and its secret destroyed: nobody can tell
                                  whether this one was right */
};

/** What is known of this thread's last call on a store. */
typedef struct keyward_error {
    enum keyward_status status; /**< what the call returned */
    int sqlite_code;            /**< SQLite's extended result code, or 0 where it played no part */
    const char *message;        /**< one line; never a secret, SQL, or a path that was not given */
    enum keyward_cause cause;   /**< after KEYWARD_REFUSED */
    int64_t deleted_at;    /**< after KEYWARD_ALREADY_DELETED and KEYWARD_CAUSE_DELETED, else 0 */
    int64_t deleted_event; /**< sequence of the event of that deletion, else 0 */
    int64_t expired_at; /**< after KEYWARD_EXPIRED and KEYWARD_CAUSE_EXPIRED: since when, else 0 */
    int64_t last_used_at; /**< after KEYWARD_IN_USE: when it was last used, else 0 */
} keyward_error;

/**
 * Gives the detail of this thread's last call on a store, or with NULL of its last failed
 * keyward_open() or other call without a store. Never stale: each call starts it anew, and what
 * another store or thread did is not in it. Allocates nothing.
 * @param store the store of that call, or NULL
 * @return never NULL; the library's, valid until this thread's next call of the library
 * @since 0.1
 */
KEYWARD_API const keyward_error *keyward_last_error(const keyward *store);

/** @} */

/** @defgroup store Store
 * Opening and closing.
 * @{ */

/** What a commit survives. */
enum keyward_durability {
    KEYWARD_SURVIVES_POWER_LOSS = 0, /**< flushed to the disk before the call returns */
    KEYWARD_SURVIVES_CRASH = 1       /**< a crash of the process, not of the machine: for tests */
};

/** Whether two live keys of a repository may have the same name. */
enum keyward_names {
    KEYWARD_NAMES_KEPT = 0,   /**< as the store has it; in a new one they may */
    KEYWARD_NAMES_UNIQUE = 1, /**< from now on they may not, whoever opens the store */
    KEYWARD_NAMES_FREE = 2    /**< from now on they may */
};

#define KEYWARD_OPTIONS_VERSION 1 /**< of keyward_options, as this header has it */

/** How to open a store: KEYWARD_OPTIONS_INIT, and a master key in one of three ways. */
typedef struct keyward_options {
    unsigned version;                   /**< KEYWARD_OPTIONS_VERSION */
    int busy_timeout_ms;                /**< how long a call waits for a lock, 0 to 3,600,000 ms */
    enum keyward_durability durability; /**< what a commit survives */
    const unsigned char *master_key;    /**< KEYWARD_MASTER_KEY_BYTES bytes, or */
    const char *master_key_file;        /**< a file of 64 hexadecimal digits or of 32 bytes, or */
    /** a callback (KMS, HSM) that fills `key` and returns 0; anything else is a failure. */
    int (*master_key_callback)(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES]);
    void *master_key_context; /**< the first argument of `master_key_callback` */
    /** In front of new access keys and secrets: 1 to KEYWARD_PREFIX_MAX of a-z, 0-9; NULL: "kw". */
    const char *access_key_prefix;
    /** Called after each commit that appended events, with the sequence of the newest: in the
     * thread that made the change, outside every transaction and lock, so that it may call the
     * library. Threads may report out of order; keyward_list_events() is the ordered record. */
    void (*after_commit)(void *context, keyward *store, int64_t sequence);
    void *after_commit_context; /**< the first argument of `after_commit` */
    /** For tests: milliseconds since the epoch, UTC. NULL: the system's clock. Thread-safe. */
    int64_t (*clock)(void *context);
    void *clock_context; /**< the first argument of `clock` */
    /** For tests: fills `buffer` and returns 0. NULL: libsodium's randombytes. Thread-safe. */
    int (*random)(void *context, void *buffer, size_t length);
    void *random_context; /**< the first argument of `random` */
    /** How long a deleted key is kept, in ms, before it may be purged; 0: nothing may be. */
    int64_t purge_retention;
    /** A deleted key frees its name; a rotated one hands it on to its successor. */
    enum keyward_names names;
} keyward_options;

/** Defaults of every option; a master key must be set as well. */
#define KEYWARD_OPTIONS_INIT                                                                      \
    {                                                                                             \
        KEYWARD_OPTIONS_VERSION, KEYWARD_BUSY_TIMEOUT_DEFAULT, KEYWARD_SURVIVES_POWER_LOSS, NULL, \
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, KEYWARD_NAMES_KEPT     \
    }

/**
 * Opens the store at `path`, creating it (mode 0600) if there is none, and upgrades an older
 * schema. On failure `*store` is NULL, keyward_last_error(NULL) has the detail, and an existing
 * file is left byte for byte as it was.
 * @param store where to put the store; the caller's, to close with keyward_close()
 * @param path a file name; ":memory:" and "" are refused, "file:" has no special meaning
 * @param options from KEYWARD_OPTIONS_INIT, with a master key set; not kept
 * @return KEYWARD_OK, KEYWARD_INVALID, KEYWARD_NO_FOLDER, KEYWARD_READ_ONLY, KEYWARD_NOT_A_STORE,
 *   KEYWARD_NEWER_SCHEMA, KEYWARD_WRONG_MASTER_KEY, KEYWARD_NO_MASTER_KEY, KEYWARD_NAME_TAKEN
 *   (names are to be unique, and two live keys have the same), KEYWARD_WRONG_LIBRARY (the process
 *   has loaded an SQLite older than KEYWARD_SQLITE_MIN or compiled without threads, write-ahead
 *   logs, triggers or another feature that the message names, or a libsodium older than
 *   KEYWARD_SODIUM_MIN), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_open(keyward **store, const char *path,
                                                                const keyward_options *options);

/**
 * Closes `*store`, wipes its keys and leaves NULL. No other call on it may be running or follow.
 * Uses that are not in the file yet are written first, as by keyward_flush_uses(); a failure of
 * that loses them and nothing else. For that it may wait as long as the busy timeout.
 *
 * In a child after fork it lets go of the parent's store and leaves its file alone. A child that
 * wants to open the same file must do that first, and its parent must fork while no call is
 * running: SQLite keeps the files that a process has open in a table, which the child inherits.
 * @param store becomes NULL; NULL and a pointer to NULL are fine
 * @since 0.1
 */
KEYWARD_API void keyward_close(keyward **store);

/**
 * Writes a new random master key to `path` as 64 hexadecimal digits, mode 0600, flushed to the
 * disk. An existing file is never touched. Lose the file and every secret of its stores is lost.
 * @param path a file that does not exist yet, in a folder that does
 * @return KEYWARD_OK, KEYWARD_INVALID, KEYWARD_EXISTS, KEYWARD_NO_FOLDER, KEYWARD_READ_ONLY,
 *   KEYWARD_FULL, KEYWARD_IO or KEYWARD_NOMEM; detail: keyward_last_error(NULL)
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_create_master_key_file(const char *path);

/** @} */

/** @defgroup access Access
 * Who may do what in a repository.
 * @{ */

/**
 * Needs admin: gives `user_id` the role in the repository, replacing the one he had. The repository
 * begins to exist with its first grant, which is the host's to make.
 * @param store,actor,repo_id see @ref arguments
 * @param user_id who gets the role; he may be unknown so far
 * @param role what he may do from now on
 * @return KEYWARD_OK (also when he had that role: nothing is written then), KEYWARD_FORBIDDEN,
 *   KEYWARD_LAST_ADMIN (it would demote the last admin, and the actor is not the host), or the
 *   disk's codes. The refusals leave an `access.grant_denied` event.
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_grant(keyward *store,
                                                                 const keyward_actor *actor,
                                                                 const char *repo_id,
                                                                 const char *user_id,
                                                                 enum keyward_role role);

/**
 * Needs admin: takes away every right `user_id` has in the repository.
 * @param store,actor,repo_id,user_id see @ref arguments
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN, KEYWARD_NOT_FOUND (he has none), KEYWARD_LAST_ADMIN, or
 *   the disk's codes. KEYWARD_FORBIDDEN and KEYWARD_LAST_ADMIN leave an `access.revoke_denied`
 *   event.
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_revoke(keyward *store,
                                                                  const keyward_actor *actor,
                                                                  const char *repo_id,
                                                                  const char *user_id);

/** A user's role in a repository. */
typedef struct keyward_user {
    const char *user_id;    /**< who */
    enum keyward_role role; /**< what he may do */
    int64_t granted_at;     /**< when this role was given */
} keyward_user;

/** Frees a user. @param user `*user` becomes NULL @since 0.1 */
KEYWARD_API void keyward_user_free(keyward_user **user);

/** Which users to list; zero-initialised: the first KEYWARD_PAGE_DEFAULT. */
typedef struct keyward_user_query {
    const char *after_user_id; /**< the last user of the page before, or NULL */
    int limit;                 /**< 1 to KEYWARD_PAGE_MAX, or 0 for the default */
} keyward_user_query;

/** A page of users, by user id. */
typedef struct keyward_user_list {
    size_t count;                     /**< users in this page */
    const keyward_user *const *users; /**< `count` of them */
    bool more;                        /**< there are users after these */
} keyward_user_list;

/**
 * Needs reader: lists the users of a repository.
 * @param store,actor,repo_id see @ref arguments
 * @param query NULL for the first page
 * @param users the caller's, to free with keyward_user_list_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_list_users(
    keyward *store, const keyward_actor *actor, const char *repo_id,
    const keyward_user_query *query, keyward_user_list **users);

/** Frees a list of users. @param users `*users` becomes NULL @since 0.1 */
KEYWARD_API void keyward_user_list_free(keyward_user_list **users);

/**
 * Needs reader: tells what role a user has in a repository. The actor's own right and the answer
 * are of one moment. Waits for no writer, and writes no event.
 * @param store,actor,repo_id see @ref arguments
 * @param user_id whom it is about; he may be the actor
 * @param user his role, and since when he has it; the caller's, to free with keyward_user_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (also to who asks about himself and has no role),
 *   KEYWARD_NOT_FOUND (`user_id` has none; the host gets this for an unknown repository too), or
 *   the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_get_user(keyward *store,
                                                                    const keyward_actor *actor,
                                                                    const char *repo_id,
                                                                    const char *user_id,
                                                                    keyward_user **user);

/** @} */

/** @defgroup keys Keys
 * The life of a key, from its creation until its secret is destroyed.
 * @{ */

/** An API key without its secret. */
typedef struct keyward_key {
    const char *id;         /**< UUIDv7: in a repository, ids sort by creation */
    const char *repo_id;    /**< the repository that it belongs to */
    const char *access_key; /**< the public half: "<prefix>_ak_" and 28 letters and digits */
    const char *name;       /**< as its creator or who renamed it calls it */
    enum keyward_provider provider; /**< whose service it opens */
    int64_t created_at;             /**< when */
    const char *created_by;         /**< user id, NULL for the host */
    int64_t deleted_at;             /**< 0: live */
    const char *deleted_by;         /**< user id, NULL for the host or a live key */
    int64_t deleted_event;          /**< sequence of the deletion's event, 0: live */
    int64_t expires_at;             /**< from then on it does not authenticate, 0: never */
    bool expired;                   /**< that time has come, by the store's clock */
    const char *predecessor_id;     /**< the key it was rotated from, or NULL */
    const char *successor_id;       /**< the key it was rotated to, or NULL */
    /** The last authentication, 0: none. Exact for those of this store handle; those of other
     * processes count from their next write, flush or close on, and in the file a time may be up to
     * KEYWARD_USE_PRECISION behind the true one while its process runs. */
    int64_t last_used_at;
    /** Attempts to authenticate with the right secret while it was deleted or expired: somebody
     * still has it. As exact as `last_used_at`. */
    int64_t refused_count;
    int64_t refused_first_at; /**< 0: none */
    int64_t refused_last_at;  /**< 0: none */
    int64_t purged_at;        /**< when its secret was destroyed, 0: it is there */
    int64_t purged_event;     /**< sequence of that event, or 0 */
} keyward_key;

/** Frees a key. @param key `*key` becomes NULL @since 0.1 */
KEYWARD_API void keyward_key_free(keyward_key **key);

/** A secret in guarded memory: locked, kept out of core dumps, wiped when freed. */
typedef struct keyward_secret {
    /** NUL-terminated; a generated one: "<prefix>_sk_" and 49 letters and digits. */
    const char *text;
    size_t length; /**< without the NUL */
} keyward_secret;

/** Wipes and frees a secret. @param secret `*secret` becomes NULL @since 0.1 */
KEYWARD_API void keyward_secret_free(keyward_secret **secret);

/** A key to create. */
typedef struct keyward_new_key {
    const char *name;               /**< 1 to KEYWARD_NAME_MAX bytes */
    enum keyward_provider provider; /**< whose service it opens */
    int64_t expires_at;             /**< in the future, up to KEYWARD_TIME_MAX; 0: never */
    const char *secret;   /**< to import a provider's own instead of generating one; else NULL */
    size_t secret_length; /**< of that: 1 to KEYWARD_SECRET_MAX bytes of UTF-8 without a NUL */
} keyward_new_key;

/**
 * Needs writer: creates a key with a generated access key and a secret of 256 random bits, or the
 * given one. A generated secret is handed out here; later only keyward_reveal_key() shows it.
 * @param store,actor,repo_id see @ref arguments
 * @param new_key what to create
 * @param key the caller's, to free with keyward_key_free()
 * @param secret the caller's, to free with keyward_secret_free(); set to NULL for an imported one,
 *   which the caller has; may be NULL then
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (leaves a `key.create_denied` or `key.import_denied`
 *   event), KEYWARD_NAME_TAKEN (where names are unique), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_create_key(
    keyward *store, const keyward_actor *actor, const char *repo_id, const keyward_new_key *new_key,
    keyward_key **key, keyward_secret **secret);

/** How to rotate; zero-initialised: a generated successor, and a day of overlap. */
typedef struct keyward_rotation {
    int64_t overlap;      /**< ms for which the old key goes on, up to ten years; 0:
                               KEYWARD_OVERLAP_DEFAULT. An earlier deadline that it has stays. */
    int64_t expires_at;   /**< the successor's own deadline; 0: none */
    const char *secret;   /**< the successor's, to import; NULL: generated */
    size_t secret_length; /**< of that: 1 to KEYWARD_SECRET_MAX bytes of UTF-8 without a NUL */
} keyward_rotation;

/**
 * Needs writer: gives a live key a successor of the same name and provider and, in the same
 * transaction, the old key a deadline: both authenticate until then. The two are linked by
 * `successor_id` and `predecessor_id`. Writes `key.rotated` for the old key, then `key.created` or
 * `key.imported` for the new one.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @param rotation NULL for the defaults
 * @param key the successor; the caller's, to free with keyward_key_free()
 * @param secret as in keyward_create_key()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (leaves a `key.rotate_denied` event), KEYWARD_NOT_FOUND,
 *   KEYWARD_ALREADY_DELETED, KEYWARD_ALREADY_ROTATED (its successor is live), KEYWARD_NAME_TAKEN
 *   (its successor was deleted and another key has taken the name), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_rotate_key(
    keyward *store, const keyward_actor *actor, const char *repo_id, const char *key_id,
    const keyward_rotation *rotation, keyward_key **key, keyward_secret **secret);

/**
 * Needs writer: gives a live key another deadline, or with 0 none; an expired key comes back so.
 * Deadlines are compared with the store's clock as it is: one that is set back gives time back.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @param expires_at in the future, up to KEYWARD_TIME_MAX, or 0
 * @return KEYWARD_OK (also for the deadline it had: nothing is written then), KEYWARD_FORBIDDEN
 *   (leaves a `key.expiry_denied` event), KEYWARD_NOT_FOUND, KEYWARD_ALREADY_DELETED, or the disk's
 *   codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_set_key_expiry(
    keyward *store, const keyward_actor *actor, const char *repo_id, const char *key_id,
    int64_t expires_at);

/**
 * Needs admin: hands out the secret of a live key, for the host that must call the provider with
 * it. The event `key.revealed` is on the disk before the secret is handed out.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @param secret the caller's, to free with keyward_secret_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN, KEYWARD_NOT_FOUND, KEYWARD_ALREADY_DELETED,
 *   KEYWARD_EXPIRED (these but NOT_FOUND leave a `key.reveal_denied` event), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_reveal_key(keyward *store,
                                                                      const keyward_actor *actor,
                                                                      const char *repo_id,
                                                                      const char *key_id,
                                                                      keyward_secret **secret);

/** Which keys a look-up may show. All but the live ones need admin; an expired key is a live one.
 */
enum keyward_include {
    KEYWARD_LIVE = 0,            /**< live ones */
    KEYWARD_DELETED = 1,         /**< deleted ones */
    KEYWARD_LIVE_AND_DELETED = 2 /**< both */
};

/**
 * Needs reader, and admin to include deleted keys: shows one key.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @param include which keys count; for the others there is no such key
 * @param key the caller's, to free with keyward_key_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN, KEYWARD_NOT_FOUND, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_get_key(
    keyward *store, const keyward_actor *actor, const char *repo_id, const char *key_id,
    enum keyward_include include, keyward_key **key);

/** Which keys to list; zero-initialised: the newest KEYWARD_PAGE_DEFAULT live ones. */
typedef struct keyward_key_query {
    enum keyward_include include; /**< live ones, deleted ones, or both */
    const char *before_key_id;    /**< the last key of the page before, or NULL */
    int limit;                    /**< 1 to KEYWARD_PAGE_MAX, or 0 for the default */
} keyward_key_query;

/** A page of keys, newest first. */
typedef struct keyward_key_list {
    size_t count;                   /**< keys in this page */
    const keyward_key *const *keys; /**< `count` of them */
    bool more;                      /**< there are older keys */
} keyward_key_list;

/**
 * Needs reader, and admin to include deleted keys: lists keys. Takes time for the keys it returns,
 * however many deleted ones the repository has gathered.
 * @param store,actor,repo_id see @ref arguments
 * @param query NULL for the first page of live keys
 * @param keys the caller's, to free with keyward_key_list_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_list_keys(keyward *store,
                                                                     const keyward_actor *actor,
                                                                     const char *repo_id,
                                                                     const keyward_key_query *query,
                                                                     keyward_key_list **keys);

/** Frees a list of keys. @param keys `*keys` becomes NULL @since 0.1 */
KEYWARD_API void keyward_key_list_free(keyward_key_list **keys);

/**
 * Needs writer: gives a live key another name.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @param name 1 to KEYWARD_NAME_MAX bytes
 * @return KEYWARD_OK (also for the name it had: nothing is written then), KEYWARD_FORBIDDEN (leaves
 *   a `key.rename_denied` event), KEYWARD_NOT_FOUND, KEYWARD_ALREADY_DELETED, KEYWARD_NAME_TAKEN
 *   (where names are unique), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_rename_key(keyward *store,
                                                                      const keyward_actor *actor,
                                                                      const char *repo_id,
                                                                      const char *key_id,
                                                                      const char *name);

/** A deletion: why, filled in by the caller, and what came of it, filled in by the library. */
typedef struct keyward_deletion {
    enum keyward_reason reason; /**< why */
    const char *reason_text;    /**< up to KEYWARD_LONG_TEXT_MAX bytes; NULL: the actor's reason */
    int64_t deleted_at;         /**< out, after KEYWARD_OK and KEYWARD_ALREADY_DELETED: when */
    int64_t event;              /**< out, likewise: the sequence of its audit event */
    /** Only if the key was not used in the last so many ms, as far as this process knows and the
     * file says: decided inside the deleting transaction. 0: whatever its use. */
    int64_t unless_used_within;
    int64_t last_used_at; /**< out, after KEYWARD_IN_USE: when it was last used */
} keyward_deletion;

/**
 * Needs writer: deletes a key. In one transaction the actor's access is checked, a key already
 * deleted is rejected, the key is marked and the event `key.deleted` is written; it is on the disk
 * before KEYWARD_OK is returned. From then on no authentication with the key succeeds in any thread
 * or process. The sealed secret is not touched.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @param deletion the reason, and where to put time and event; or NULL
 * @return
 *   - KEYWARD_OK
 *   - KEYWARD_FORBIDDEN: no such right, whether or not the key or the repository exists (leaves a
 *     `key.delete_denied` event)
 *   - KEYWARD_NOT_FOUND: the repository has no such key
 *   - KEYWARD_ALREADY_DELETED: with time and event of the first deletion in `deletion` and
 *     keyward_last_error(), so that a retry is safe
 *   - KEYWARD_IN_USE: used more recently than `unless_used_within` allows; nothing is written
 *   - or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_delete_key(keyward *store,
                                                                      const keyward_actor *actor,
                                                                      const char *repo_id,
                                                                      const char *key_id,
                                                                      keyward_deletion *deletion);

/** One of many keys to delete, named by repository and id or, as a leak report does, by access key
 * (with its repository, or without). */
typedef struct keyward_delete_request {
    const char *repo_id;        /**< its repository; NULL: wherever `access_key` is */
    const char *key_id;         /**< its id */
    const char *access_key;     /**< instead of key_id */
    keyward_deletion deletion;  /**< the reason, and what came of it */
    enum keyward_status status; /**< out: as keyward_delete_key() returns it */
} keyward_delete_request;

/**
 * Needs writer on each key's repository: deletes many keys in one transaction, each with its own
 * result: a refused or unknown one does not keep the others. An access key without a repository
 * that does not exist is KEYWARD_NOT_FOUND for the host and KEYWARD_FORBIDDEN for a user, whom it
 * must not tell which access keys exist.
 * @param store,actor see @ref arguments
 * @param requests `count` of them; their `status` and `deletion` are filled in
 * @param count 1 to KEYWARD_BATCH_MAX
 * @return KEYWARD_OK: every request was decided, see each `status`; KEYWARD_INVALID: one is
 *   malformed and nothing was done; the disk's codes: nothing was deleted, and every `status` says
 *   so
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_delete_keys(
    keyward *store, const keyward_actor *actor, keyward_delete_request *requests, size_t count);

/** One change or refused attempt; immutable. Text that does not apply is NULL. */
typedef struct keyward_event {
    int64_t sequence;           /**< 1, 2, 3, ... without gaps */
    int64_t at;                 /**< never before the event before it */
    enum keyward_action action; /**< what was done or refused */
    const char *actor_id;       /**< user id, NULL for the host */
    const char *repo_id;        /**< where */
    const char *key_id;         /**< which key it is about */
    const char *user_id;        /**< whose access was changed */
    const char *name; /**< the key's name, after the change; store.data_key_created: its number */
    const char *previous_name;  /**< key.renamed */
    const char *provider;       /**< key.created and .imported: keyward_provider_text() */
    const char *role;           /**< access.granted and .revoked: the role */
    const char *reason;         /**< key.deleted: keyward_reason_text() */
    const char *reason_text;    /**< the deletion's or the actor's own words */
    const char *request_id;     /**< the actor's */
    const char *client_address; /**< the actor's */
    const char *user_agent;     /**< the actor's */
    /** key.created and .imported: 32 bytes, SHA-256 of the sealed secret */
    const unsigned char *sealed_sha256;
    /** key.rotated: the successor; the successor's own: its predecessor */
    const char *other_key_id;
    /** the key's deadline after the change; 0: none, or not what it is about */
    int64_t expires_at;
} keyward_event;

/** The rows and events that a call wrote or, in a preview, would write; in their order. */
typedef struct keyward_changes {
    size_t key_count;                   /**< keys that were changed */
    const keyward_key *const *keys;     /**< as they stand afterwards */
    size_t event_count;                 /**< events that were written */
    const keyward_event *const *events; /**< `event_count` of them */
    int64_t in_use;                     /**< keys left alone, because they were used too recently */
} keyward_changes;

/** Frees changes. @param changes `*changes` becomes NULL @since 0.1 */
KEYWARD_API void keyward_changes_free(keyward_changes **changes);

/**
 * The dry run of keyward_delete_key() and keyward_delete_keys(): the same transaction, rolled back.
 * Each request's `status`, time and event are those that it would have.
 * @param store,actor see @ref arguments
 * @param requests as in keyward_delete_keys()
 * @param count 1 to KEYWARD_BATCH_MAX
 * @param changes what would be written; the caller's, to free with keyward_changes_free()
 * @return as keyward_delete_keys()
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_preview_delete_keys(
    keyward *store, const keyward_actor *actor, keyward_delete_request *requests, size_t count,
    keyward_changes **changes);

/** Which live keys to delete. At least one of the two is set. */
typedef struct keyward_selection {
    const char *repo_id;    /**< those of this repository; NULL (host only): of all */
    const char *created_by; /**< those that this user created; NULL: whoever did */
} keyward_selection;

/**
 * Needs writer on the repository (without one, the host): deletes all live keys that the selection
 * names, in one transaction, each with its own event. Those used within
 * `deletion->unless_used_within` are left and counted. Without a repository it reads every key of
 * the store, while other writers wait.
 * @param store,actor see @ref arguments
 * @param selection which keys
 * @param deletion the reason and the guard; its time and event become the last one's; or NULL
 * @param changes what was written, to free with keyward_changes_free(); or NULL
 * @return KEYWARD_OK (also when there were none), KEYWARD_FORBIDDEN (leaves one `key.delete_denied`
 *   event), or the disk's codes: nothing was deleted
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_delete_all_keys(
    keyward *store, const keyward_actor *actor, const keyward_selection *selection,
    keyward_deletion *deletion, keyward_changes **changes);

/**
 * The dry run of keyward_delete_all_keys(): the same transaction, rolled back.
 * @param store,actor see @ref arguments
 * @param selection as in keyward_delete_all_keys()
 * @param deletion as in keyward_delete_all_keys()
 * @param changes what would be written; the caller's, to free with keyward_changes_free()
 * @return as keyward_delete_all_keys()
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_preview_delete_all_keys(
    keyward *store, const keyward_actor *actor, const keyward_selection *selection,
    keyward_deletion *deletion, keyward_changes **changes);

/**
 * Needs admin: makes a deleted key live again, with its secret, for the deletion that was a
 * mistake. Its deadline stays, passed or not.
 * @param store,actor,repo_id,key_id see @ref arguments
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (leaves a `key.restore_denied` event), KEYWARD_NOT_FOUND,
 *   KEYWARD_NOT_DELETED, KEYWARD_NAME_TAKEN (where names are unique, unless it shares its own with
 *   a live successor), KEYWARD_PURGED, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_restore_key(keyward *store,
                                                                       const keyward_actor *actor,
                                                                       const char *repo_id,
                                                                       const char *key_id);

/**
 * Needs admin: destroys the sealed secrets of deleted keys, for erasure that the law demands. Each
 * is overwritten with zeros and the write-ahead log is cut, so that neither file holds it any more.
 * Row and events stay; `key.purged` is one of them. There is no way back. Where somebody reads an
 * older state just now, as a backup does, the log is cut with one of the next writes after that, or
 * when the store is closed. Beyond its reach are copies that a backup or the file system keeps, and
 * pieces in unused parts of pages that another program wrote back, or of a file of more than 32
 * GiB. Only keys deleted for longer than the `purge_retention` of the options can be purged.
 * @param store,actor,repo_id see @ref arguments
 * @param key_id one key; or NULL: all of the repository that may be purged
 * @param changes what was written, to free with keyward_changes_free(); or NULL
 * @return KEYWARD_OK (without `key_id` also when there were none), KEYWARD_FORBIDDEN (leaves a
 *   `key.purge_denied` event), KEYWARD_NOT_FOUND, KEYWARD_NOT_DELETED, KEYWARD_PURGED (it was
 *   before), KEYWARD_RETAINED (not deleted for so long, or the option is 0), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_purge_keys(keyward *store,
                                                                      const keyward_actor *actor,
                                                                      const char *repo_id,
                                                                      const char *key_id,
                                                                      keyward_changes **changes);

/**
 * The dry run of keyward_purge_keys(): the same transaction, rolled back.
 * @param store,actor,repo_id see @ref arguments
 * @param key_id as in keyward_purge_keys()
 * @param changes what would be written; the caller's, to free with keyward_changes_free()
 * @return as keyward_purge_keys()
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_preview_purge_keys(
    keyward *store, const keyward_actor *actor, const char *repo_id, const char *key_id,
    keyward_changes **changes);

/** @} */

/** @defgroup authentication Authentication
 * What the key of a client opens.
 * @{ */

/** What a key opens. The caller's own; only KEYWARD_OK fills it, anything else leaves it zeroed. */
typedef struct keyward_identity {
    char repo_id[KEYWARD_ID_MAX + 1];       /**< the repository that it opens */
    char key_id[KEYWARD_KEY_ID_LENGTH + 1]; /**< the key's id */
    enum keyward_provider provider;         /**< whose service it opens */
    int64_t expires_at;                     /**< its deadline, 0: none */
} keyward_identity;

/**
 * Tells what a live key opens. Unknown, wrong, deleted and expired are one and the same
 * KEYWARD_REFUSED; the `cause` of keyward_last_error() tells them apart for the host's own log.
 * Secrets are compared in constant time and an unknown access key costs the work of a known one;
 * only a pair whose checksum shows it to be mistyped is refused at once. Waits for no writer. Notes
 * in memory that the key was used, or that a deleted or expired one was tried; see
 * keyward_flush_uses().
 * @param store see @ref arguments
 * @param access_key as the client sent it, 1 to KEYWARD_ACCESS_KEY_MAX bytes
 * @param secret 1 to KEYWARD_SECRET_MAX bytes of UTF-8, need not be NUL-terminated
 * @param secret_length bytes of `secret`
 * @param identity filled in on KEYWARD_OK, zeroed on anything else
 * @return KEYWARD_OK, KEYWARD_REFUSED, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_authenticate(keyward *store,
                                                                        const char *access_key,
                                                                        const char *secret,
                                                                        size_t secret_length,
                                                                        keyward_identity *identity);

/**
 * Writes to the file what authentications have noted: when keys were last used, and attempts with
 * deleted and expired ones. It also goes along with other writes of this process, 256 keys with
 * each transaction and each key once in KEYWARD_USE_PRECISION, and on close. A process that
 * authenticates and seldom writes calls this now and then, so that others learn of it; what is not
 * written when it crashes is lost. Between two writes the uses of some 65,000 keys are noted; past
 * that, `unless_used_within` takes any key for used.
 * @param store see @ref arguments
 * @return KEYWARD_OK or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_flush_uses(keyward *store);

/** @} */

/** @defgroup audit Audit
 * What was done, and by whom.
 * @{ */

/** Which events to list; zero-initialised: the newest KEYWARD_PAGE_DEFAULT. What is set narrows. */
typedef struct keyward_event_query {
    const char *repo_id;        /**< required unless the actor is the host */
    const char *key_id;         /**< about this key; NULL: any */
    const char *user_id;        /**< he acted, or his access was changed */
    enum keyward_action action; /**< KEYWARD_ACTION_ANY: every one */
    int64_t from;               /**< at this time or later; 0: no bound */
    int64_t until;              /**< before this time; 0: no bound */
    int64_t before_sequence;    /**< newest first: the last event of the page before; 0: none */
    int64_t after_sequence;     /**< oldest first: the last event seen; 0: from the start */
    bool oldest_first;          /**< in the order they happened in, not newest first */
    int limit;                  /**< 1 to KEYWARD_PAGE_MAX, or 0 for the default */
} keyward_event_query;

/** A page of events. */
typedef struct keyward_event_list {
    size_t count;                       /**< events in this page */
    const keyward_event *const *events; /**< `count` of them */
    bool more;                          /**< there are further events in this direction */
} keyward_event_list;

/**
 * Needs reader on the query's repository (without one, the host): lists events. To follow the log
 * as an outbox, ask oldest first after the last sequence you have dealt with: events appear in
 * order and never behind one already seen, so that each is delivered at least once.
 * @param store,actor see @ref arguments
 * @param query NULL (host only) for the newest events of all repositories
 * @param events the caller's, to free with keyward_event_list_free()
 * @return KEYWARD_OK, KEYWARD_INVALID (also: a user names no repository), KEYWARD_FORBIDDEN, or
 *   the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_list_events(
    keyward *store, const keyward_actor *actor, const keyward_event_query *query,
    keyward_event_list **events);

/** Frees a list of events. @param events `*events` becomes NULL @since 0.1 */
KEYWARD_API void keyward_event_list_free(keyward_event_list **events);

/** How exported events are written. What does not apply to an event is left out. */
enum keyward_export_format {
    /** One JSON object a line (RFC 8259), in the canonical form of RFC 8785: no spaces, members in
     * order of their names, which are those of keyward_event. `action` is its word, the times are
     * numbers, `sealed_sha256` is hexadecimal. */
    KEYWARD_JSON_LINES = 0,
    /** RFC 4180: a header line, fields quoted where needed, lines that end in CR LF. The same
     * names and values; the fields of what does not apply are empty. */
    KEYWARD_CSV = 1
};

/** Where exported events go. */
typedef struct keyward_export {
    enum keyward_export_format format; /**< how they are written */
    /** Gets whole lines, in the calling thread; anything but 0 stops with KEYWARD_CANCELLED. May
     * call the library. */
    int (*write)(void *context, const char *bytes, size_t length);
    void *write_context; /**< the first argument of `write` */
} keyward_export;

/**
 * Needs reader on the query's repository (without one, the host): writes out the events that the
 * query names, up to the newest at the beginning of the call. No snapshot is held meanwhile: events
 * never change.
 * @param store,actor see @ref arguments
 * @param query as in keyward_list_events(), but `limit` 0 means all of them, and it may exceed
 *   KEYWARD_PAGE_MAX; NULL (host only): all events, newest first
 * @param destination the form, and who takes the lines
 * @return KEYWARD_OK, KEYWARD_INVALID (also: a user names no repository), KEYWARD_FORBIDDEN,
 *   KEYWARD_CANCELLED, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_export_events(
    keyward *store, const keyward_actor *actor, const keyward_event_query *query,
    const keyward_export *destination);

/** @} */

/** @defgroup verify Proofs: what is verified without a store
 * For whoever holds a receipt or a checkpoint.
 * @{ */

/** Text that the library hands out. */
typedef struct keyward_text {
    const char *text; /**< with a NUL behind its bytes */
    size_t length;    /**< without it */
} keyward_text;

/** Frees a text. @param text `*text` becomes NULL @since 0.1 */
KEYWARD_API void keyward_text_free(keyward_text **text);

/**
 * Whom a verification trusts. Keys are verifier keys as https://c2sp.org/signed-note has them,
 * "<name>+<8 hexadecimal digits>+<base64>", with a name of up to KEYWARD_ORIGIN_MAX bytes. They
 * come from somewhere safe: who can change them can have anything proven.
 */
typedef struct keyward_trust {
    const char *log_key; /**< the log's, of type Ed25519; its name is the log's origin */
    const char *const *witness_keys; /**< of type cosignature/v1 (Ed25519), or NULL */
    size_t witness_count;            /**< up to KEYWARD_WITNESSES_MAX */
    size_t witnesses_needed;         /**< so many of them must have cosigned; 0: none */
} keyward_trust;

/** What was proven. The caller's own; only KEYWARD_OK fills it, anything else leaves it zeroed. */
typedef struct keyward_proven {
    int64_t sequence; /**< of the event; keyward_verify_receipt() only */
    int64_t size;     /**< events in the log at the checkpoint, of two at the newer one */
    int64_t old_size; /**< events at the older one; keyward_verify_consistency() only */
    size_t witnesses; /**< known ones who have cosigned; several keys of one name count once */
    /** By then as many witnesses as are needed had seen the log like this, in ms: the time of the
     * last of those who were first. 0: none are needed. Nothing but their word stands for it. */
    int64_t witnessed_at;
} keyward_proven;

/**
 * Verifies a receipt (https://c2sp.org/tlog-proof@v1): that the log had this event as its
 * `sequence`-th when it signed the receipt's checkpoint (https://c2sp.org/tlog-checkpoint), and
 * that as many witnesses as are needed have cosigned that (https://c2sp.org/tlog-cosignature).
 *
 * Needs no store and makes no call of SQLite; any thread may call it at any time. The receipt and
 * the event may come from an enemy. What a specification leaves open is refused: CR LF, base64 that
 * is not canonical, numbers with leading zeros, more than KEYWARD_RECEIPT_MAX bytes, 64 signatures
 * or 4096 bytes of checkpoint without them. Signatures of unknown keys are ignored; one wrong
 * signature of a known key and nothing is proven. Cosignatures of a time of 0 or after the year
 * 9999 are wrong; beyond that times are not judged.
 * @param receipt text, need not be NUL-terminated
 * @param length bytes of `receipt`
 * @param trust whose signatures count
 * @param event `event_length` bytes: the line of JSON as keyward_export_events() has it, without
 *   its new line; NULL with 0: the event that the receipt carries, see keyward_receipt_event()
 * @param event_length bytes of `event`
 * @param proven filled in on KEYWARD_OK, zeroed on anything else
 * @return KEYWARD_OK; KEYWARD_INVALID (an argument is NULL, a key is malformed, mistyped, of
 *   another type or twice among the witnesses, or there are fewer witnesses than are needed);
 *   KEYWARD_UNPROVEN (the message says what does not hold); or KEYWARD_NOMEM. Detail:
 *   keyward_last_error(NULL)
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_verify_receipt(
    const char *receipt, size_t length, const keyward_trust *trust, const char *event,
    size_t event_length, keyward_proven *proven);

/**
 * Gives the event that a receipt carries along, for showing it: a line of text without control
 * characters. It is not proven by this; keyward_verify_receipt() without an event of its own proves
 * this one. No store; from any thread.
 * @param receipt text, need not be NUL-terminated
 * @param length bytes of `receipt`
 * @param event the caller's, to free with keyward_text_free()
 * @return KEYWARD_OK, KEYWARD_INVALID (an argument is NULL), KEYWARD_UNPROVEN (the receipt is
 *   malformed, carries none or something else than a line of text) or KEYWARD_NOMEM. Detail:
 *   keyward_last_error(NULL)
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_receipt_event(const char *receipt,
                                                                         size_t length,
                                                                         keyward_text **event);

/**
 * Verifies that the log still began with all that it had at an older checkpoint when it signed a
 * newer one: nothing of it was changed, removed or inserted. The log must have signed both; the
 * witnesses who are needed must have cosigned the newer. All else as in keyward_verify_receipt().
 * @param old_checkpoint the older one, `old_length` bytes, as it was kept
 * @param old_length bytes of `old_checkpoint`
 * @param proof `length` bytes in the form of an add-checkpoint request of
 *   https://c2sp.org/tlog-witness: "old <size>", hashes, an empty line and the newer checkpoint
 * @param length bytes of `proof`
 * @param trust whose signatures count
 * @param proven filled in on KEYWARD_OK, zeroed on anything else
 * @return as keyward_verify_receipt()
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_verify_consistency(
    const char *old_checkpoint, size_t old_length, const char *proof, size_t length,
    const keyward_trust *trust, keyward_proven *proven);

/** @} */

/** @defgroup prove Proofs: what a store signs and proves
 * For the host that keeps the log.
 * @{ */

/**
 * Host only: gives the verifier key of the audit log (https://c2sp.org/signed-note), for whoever is
 * to verify its checkpoints and receipts. The first call makes the key, which is random, sealed in
 * the store and stays there, and names the log.
 * @param store,actor see @ref arguments
 * @param origin the log's name, as "example.com/keys": 1 to KEYWARD_ORIGIN_MAX bytes without spaces
 *   and "+", for good; NULL: there is a key already
 * @param log_key the caller's, to free with keyward_text_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (the actor is not the host), KEYWARD_NOT_FOUND (there is no
 *   key yet, and no origin was given), KEYWARD_EXISTS (the log has another origin),
 *   KEYWARD_WRONG_MASTER_KEY, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_audit_log_key(keyward *store,
                                                                         const keyward_actor *actor,
                                                                         const char *origin,
                                                                         keyward_text **log_key);

/**
 * Host only: signs the head of the log's Merkle tree (https://c2sp.org/tlog-checkpoint; the tree is
 * that of RFC 6962 with SHA-256, and an event's leaf is its line of JSON as keyward_export_events()
 * has it, without the new line). When nothing was appended since the last time, the last checkpoint
 * comes back. Keep some of them where nobody can reach who can reach the store: only so is it
 * noticed when the store as a whole is replaced by an older or a rewritten one.
 *
 * Before it signs, it compares each event since the last checkpoint with its leaf hash, and the
 * tree with the last checkpoint and the known one: a log that does not continue them is not signed.
 * @param store,actor see @ref arguments
 * @param known a checkpoint of this log that was kept elsewhere, `known_length` bytes; NULL with 0:
 *   none
 * @param known_length bytes of `known`
 * @param checkpoint the caller's, to free with keyward_text_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (the actor is not the host), KEYWARD_NOT_FOUND (the log has
 *   no key or no events yet), KEYWARD_INCONSISTENT (the log was cut off, rolled back or rewritten;
 *   the message says which), KEYWARD_UNPROVEN (the known checkpoint is not one of this log),
 *   KEYWARD_WRONG_MASTER_KEY, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_audit_checkpoint(
    keyward *store, const keyward_actor *actor, const char *known, size_t known_length,
    keyward_text **checkpoint);

/**
 * Needs reader on the event's repository (without one, the host): gives the receipt of an
 * event (https://c2sp.org/tlog-proof@v1): the proof that it is in the log, with the event itself in
 * the "extra" line and the checkpoint with all its cosignatures. keyward_verify_receipt() verifies
 * it, and so does anybody who reads the specification, without the store.
 * @param store,actor see @ref arguments
 * @param sequence of the event, 1 or more
 * @param checkpoint_size of the checkpoint to prove it with, which covers the event; 0: the newest
 * @param receipt the caller's, to free with keyward_text_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (also, to a user, where there is no such event),
 *   KEYWARD_NOT_FOUND (no such event, or no such checkpoint that covers it; the message says
 *   which), KEYWARD_INCONSISTENT (the event is not what the checkpoint was signed over), or the
 *   disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_audit_receipt(keyward *store,
                                                                         const keyward_actor *actor,
                                                                         int64_t sequence,
                                                                         int64_t checkpoint_size,
                                                                         keyward_text **receipt);

/**
 * Host only: proves that the log continues an older state of it, for whoever kept a checkpoint of
 * that, and for witnesses: the body of an add-checkpoint request of https://c2sp.org/tlog-witness.
 * keyward_verify_consistency() verifies it.
 * @param store,actor see @ref arguments
 * @param old_size events at the older state, 0 or more
 * @param checkpoint_size of the newer checkpoint; 0: the newest
 * @param proof the caller's, to free with keyward_text_free()
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (the actor is not the host), KEYWARD_NOT_FOUND (there is no
 *   such checkpoint, or it is older), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_audit_consistency(
    keyward *store, const keyward_actor *actor, int64_t old_size, int64_t checkpoint_size,
    keyward_text **proof);

/**
 * Host only: keeps what witnesses have said of a checkpoint (https://c2sp.org/tlog-cosignature):
 * from now on it is handed out, and put into receipts, with their cosignatures.
 * @param store,actor see @ref arguments
 * @param trust the log's key and the witnesses' whose cosignatures are to be kept; others are left
 *   out. `witnesses_needed` plays no part, but must be at most `witness_count`.
 * @param checkpoint the checkpoint as it came back from a witness, `length` bytes
 * @param length bytes of `checkpoint`
 * @return KEYWARD_OK (also when nothing in it was new), KEYWARD_FORBIDDEN (the actor is not the
 *   host), KEYWARD_UNPROVEN (a signature of a known key does not hold, or the text is malformed),
 *   KEYWARD_NOT_FOUND (the store has no checkpoint of this size), KEYWARD_INCONSISTENT (it has, and
 *   it is another), KEYWARD_FULL (also: it has 64 signatures), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_audit_add_cosignatures(
    keyward *store, const keyward_actor *actor, const keyward_trust *trust, const char *checkpoint,
    size_t length);

/** Where the log is published, and what of it is there already. */
typedef struct keyward_publication {
    int64_t published_size;  /**< of an older checkpoint, published before; 0: none */
    int64_t checkpoint_size; /**< of the one to publish; 0: the newest */
    /** Gets the files, each with its path below the log's prefix, as "tile/0/x001/067": in the
     * calling thread; anything but 0 stops with KEYWARD_CANCELLED. May call the library. */
    int (*write)(void *context, const char *path, const void *bytes, size_t length);
    void *write_context; /**< the first argument of `write` */
} keyward_publication;

/**
 * Host only: gives the log as a set of files that any static web server can hand out
 * (https://c2sp.org/tlog-tiles), so that a monitor can read and check all of it: first the tiles
 * and bundles of entries that are not there yet, last "checkpoint". No snapshot is held meanwhile:
 * what a checkpoint covers never changes.
 * @param store,actor see @ref arguments
 * @param publication what is there already, and who takes the files
 * @return KEYWARD_OK, KEYWARD_FORBIDDEN (the actor is not the host), KEYWARD_NOT_FOUND (there is no
 *   such checkpoint), KEYWARD_INCONSISTENT (an event or the tree was changed since it was signed),
 *   KEYWARD_CANCELLED, or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_audit_publish(
    keyward *store, const keyward_actor *actor, const keyward_publication *publication);

/** @} */

/** @defgroup check Check
 * Whether a store is still what keyward made of it.
 * @{ */

/** What a check found wrong. */
typedef struct keyward_finding {
    const char *problem; /**< one line, as "the sealed secret does not open" */
    const char *repo_id; /**< where it applies, else NULL */
    const char *key_id;  /**< where it applies, else NULL */
    int64_t sequence;    /**< the audit event it is about, or 0 */
} keyward_finding;

/** What a check did. */
typedef struct keyward_report {
    int64_t keys_checked;                   /**< each with its sealed secret opened */
    int64_t events_checked;                 /**< each with its leaf hash */
    size_t count;                           /**< findings kept, the first 1,000 */
    const keyward_finding *const *findings; /**< `count` of them */
    int64_t findings_total;                 /**< findings there were */
} keyward_report;

/** How to check; zero-initialised: without progress. */
typedef struct keyward_check_options {
    /** Called now and then, in the calling thread; anything but 0 stops with KEYWARD_CANCELLED.
     *  It must not call the library. */
    int (*progress)(void *context, int64_t done, int64_t total);
    void *progress_context; /**< the first argument of `progress` */
    /** A checkpoint of this log that was kept elsewhere, for what the store alone cannot tell: that
     * it is an older or a rewritten one as a whole. NULL with 0: none. */
    const char *checkpoint;
    size_t checkpoint_length; /**< bytes of `checkpoint` */
} keyward_check_options;

/**
 * Checks the whole store on one snapshot while others go on: SQLite's own integrity, the schema
 * with its triggers, every sealed secret opened and compared with the hash in its creation event,
 * every deleted key against its event and every deletion event against its key, the audit sequence
 * and times; and the log's tree hashed anew from the events, against the leaf and inner hashes in
 * the store, against every checkpoint that was signed, and against the one in the options. Findings
 * name the first event that does not fit.
 * @param store see @ref arguments
 * @param options NULL: none
 * @param report set on KEYWARD_OK and on KEYWARD_CORRUPT; the caller's, to free with
 *   keyward_report_free()
 * @return KEYWARD_OK: nothing is wrong; KEYWARD_CORRUPT: the report names what is;
 *   KEYWARD_CANCELLED or another of the disk's codes: the check did not end
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_check(
    keyward *store, const keyward_check_options *options, keyward_report **report);

/** Frees a report. @param report `*report` becomes NULL @since 0.1 */
KEYWARD_API void keyward_report_free(keyward_report **report);

/** @} */

/** @defgroup master The master key
 * Changing the keys that seal.
 * @{ */

/** A master key, given in one of three ways, as in keyward_options. */
typedef struct keyward_master_key {
    const unsigned char *key; /**< KEYWARD_MASTER_KEY_BYTES bytes, or */
    const char *file;         /**< a file of 64 hexadecimal digits or of 32 bytes, or */
    /** a callback that fills `key` and returns 0; anything else is a failure. */
    int (*callback)(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES]);
    void *callback_context; /**< the first argument of `callback` */
} keyward_master_key;

/**
 * Host only: seals the store's data keys by another master key, and gives it a new data key that
 * seals secrets from now on: one transaction, which touches no sealed secret. A crash leaves the
 * old master key or the new one in force, wholly. Afterwards the old one is refused. Other
 * processes go on with the store they have open until they meet a secret that is younger; they must
 * open it again with the new key. Writes `store.master_key_changed` and `store.data_key_created`.
 * @param store,actor see @ref arguments
 * @param master_key the new one; not kept
 * @return KEYWARD_OK, KEYWARD_INVALID (also: the new one is the one in force),
 *   KEYWARD_FORBIDDEN (the actor is not the host; nothing is written), KEYWARD_NO_MASTER_KEY (of
 *   the new one), KEYWARD_WRONG_MASTER_KEY (another process has changed it since this store was
 *   opened), KEYWARD_FULL (also: there are KEYWARD_DATA_KEYS_MAX data keys), or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_change_master_key(
    keyward *store, const keyward_actor *actor, const keyward_master_key *master_key);

/**
 * Host only: gives the store a new data key, which seals secrets from now on, in this process and
 * in others. Writes `store.data_key_created`.
 * @param store,actor see @ref arguments
 * @return as keyward_change_master_key()
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_create_data_key(
    keyward *store, const keyward_actor *actor);

/** @} */

/** @defgroup backup Backup, statistics and activity
 * For who runs the host.
 * @{ */

/** How to back up; zero-initialised: without progress. */
typedef struct keyward_backup_options {
    /** Called now and then with pages, in the calling thread; anything but 0 stops with
     * KEYWARD_CANCELLED. It must not call the library. */
    int (*progress)(void *context, int64_t done, int64_t total);
    void *progress_context; /**< the first argument of `progress` */
} keyward_backup_options;

/**
 * Copies the store to a new file (mode 0600) as it is at one moment, while others go on. The file
 * appears under its name only when it is complete and on the disk; until then, and after a crash,
 * it is called "<path>.partial-" and 16 hexadecimal digits. To restore, open the copy, with the
 * master key of that moment. While it runs, the write-ahead log is not cut.
 * @param store see @ref arguments
 * @param path a file that does not exist yet
 * @param options NULL: none
 * @return KEYWARD_OK, KEYWARD_EXISTS (also the store's own path, and where "<path>-wal" or
 *   "<path>-journal" of an earlier store would be taken for the copy's own), KEYWARD_NO_FOLDER,
 *   KEYWARD_READ_ONLY (of the copy's folder), KEYWARD_CANCELLED, or the disk's codes: there is no
 *   copy then
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_backup(
    keyward *store, const char *path, const keyward_backup_options *options);

/** What a store holds. */
typedef struct keyward_stats {
    int64_t live_keys;      /**< expired ones included */
    int64_t expired_keys;   /**< of these */
    int64_t deleted_keys;   /**< purged ones included */
    int64_t purged_keys;    /**< of these */
    int64_t repositories;   /**< in which somebody has a role or there is a key */
    int64_t users;          /**< who have a role somewhere */
    int64_t events;         /**< in the audit log */
    int64_t first_event_at; /**< 0: none */
    int64_t last_event_at;  /**< 0: none */
    int64_t data_keys;      /**< that seal secrets; see keyward_create_data_key() */
    int64_t file_bytes;     /**< of the store's file, as this snapshot fills it */
    int schema_version;     /**< of the file */
    bool unique_names;      /**< see enum keyward_names */
    int64_t created_at;     /**< when the store was */
} keyward_stats;

/**
 * Counts what the store holds, on one snapshot; reads every key.
 * @param store see @ref arguments
 * @param stats the caller's, to free with keyward_stats_free()
 * @return KEYWARD_OK or the disk's codes
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_get_stats(keyward *store,
                                                                     keyward_stats **stats);

/** Frees statistics. @param stats `*stats` becomes NULL @since 0.1 */
KEYWARD_API void keyward_stats_free(keyward_stats **stats);

#define KEYWARD_ACTIVITY_SIZES 9 /**< of commits: 1, 2, up to 4, 8, 16, 32, 64, 128, 256 calls */

/** What a store handle has done since it was opened. */
typedef struct keyward_activity {
    int64_t commits; /**< transactions that were committed with at least one call in them */
    int64_t writes;  /**< calls that they carried */
    /** Of the commits, those with 1, 2, 3 to 4, 5 to 8, ..., 129 to 256 calls: each is in exactly
     * one, and they add up to `commits`. Callers in many threads share commits. */
    int64_t commits_by_size[KEYWARD_ACTIVITY_SIZES];
} keyward_activity;

/**
 * Tells what this handle has committed since keyward_open(), for a host's metrics. The numbers only
 * grow; what other handles and processes do with the same file is not in them. Reads no more than
 * memory and waits for nobody. A call is counted before it returns and before its `after_commit`.
 * While other threads write, `writes` may already have the calls of a commit that is not in
 * `commits` yet.
 *
 * A call is one call of a public function that wrote at least one audit event, whatever it
 * returned: keyward_delete_keys() and keyward_delete_all_keys() with many keys are one, and so is
 * a refusal that left its event. Not counted are previews, calls that failed or had nothing to
 * write (as KEYWARD_NOT_FOUND, or the grant of a role that he had), and the notes of
 * authentications, whichever way they are written.
 * @param store see @ref arguments
 * @param activity the caller's, to free with keyward_activity_free()
 * @return KEYWARD_OK or KEYWARD_NOMEM
 * @since 0.1
 */
KEYWARD_API KEYWARD_MUST_CHECK enum keyward_status keyward_get_activity(
    keyward *store, keyward_activity **activity);

/** Frees an activity. @param activity `*activity` becomes NULL @since 0.1 */
KEYWARD_API void keyward_activity_free(keyward_activity **activity);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
