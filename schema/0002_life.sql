-- keyward's schema, step 2: the rest of a key's life: a deadline, a successor, its use, the destruction of its
-- secret; and a master key that can change.
--
-- As in step 1 the triggers are the contract: whatever an audit event records is done by appending it, and
-- cannot be done otherwise.

-- The words of an audit event are checked by a trigger from now on, which a later step can replace; to change
-- a CHECK the table must be copied, as here. (Foreign keys are off while steps run.)
DROP TRIGGER api_keys_change_by_event;
DROP TRIGGER api_keys_born_live;
DROP TRIGGER api_keys_keep_identity;

CREATE TABLE new_events (
    sequence       INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    action         TEXT NOT NULL,
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
    other_key_id   TEXT,     -- key.rotated: the successor; the successor's own creation: its predecessor
    expires_at     INTEGER,  -- the key's deadline after the change
    CHECK ((repo_id IS NOT NULL AND key_id IS NOT NULL) OR action LIKE '%\_denied' ESCAPE '\'
           OR action NOT LIKE 'key.%'),
    CHECK (sealed_sha256 IS NOT NULL OR (action <> 'key.created' AND action <> 'key.imported'))
) STRICT;

INSERT INTO new_events SELECT *, NULL, NULL FROM audit_events ORDER BY sequence;
DROP TABLE audit_events;
ALTER TABLE new_events RENAME TO audit_events;

CREATE TRIGGER audit_events_say_what BEFORE INSERT ON audit_events
WHEN NEW.action NOT IN (
    'key.created', 'key.create_denied', 'key.imported', 'key.import_denied', 'key.renamed', 'key.rename_denied',
    'key.expiry_set', 'key.expiry_denied', 'key.rotated', 'key.rotate_denied', 'key.revealed',
    'key.reveal_denied', 'key.deleted', 'key.delete_denied', 'key.restored', 'key.restore_denied', 'key.purged',
    'key.purge_denied', 'access.granted', 'access.grant_denied', 'access.revoked', 'access.revoke_denied',
    'store.master_key_changed', 'store.data_key_created')
BEGIN
    SELECT RAISE(ABORT, 'an audit event has one of the known actions');
END;

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

-- What a key has come to. The use is bookkeeping that no event records: it may lag behind, and be lost.
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;     -- NULL: never
ALTER TABLE api_keys ADD COLUMN predecessor_id TEXT;    -- the key it was rotated from
ALTER TABLE api_keys ADD COLUMN successor_id TEXT;      -- the key it was rotated to
ALTER TABLE api_keys ADD COLUMN holds_name INTEGER NOT NULL DEFAULT 0;  -- 1: no other live one may have its name
ALTER TABLE api_keys ADD COLUMN purged_at INTEGER CHECK (purged_at IS NULL OR deleted_event IS NOT NULL);
ALTER TABLE api_keys ADD COLUMN purged_event INTEGER CHECK ((purged_at IS NULL) = (purged_event IS NULL));
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
ALTER TABLE api_keys ADD COLUMN refused_count INTEGER;  -- attempts while it was deleted or expired
ALTER TABLE api_keys ADD COLUMN refused_first_at INTEGER;
ALTER TABLE api_keys ADD COLUMN refused_last_at INTEGER;

-- Whether the live keys of a repository hold their names. A deleted key frees its name, a rotated one hands
-- it on.
ALTER TABLE store ADD COLUMN unique_names INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX api_keys_held_names ON api_keys (repo_id, name)
WHERE holds_name = 1 AND deleted_event IS NULL;

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
     WHERE repo_id = NEW.repo_id AND archived IN (0, 1) AND id = NEW.key_id AND deleted_event IS NOT NULL
       AND purged_event IS NULL;
    SELECT RAISE(ABORT, 'only a deleted key that still has its secret can be restored') WHERE changes() <> 1;
END;

-- A deadline, and with it a successor, comes with its event.
CREATE TRIGGER audit_events_expire_key AFTER INSERT ON audit_events
WHEN NEW.action = 'key.expiry_set' OR NEW.action = 'key.rotated'
BEGIN
    UPDATE api_keys SET expires_at = NEW.expires_at,
           successor_id = CASE NEW.action WHEN 'key.rotated' THEN NEW.other_key_id ELSE successor_id END,
           holds_name = CASE NEW.action WHEN 'key.rotated' THEN 0 ELSE holds_name END
     WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.key_id AND deleted_event IS NULL;
    SELECT RAISE(ABORT, 'only a live key gets a deadline or a successor') WHERE changes() <> 1;
END;

-- The one exception to the immutability of sealed secrets: whoever appends the event of a purge overwrites the
-- secret of a deleted key with zeros.
CREATE TRIGGER audit_events_purge_key AFTER INSERT ON audit_events WHEN NEW.action = 'key.purged'
BEGIN
    UPDATE api_keys SET purged_at = NEW.at, purged_event = NEW.sequence
     WHERE repo_id = NEW.repo_id AND archived IN (0, 1) AND id = NEW.key_id
       AND deleted_event IS NOT NULL AND purged_event IS NULL;
    SELECT RAISE(ABORT, 'only a deleted key can be purged, and once') WHERE changes() <> 1;
    UPDATE sealed_secrets SET sealed = zeroblob(length(sealed))
     WHERE access_key = (SELECT access_key FROM api_keys
                          WHERE repo_id = NEW.repo_id AND archived IN (0, 1) AND id = NEW.key_id);
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

CREATE TRIGGER api_keys_expire_by_event BEFORE UPDATE OF expires_at, successor_id ON api_keys
WHEN NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events)
       AND repo_id = NEW.repo_id AND key_id = NEW.id AND expires_at IS NEW.expires_at
       AND ((action = 'key.expiry_set' AND NEW.successor_id IS OLD.successor_id)
            OR (action = 'key.rotated' AND NEW.successor_id IS other_key_id)))
BEGIN
    SELECT RAISE(ABORT, 'a key gets its deadline and its successor by its audit event');
END;

CREATE TRIGGER api_keys_purge_by_event BEFORE UPDATE OF purged_at, purged_event ON api_keys
WHEN OLD.purged_event IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events) AND action = 'key.purged'
       AND repo_id = NEW.repo_id AND key_id = NEW.id AND sequence = NEW.purged_event AND at = NEW.purged_at)
BEGIN
    SELECT RAISE(ABORT, 'a key is purged by its audit event');
END;

CREATE TRIGGER api_keys_keep_identity BEFORE UPDATE OF repo_id, id, access_key, provider, created_at,
    created_by, created_event, predecessor_id ON api_keys
BEGIN
    SELECT RAISE(ABORT, 'what a key was created with does not change');
END;

-- A key is born live, once, with its creation event and its sealed secret.
CREATE TRIGGER api_keys_born_live BEFORE INSERT ON api_keys
WHEN NEW.deleted_event IS NOT NULL OR NEW.purged_event IS NOT NULL OR NEW.successor_id IS NOT NULL
  OR EXISTS (SELECT 1 FROM api_keys WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.id)
  OR EXISTS (SELECT 1 FROM api_keys WHERE repo_id = NEW.repo_id AND archived = 1 AND id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM audit_events WHERE sequence = NEW.created_event
                    AND (action = 'key.created' OR action = 'key.imported')
                    AND repo_id = NEW.repo_id AND key_id = NEW.id
                    AND expires_at IS NEW.expires_at AND other_key_id IS NEW.predecessor_id)
  OR NOT EXISTS (SELECT 1 FROM sealed_secrets WHERE access_key = NEW.access_key
                    AND repo_id = NEW.repo_id AND key_id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a key is created live, with its event and its sealed secret');
END;

DROP TRIGGER sealed_secrets_stay_as_written;
CREATE TRIGGER sealed_secrets_stay_as_written BEFORE UPDATE ON sealed_secrets
WHEN NEW.access_key IS NOT OLD.access_key OR NEW.repo_id IS NOT OLD.repo_id OR NEW.key_id IS NOT OLD.key_id
  OR NEW.data_key_id IS NOT OLD.data_key_id OR NEW.sealed IS NOT zeroblob(length(OLD.sealed))
  OR NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events) AND action = 'key.purged'
       AND repo_id = OLD.repo_id AND key_id = OLD.key_id)
BEGIN
    SELECT RAISE(ABORT, 'sealed secrets are immutable, but for a purge');
END;

-- Data keys are sealed anew when the master key changes, and then only.
CREATE TRIGGER data_keys_change_by_event BEFORE UPDATE ON data_keys
WHEN NEW.id IS NOT OLD.id OR NEW.created_at IS NOT OLD.created_at OR NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events) AND action = 'store.master_key_changed')
BEGIN
    SELECT RAISE(ABORT, 'data keys are sealed anew by the event of a changed master key');
END;

CREATE TRIGGER store_changes_by_event BEFORE UPDATE OF id, created_at, master_key_id ON store
WHEN NEW.id IS NOT OLD.id OR NEW.created_at IS NOT OLD.created_at OR NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events) AND action = 'store.master_key_changed')
BEGIN
    SELECT RAISE(ABORT, 'the master key changes by its event');
END;
