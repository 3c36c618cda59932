-- keyward's schema, step 3: the audit log is a Merkle tree (RFC 6962) whose heads are signed, so that rewriting it
-- can be noticed, and one event proven to who has no access to the store.

-- The event's leaf hash. NULL: appended before this step, or by hand, and not by the library since.
ALTER TABLE audit_events ADD COLUMN leaf BLOB CHECK (length(leaf) = 32);

-- Inner hashes, a tile of 256 at a time as in C2SP tlog-tiles: at level 1 the root of each 256 events, at level 2 of
-- each 256 of those, and so on. A row comes with the last event that it covers.
CREATE TABLE audit_tree (
    level    INTEGER NOT NULL CHECK (level BETWEEN 1 AND 7),
    position INTEGER NOT NULL CHECK (position >= 0),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- One row: the Ed25519 key that signs tree heads. The name of the log is for good.
CREATE TABLE audit_log_key (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    origin      TEXT NOT NULL CHECK (length(CAST(origin AS BLOB)) BETWEEN 1 AND 255),
    created_at  INTEGER NOT NULL,
    public_key  BLOB NOT NULL CHECK (length(public_key) = 32),
    data_key_id INTEGER NOT NULL REFERENCES data_keys (id),
    sealed      BLOB NOT NULL CHECK (length(sealed) = 72)  -- the seed: nonce 24, seed 32, tag 16
) STRICT;

-- Signed tree heads (C2SP tlog-checkpoint), with the cosignatures that witnesses have given.
CREATE TABLE audit_checkpoints (
    size      INTEGER PRIMARY KEY CHECK (size > 0),
    signed_at INTEGER NOT NULL,
    note      TEXT NOT NULL
) STRICT;

-- What proves the log is keyward's alone to write: no rule that SQL could check keeps a hash or a signature that is
-- wrong from standing in the way of every checkpoint to come. Whoever appends an event by hand leaves its leaf
-- hash to keyward.
CREATE TRIGGER audit_events_come_without_leaf BEFORE INSERT ON audit_events WHEN NEW.leaf IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the leaf hash of an event is written by keyward alone');
END;

CREATE TRIGGER audit_tree_is_keywards BEFORE INSERT ON audit_tree
BEGIN
    SELECT RAISE(ABORT, 'the tree of the audit log is written by keyward alone');
END;

CREATE TRIGGER audit_tree_stays_as_written BEFORE UPDATE ON audit_tree
BEGIN
    SELECT RAISE(ABORT, 'the tree of the audit log is written by keyward alone');
END;

CREATE TRIGGER audit_tree_stays BEFORE DELETE ON audit_tree
BEGIN
    SELECT RAISE(ABORT, 'the tree of the audit log is written by keyward alone');
END;

CREATE TRIGGER audit_log_key_is_keywards BEFORE INSERT ON audit_log_key
BEGIN
    SELECT RAISE(ABORT, 'the key of the audit log is made by keyward alone');
END;

CREATE TRIGGER audit_log_key_stays_as_written BEFORE UPDATE ON audit_log_key
BEGIN
    SELECT RAISE(ABORT, 'the key of the audit log is there for good');
END;

CREATE TRIGGER audit_log_key_stays BEFORE DELETE ON audit_log_key
BEGIN
    SELECT RAISE(ABORT, 'the key of the audit log is there for good');
END;

CREATE TRIGGER audit_checkpoints_are_keywards BEFORE INSERT ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are signed by keyward alone');
END;

CREATE TRIGGER audit_checkpoints_stay_as_signed BEFORE UPDATE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are signed by keyward alone');
END;

CREATE TRIGGER audit_checkpoints_stay BEFORE DELETE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are signed by keyward alone');
END;
