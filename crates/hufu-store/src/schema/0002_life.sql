-- Step 2: the life of a certificate after it was issued.

-- Every change of a certificate's status; `seq` is the event that made it, `at` the second from which it holds. The
-- status of a certificate is that of its last change; without any it is active.
CREATE TABLE status_change (
    serial BLOB NOT NULL REFERENCES certificate (serial),
    seq BIGINT NOT NULL,
    request TEXT,
    was TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    invalid_since BIGINT,
    PRIMARY KEY (serial, seq)
) WITHOUT ROWID;
CREATE INDEX status_change_seq ON status_change (seq);
CREATE INDEX status_change_at ON status_change (at);

-- Keys that no certificate is issued for any more, by the SM3 of their SubjectPublicKeyInfo: a certificate of each was
-- revoked because the private key was known to others.
CREATE TABLE compromised_key (
    spki BLOB NOT NULL PRIMARY KEY,
    serial BLOB NOT NULL
) WITHOUT ROWID;

-- What was entered together is approved and applied together.
CREATE INDEX request_manifest ON request (manifest, position);

-- The issuing CAs that came after the founding one, by the first octet of their serial numbers. The founding one has its
-- certificate in `authority_certificate` and gets a row here when it stops being the current one.
CREATE TABLE issuing_ca (
    instance BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    der BLOB NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    at BIGINT NOT NULL
);

-- The ledger of media: what private keys live in. `holder` is the blind index of whom it was issued to.
CREATE TABLE medium (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    serial TEXT,
    vendor TEXT,
    model TEXT,
    sm2 BIGINT NOT NULL,
    org TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    holder BLOB,
    at BIGINT NOT NULL
);
CREATE INDEX medium_serial ON medium (serial);

-- Which medium a certificate is on.
CREATE TABLE medium_certificate (
    serial BLOB NOT NULL PRIMARY KEY REFERENCES certificate (serial),
    medium TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX medium_certificate_medium ON medium_certificate (medium);
