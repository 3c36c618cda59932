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

ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;  -- NULL: never

-- What few keys have, apart from their rows, which a deletion writes anew.
CREATE TABLE key_details (
    repo_id          TEXT NOT NULL,
    key_id           TEXT NOT NULL,
    predecessor_id   TEXT,  -- the key it was rotated from
    successor_id     TEXT,  -- the key it was rotated to
    held_name        TEXT,  -- its name, where names are unique and it is live: no other one may have it
    purged_at        INTEGER,
    purged_event     INTEGER,
    last_used_at     INTEGER,  -- from here on bookkeeping that no event records: it may lag behind, and be lost
    refused_count    INTEGER,  -- attempts while it was deleted or expired
    refused_first_at INTEGER,
    refused_last_at  INTEGER,
    PRIMARY KEY (repo_id, key_id),
    CHECK ((purged_at IS NULL) = (purged_event IS NULL))
) STRICT, WITHOUT ROWID;

-- Whether the live keys of a repository hold their names. A deleted key frees its name, a rotated one hands
-- it on.
ALTER TABLE store ADD COLUMN unique_names INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX key_details_held_names ON key_details (repo_id, held_name) WHERE held_name IS NOT NULL;

-- Whoever appends the event of a deletion deletes the key: the event marks the row, so that neither can
-- be had alone. Restoring it likewise.
CREATE TRIGGER audit_events_mark_key AFTER INSERT ON audit_events WHEN NEW.action = 'key.deleted'
BEGIN
    UPDATE api_keys SET deleted_at = NEW.at, deleted_by = NEW.actor_id, deleted_event = NEW.sequence
     WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.key_id AND deleted_event IS NULL;
    SELECT RAISE(ABORT, 'only a live key can be deleted') WHERE changes() <> 1;
    UPDATE key_details SET held_name = NULL
     WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id AND held_name IS NOT NULL;
END;

CREATE TRIGGER audit_events_unmark_key AFTER INSERT ON audit_events WHEN NEW.action = 'key.restored'
BEGIN
    SELECT RAISE(ABORT, 'a purged key has no secret any more') FROM key_details
     WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id AND purged_event IS NOT NULL;
    UPDATE api_keys SET archived = 0, deleted_at = NULL, deleted_by = NULL, deleted_event = NULL
     WHERE repo_id = NEW.repo_id AND archived IN (0, 1) AND id = NEW.key_id AND deleted_event IS NOT NULL;
    SELECT RAISE(ABORT, 'only a deleted key can be restored') WHERE changes() <> 1;
    INSERT INTO key_details (repo_id, key_id)
    SELECT NEW.repo_id, NEW.key_id WHERE (SELECT unique_names FROM store) = 1
       AND NOT EXISTS (SELECT 1 FROM key_details WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id);
    UPDATE key_details SET held_name = (SELECT name FROM api_keys
                                         WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.key_id)
     WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id AND (SELECT unique_names FROM store) = 1
       AND NOT EXISTS (SELECT 1 FROM api_keys AS s WHERE s.repo_id = NEW.repo_id AND s.archived = 0
                          AND s.id = key_details.successor_id AND s.deleted_event IS NULL);
END;

-- Whoever renames a key takes the new name for it, if that is free, and frees the old one.
CREATE TRIGGER api_keys_hold_name AFTER UPDATE OF name ON api_keys WHEN NEW.name IS NOT OLD.name
BEGIN
    SELECT RAISE(ABORT, 'another live key of the repository has this name') FROM key_details
     WHERE repo_id = NEW.repo_id AND held_name = NEW.name AND key_id <> NEW.id;
    UPDATE key_details SET held_name = NEW.name
     WHERE repo_id = NEW.repo_id AND key_id = NEW.id AND held_name IS NOT NULL;
END;

-- A deadline, and with it a successor, comes with its event.
CREATE TRIGGER audit_events_expire_key AFTER INSERT ON audit_events
WHEN NEW.action = 'key.expiry_set' OR NEW.action = 'key.rotated'
BEGIN
    UPDATE api_keys SET expires_at = NEW.expires_at
     WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.key_id AND deleted_event IS NULL;
    SELECT RAISE(ABORT, 'only a live key gets a deadline or a successor') WHERE changes() <> 1;
    INSERT INTO key_details (repo_id, key_id)
    SELECT NEW.repo_id, NEW.key_id WHERE NEW.action = 'key.rotated'
       AND NOT EXISTS (SELECT 1 FROM key_details WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id);
    UPDATE key_details SET successor_id = NEW.other_key_id, held_name = NULL
     WHERE NEW.action = 'key.rotated' AND repo_id = NEW.repo_id AND key_id = NEW.key_id;
END;

-- The one exception to the immutability of sealed secrets: whoever appends the event of a purge overwrites the
-- secret of a deleted key with zeros.
CREATE TRIGGER audit_events_purge_key AFTER INSERT ON audit_events WHEN NEW.action = 'key.purged'
BEGIN
    UPDATE sealed_secrets SET sealed = zeroblob(length(sealed))
     WHERE access_key = (SELECT access_key FROM api_keys AS k
                          WHERE repo_id = NEW.repo_id AND archived IN (0, 1) AND id = NEW.key_id
                            AND deleted_event IS NOT NULL
                            AND NOT EXISTS (SELECT 1 FROM key_details AS d WHERE d.repo_id = k.repo_id
                                               AND d.key_id = k.id AND d.purged_event IS NOT NULL));
    SELECT RAISE(ABORT, 'only a deleted key can be purged, and once') WHERE changes() <> 1;
    INSERT INTO key_details (repo_id, key_id)
    SELECT NEW.repo_id, NEW.key_id
     WHERE NOT EXISTS (SELECT 1 FROM key_details WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id);
    UPDATE key_details SET purged_at = NEW.at, purged_event = NEW.sequence
     WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id;
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

CREATE TRIGGER api_keys_expire_by_event BEFORE UPDATE OF expires_at ON api_keys
WHEN NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events)
       AND (action = 'key.expiry_set' OR action = 'key.rotated')
       AND repo_id = NEW.repo_id AND key_id = NEW.id AND expires_at IS NEW.expires_at)
BEGIN
    SELECT RAISE(ABORT, 'a key gets its deadline by its audit event');
END;

CREATE TRIGGER api_keys_keep_identity BEFORE UPDATE OF repo_id, id, access_key, provider, created_at,
    created_by, created_event ON api_keys
BEGIN
    SELECT RAISE(ABORT, 'what a key was created with does not change');
END;

-- What the details say of a rotation or a purge, its event, the newest, says as well. (REPLACE removes a row
-- without a DELETE trigger, and any insertion may be one: so none meets a row.)
CREATE TRIGGER key_details_are_not_replaced BEFORE INSERT ON key_details
WHEN EXISTS (SELECT 1 FROM key_details WHERE repo_id = NEW.repo_id AND key_id = NEW.key_id)
BEGIN
    SELECT RAISE(ABORT, 'the details of a key stay with it');
END;

CREATE TRIGGER key_details_come_by_event BEFORE INSERT ON key_details
WHEN coalesce(NEW.predecessor_id, NEW.successor_id, NEW.purged_event) IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events)
       AND (action = 'key.created' OR action = 'key.imported')
       AND repo_id = NEW.repo_id AND key_id = NEW.key_id AND other_key_id = NEW.predecessor_id
       AND coalesce(NEW.successor_id, NEW.purged_event) IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'a key is rotated or purged by its audit event');
END;

CREATE TRIGGER key_details_change_by_event BEFORE UPDATE OF predecessor_id, successor_id, purged_at, purged_event
ON key_details
WHEN NEW.predecessor_id IS NOT OLD.predecessor_id
  OR (OLD.purged_event IS NOT NULL AND (NEW.purged_event IS NOT OLD.purged_event OR NEW.purged_at IS NOT OLD.purged_at))
  OR ((NEW.successor_id IS NOT OLD.successor_id OR NEW.purged_event IS NOT OLD.purged_event) AND NOT EXISTS (
    SELECT 1 FROM audit_events
     WHERE sequence = (SELECT max(sequence) FROM audit_events)
       AND repo_id = NEW.repo_id AND key_id = NEW.key_id
       AND CASE action
           WHEN 'key.rotated' THEN other_key_id = NEW.successor_id AND NEW.purged_event IS OLD.purged_event
           WHEN 'key.purged' THEN sequence = NEW.purged_event AND at = NEW.purged_at
                AND NEW.successor_id IS OLD.successor_id
           ELSE 0 END))
BEGIN
    SELECT RAISE(ABORT, 'a key is rotated or purged by its audit event');
END;

CREATE TRIGGER key_details_are_a_keys BEFORE UPDATE OF repo_id, key_id ON key_details
BEGIN
    SELECT RAISE(ABORT, 'the details of a key stay with it');
END;

CREATE TRIGGER key_details_stay BEFORE DELETE ON key_details
BEGIN
    SELECT RAISE(ABORT, 'the details of a key stay with it');
END;

-- A key is born live, once, with its creation event and its sealed secret.
CREATE TRIGGER api_keys_born_live BEFORE INSERT ON api_keys
WHEN NEW.deleted_event IS NOT NULL
  OR EXISTS (SELECT 1 FROM api_keys WHERE repo_id = NEW.repo_id AND archived = 0 AND id = NEW.id)
  OR EXISTS (SELECT 1 FROM api_keys WHERE repo_id = NEW.repo_id AND archived = 1 AND id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM audit_events WHERE sequence = NEW.created_event
                    AND (action = 'key.created' OR action = 'key.imported')
                    AND repo_id = NEW.repo_id AND key_id = NEW.id AND expires_at IS NEW.expires_at)
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
