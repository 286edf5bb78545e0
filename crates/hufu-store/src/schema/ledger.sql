-- The beginning of step 1 of both kinds of database: the steps themselves, and the ledger.

-- The steps that were applied to this database.
CREATE TABLE schema_step (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- The audit log, which is the ledger: one row for each leaf of the tree. The columns repeat what the leaf says.
CREATE TABLE event (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT,
    object TEXT NOT NULL,
    hash BLOB NOT NULL,
    leaf BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX event_kind ON event (kind, seq);
CREATE INDEX event_actor ON event (actor, seq);
CREATE INDEX event_object ON event (object, seq);

-- The right edge of the tree over all events: one row.
CREATE TABLE frontier (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    edge BLOB NOT NULL
) WITHOUT ROWID;

-- What was signed about the tree. `edge` is its right edge at that size.
CREATE TABLE checkpoint (
    size BIGINT NOT NULL PRIMARY KEY,
    root BLOB NOT NULL,
    at BIGINT NOT NULL,
    edge BLOB NOT NULL,
    signed BLOB NOT NULL
);
