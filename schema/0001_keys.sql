-- keyward's schema, step 1: access, keys, sealed secrets and the audit log.
--
-- The triggers are the contract: a person with the sqlite3 shell meets the same rules as the library, whose
-- own writer does by itself what they would do, in half the time, and leaves the same rows.
-- Times are milliseconds since 1970 in UTC. CHECKs bound text in bytes; they say CASE where IN would do,
-- because SQLite builds a table for each longer IN at each statement.

-- One row: what the whole store has in common.
CREATE TABLE store (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    created_at    INTEGER NOT NULL,
    master_key_id BLOB NOT NULL CHECK (length(master_key_id) = 16)  -- derived from the master key, tells a wrong one
) STRICT;

-- Data keys seal secrets; each is itself sealed by the master key.
CREATE TABLE data_keys (
    id         INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    sealed     BLOB NOT NULL CHECK (length(sealed) = 72)  -- nonce 24, key 32, tag 16
) STRICT;

CREATE TABLE access (
    repo_id    TEXT NOT NULL CHECK (length(CAST(repo_id AS BLOB)) BETWEEN 1 AND 255),
    user_id    TEXT NOT NULL CHECK (length(CAST(user_id AS BLOB)) BETWEEN 1 AND 255),
    role       TEXT NOT NULL CHECK (role IN ('reader', 'writer', 'admin')),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (repo_id, user_id)
) STRICT, WITHOUT ROWID;

-- One immutable row per change or refused attempt.
CREATE TABLE audit_events (
    sequence       INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    action         TEXT NOT NULL CHECK (CASE action
        WHEN 'key.deleted' THEN 1 WHEN 'key.delete_denied' THEN 1
        WHEN 'key.created' THEN 1 WHEN 'key.create_denied' THEN 1
        WHEN 'key.renamed' THEN 1 WHEN 'key.rename_denied' THEN 1
        WHEN 'key.restored' THEN 1 WHEN 'key.restore_denied' THEN 1
        WHEN 'access.granted' THEN 1 WHEN 'access.grant_denied' THEN 1
        WHEN 'access.revoked' THEN 1 WHEN 'access.revoke_denied' THEN 1 ELSE 0 END),
    actor_id       TEXT,  -- NULL: the host
    repo_id        TEXT,
    key_id         TEXT,
    user_id        TEXT,  -- whose access was changed
    name           TEXT,  -- the key's name, after the change
    previous_name  TEXT,
    provider       TEXT,
    role           TEXT,
    reason         TEXT CHECK (reason IS NULL OR CASE reason
        WHEN 'unused' THEN 1 WHEN 'rotated' THEN 1 WHEN 'compromised' THEN 1
        WHEN 'offboarding' THEN 1 WHEN 'other' THEN 1 ELSE 0 END),
    reason_text    TEXT,
    request_id     TEXT,
    client_address TEXT,
    user_agent     TEXT,
    sealed_sha256  BLOB CHECK (length(sealed_sha256) = 32),
    CHECK ((repo_id IS NOT NULL AND key_id IS NOT NULL) OR action LIKE '%\_denied' ESCAPE '\'
           OR action LIKE 'access.%'),
    CHECK (action <> 'key.created' OR sealed_sha256 IS NOT NULL)
) STRICT;

-- The unique index for authentication is this table itself. Its pages are never written again.
CREATE TABLE sealed_secrets (
    access_key  TEXT NOT NULL PRIMARY KEY,
    repo_id     TEXT NOT NULL,
    key_id      TEXT NOT NULL,
    data_key_id INTEGER NOT NULL REFERENCES data_keys (id),
    sealed      BLOB NOT NULL CHECK (length(sealed) BETWEEN 41 AND 65576)  -- nonce 24, secret, tag 16
) STRICT, WITHOUT ROWID;

-- A key is marked deleted where it stands, which costs one page. A repository's deleted keys are archived,
-- out of the way of its live ones, when several have come to lie side by side: so a list of live keys steps
-- over few deleted ones, however many there are.
CREATE TABLE api_keys (
    repo_id       TEXT NOT NULL CHECK (length(CAST(repo_id AS BLOB)) BETWEEN 1 AND 255),
    archived      INTEGER NOT NULL DEFAULT 0 CHECK (archived = 0 OR (archived = 1 AND deleted_event IS NOT NULL)),
    id            TEXT NOT NULL CHECK (length(id) = 36),
    access_key    TEXT NOT NULL REFERENCES sealed_secrets (access_key),
    name          TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 255),
    provider      TEXT NOT NULL CHECK (CASE provider
        WHEN 'OPENAI' THEN 1 WHEN 'GOOGLE' THEN 1 WHEN 'ANTHROPIC' THEN 1 WHEN 'AWS' THEN 1
        WHEN 'OTHER' THEN 1 ELSE 0 END),
    created_at    INTEGER NOT NULL,
    created_by    TEXT,  -- NULL: the host
    created_event INTEGER NOT NULL REFERENCES audit_events (sequence),
    deleted_at    INTEGER,
    deleted_by    TEXT,  -- NULL: live, or the host
    deleted_event INTEGER,  -- NULL: live
    deleted       INTEGER AS (deleted_event IS NOT NULL),
    PRIMARY KEY (repo_id, archived, id),
    CHECK ((deleted_at IS NULL) = (deleted_event IS NULL)),
    CHECK (deleted_by IS NULL OR deleted_event IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- The audit log: each event follows the one before it, in number and in time, and stays.
CREATE TRIGGER audit_events_follow BEFORE INSERT ON audit_events
WHEN NEW.sequence - 1 IS NOT coalesce((SELECT max(sequence) FROM audit_events), 0)
  OR NEW.at < (SELECT at FROM audit_events WHERE sequence = NEW.sequence - 1)
BEGIN
    SELECT RAISE(ABORT, 'an audit event follows the last one in sequence and time');
END;

CREATE TRIGGER audit_events_stay_as_written BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

-- Whoever appends the event of a deletion deletes the key: the event marks the row, so that neither can
-- be had alone. Restoring it likewise.
CREATE TRIGGER audit_events_mark_key AFTER INSERT ON audit_events WHEN NEW.action = 'key.deleted'
BEGIN
    UPDATE api_keys SET deleted_at = NEW.at, deleted_by = NEW.actor_id, deleted_event = NEW.sequence
     WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.key_id AND deleted_event IS NULL;
    SELECT RAISE(ABORT, 'only a live key can be deleted') WHERE changes() <> 1;
END;

CREATE TRIGGER audit_events_unmark_key AFTER INSERT ON audit_events WHEN NEW.action = 'key.restored'
BEGIN
    UPDATE api_keys SET archived = 0, deleted_at = NULL, deleted_by = NULL, deleted_event = NULL
     WHERE repo_id = NEW.repo_id AND archived IN (0, 1) AND id = NEW.key_id AND deleted_event IS NOT NULL;
    SELECT RAISE(ABORT, 'only a deleted key can be restored') WHERE changes() <> 1;
END;

-- The other half: without its event, the newest, no row is marked and none is unmarked.
CREATE TRIGGER api_keys_change_by_event BEFORE UPDATE OF deleted_at, deleted_by, deleted_event ON api_keys
WHEN (OLD.deleted_event IS NULL) = (NEW.deleted_event IS NULL) OR NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events)
       AND action = CASE WHEN NEW.deleted_event IS NULL THEN 'key.restored' ELSE 'key.deleted' END
       AND repo_id = NEW.repo_id AND key_id = NEW.id
       AND (NEW.deleted_event IS NULL OR (sequence = NEW.deleted_event AND at = NEW.deleted_at
                                          AND actor_id IS NEW.deleted_by)))
BEGIN
    SELECT RAISE(ABORT, 'a key is deleted or restored by its audit event');
END;

CREATE TRIGGER api_keys_keep_identity BEFORE UPDATE OF repo_id, id, access_key, provider, created_at,
    created_by, created_event ON api_keys
BEGIN
    SELECT RAISE(ABORT, 'only the name and the deletion of a key can change');
END;

CREATE TRIGGER api_keys_stay BEFORE DELETE ON api_keys
BEGIN
    SELECT RAISE(ABORT, 'keys are marked deleted, never removed');
END;

-- A key is born live, once, with its creation event and its sealed secret.
CREATE TRIGGER api_keys_born_live BEFORE INSERT ON api_keys
WHEN NEW.deleted_event IS NOT NULL
  OR EXISTS (SELECT 1 FROM api_keys WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.id)
  OR EXISTS (SELECT 1 FROM api_keys WHERE repo_id = NEW.repo_id AND archived = 1 AND id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM audit_events WHERE sequence = NEW.created_event
                    AND action = 'key.created' AND repo_id = NEW.repo_id AND key_id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM sealed_secrets WHERE access_key = NEW.access_key
                    AND repo_id = NEW.repo_id AND key_id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a key is created live, with its event and its sealed secret');
END;

CREATE TRIGGER sealed_secrets_are_not_replaced BEFORE INSERT ON sealed_secrets
WHEN EXISTS (SELECT 1 FROM sealed_secrets WHERE access_key = NEW.access_key)
BEGIN
    SELECT RAISE(ABORT, 'sealed secrets are immutable');
END;

CREATE TRIGGER sealed_secrets_stay_as_written BEFORE UPDATE ON sealed_secrets
BEGIN
    SELECT RAISE(ABORT, 'sealed secrets are immutable');
END;

CREATE TRIGGER sealed_secrets_stay BEFORE DELETE ON sealed_secrets
BEGIN
    SELECT RAISE(ABORT, 'sealed secrets are immutable');
END;

-- A deleted key keeps the name it was deleted under.
CREATE TRIGGER api_keys_keep_last_name BEFORE UPDATE OF name ON api_keys
WHEN OLD.deleted_event IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a deleted key is not renamed');
END;

-- Without its data keys and the row that binds it to a master key a store opens no secret any more. (REPLACE
-- removes a row without a DELETE trigger.)
CREATE TRIGGER data_keys_stay BEFORE DELETE ON data_keys
BEGIN
    SELECT RAISE(ABORT, 'data keys seal secrets that are kept');
END;

CREATE TRIGGER data_keys_are_not_replaced BEFORE INSERT ON data_keys
WHEN EXISTS (SELECT 1 FROM data_keys WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'data keys seal secrets that are kept');
END;

CREATE TRIGGER store_stays BEFORE DELETE ON store
BEGIN
    SELECT RAISE(ABORT, 'a store keeps its master key');
END;

CREATE TRIGGER store_is_not_replaced BEFORE INSERT ON store
WHEN EXISTS (SELECT 1 FROM store)
BEGIN
    SELECT RAISE(ABORT, 'a store keeps its master key');
END;
