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

-- Revocation lists. What is about to be signed: one row for each publication of a CA (the instance octet of its serial
-- numbers), committed before the lists are signed. The entries reflect the events before `position`; certificates that had
-- expired at `horizon` were on a list after they expired and are left out. `base` is the full list that a delta list adds
-- to. Numbers ascend without a gap.
CREATE TABLE crl_issue (
    ca BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    base BIGINT,
    position BIGINT NOT NULL,
    horizon BIGINT,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    freshest BIGINT NOT NULL,
    PRIMARY KEY (ca, number)
) WITHOUT ROWID;

-- The lists of a publication: how many entries, and the SM3 of the TBSCertList that may be signed.
CREATE TABLE crl_list (
    ca BIGINT NOT NULL,
    number BIGINT NOT NULL,
    part TEXT NOT NULL,
    entries BIGINT NOT NULL,
    tbs_digest BLOB NOT NULL,
    PRIMARY KEY (ca, number, part)
) WITHOUT ROWID;

-- The lists that were read again in the publishing folder: the size and the SM3 of each file.
CREATE TABLE crl_file (
    ca BIGINT NOT NULL,
    number BIGINT NOT NULL,
    part TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ca, number, part)
) WITHOUT ROWID;

-- Who stands on a list now, or stood there until it expired: small beside the table, and in the order of a list.
CREATE INDEX certificate_listed ON certificate (serial, not_after) WHERE status <> 'active';

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
