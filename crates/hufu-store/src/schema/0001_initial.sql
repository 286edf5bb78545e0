-- Step 1, behind `ledger.sql`: everything the first release keeps.
--
-- The subset of SQL that SQLite and PostgreSQL share: natural keys, BIGINT, TEXT and BLOB, NULL and never an empty text,
-- no triggers. Instants are seconds since 1970-01-01T00:00:00Z except `event.at`, which is milliseconds; days are days of
-- UTC+08:00 since 1970-01-01. WITHOUT ROWID is SQLite's; elsewhere the clause is left out.
--
-- A table of `covered.rs` is covered by the ledger: the digest of every row, over all its columns, stands in the event
-- that wrote it. Such a table never gets another column; a new fact gets a table of its own.

-- One row for each start of a signer; the highest epoch may write.
CREATE TABLE signer (
    epoch BIGINT NOT NULL PRIMARY KEY,
    operator TEXT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- Facts of the founding.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT
) WITHOUT ROWID;

-- The authority's own certificates, by role; `seq` is the event that brought each.
CREATE TABLE authority_certificate (
    role TEXT NOT NULL,
    seq BIGINT NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (role, seq)
);

-- Every version of every organisation; `seq` is the event that made it. The latest one at an event holds.
CREATE TABLE organisation (
    id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    parent TEXT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_en TEXT,
    region TEXT,
    limits TEXT,
    status TEXT NOT NULL,
    PRIMARY KEY (id, seq)
);

CREATE TABLE operator (
    id TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    name TEXT,
    roles TEXT,
    certificate BLOB NOT NULL,
    status TEXT NOT NULL
);

-- Whose certificate it is; an operator has one after the other.
CREATE TABLE operator_certificate (
    serial BLOB NOT NULL PRIMARY KEY,
    operator TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX operator_certificate_operator ON operator_certificate (operator, serial);

-- Every text of every profile, by its SM3; one text of each profile is current.
CREATE TABLE profile (
    digest BLOB NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    current BIGINT NOT NULL
);

-- What operators signed, by the SM3 of its content.
CREATE TABLE document (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    operator TEXT NOT NULL,
    at BIGINT NOT NULL,
    signed BLOB NOT NULL
);

-- Acts that wait for a second person, or waited.
CREATE TABLE proposal (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    proposer TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    status TEXT NOT NULL,
    approver TEXT
);

CREATE TABLE request (
    id TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    submitter TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    holder_kind TEXT NOT NULL,
    holder BLOB NOT NULL,
    profile TEXT NOT NULL,
    profile_digest BLOB NOT NULL,
    days BIGINT NOT NULL,
    medium TEXT NOT NULL,
    subject TEXT,
    predecessor BLOB,
    spki BLOB NOT NULL,
    csr_digest BLOB NOT NULL,
    record_digest BLOB NOT NULL,
    manifest BLOB NOT NULL,
    position BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    status TEXT NOT NULL,
    approval BLOB,
    approver TEXT,
    serial BLOB,
    note TEXT,
    decided_at BIGINT
);
CREATE INDEX request_submitted ON request (submitted_at, id);
CREATE INDEX request_status ON request (status, submitted_at, id);

-- The record an operator signed, the CSR and the sealed personal fields of a request.
CREATE TABLE request_body (
    request TEXT NOT NULL PRIMARY KEY REFERENCES request (id),
    record BLOB NOT NULL,
    csr BLOB NOT NULL,
    sealed BLOB NOT NULL
);

-- One key, one holder: who was first to use a public key, by the SM3 of its SubjectPublicKeyInfo.
CREATE TABLE key_use (
    spki BLOB NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL,
    request TEXT NOT NULL
) WITHOUT ROWID;

-- What is about to be signed: committed before the signature exists.
CREATE TABLE intent (
    request TEXT NOT NULL PRIMARY KEY REFERENCES request (id),
    serial BLOB NOT NULL UNIQUE,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    tbs_digest BLOB NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- What is counted and searched. Serial numbers begin with their time, so that every index here grows at its end or at
-- few places; there is none on holders, which would grow everywhere. `event` is the event that recorded the certificate.
CREATE TABLE certificate (
    serial BLOB NOT NULL PRIMARY KEY,
    request TEXT,
    org TEXT NOT NULL,
    profile TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    holder_kind TEXT NOT NULL,
    holder BLOB NOT NULL,
    reason TEXT NOT NULL,
    medium TEXT NOT NULL,
    predecessor BLOB,
    subject TEXT,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    event BIGINT NOT NULL,
    status TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX certificate_org ON certificate (org, serial);
CREATE INDEX certificate_event ON certificate (event);
CREATE INDEX certificate_issued ON certificate (issued_at);
CREATE INDEX certificate_expiry ON certificate (not_after);

-- The bytes of a certificate, beside the row that is counted.
CREATE TABLE certificate_der (
    serial BLOB NOT NULL PRIMARY KEY REFERENCES certificate (serial),
    der BLOB NOT NULL
);

-- Totals as deltas: what changed on `event_day`, as recorded on `recorded_day`. `valid` holds the expiry that is still
-- to come, on the day of the first second after notAfter.
CREATE TABLE rollup (
    org TEXT NOT NULL,
    event_day BIGINT NOT NULL,
    recorded_day BIGINT NOT NULL,
    algorithm TEXT NOT NULL,
    profile TEXT NOT NULL,
    holder_kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    medium TEXT NOT NULL,
    issued BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    valid BIGINT NOT NULL,
    pairs_issued BIGINT NOT NULL,
    pairs_revoked BIGINT NOT NULL,
    pairs_valid BIGINT NOT NULL,
    PRIMARY KEY (org, event_day, recorded_day, algorithm, profile, holder_kind, reason, medium)
) WITHOUT ROWID;
