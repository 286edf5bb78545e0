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

-- Answers about certificates that were signed before anybody asked (OCSP), one for each digest that names the issuer in a
-- question. Derived from the rows above and not covered by the ledger; each carries its own signature. `seq` is the event
-- of the certificate's last change of status when it was signed, 0 when there was none: an answer holds only while that
-- is still the last one. `responder` is the serial number of the certificate whose key signed.
CREATE TABLE presigned (
    serial BLOB NOT NULL REFERENCES certificate (serial),
    hash TEXT NOT NULL,
    seq BIGINT NOT NULL,
    responder BLOB NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    tbs BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (serial, hash)
) WITHOUT ROWID;

-- Pairs (双证书): a signing and an encryption certificate that were issued together.

-- The encryption half of what is about to be signed, committed with the intent of its request, whose validity it shares.
-- `escrow` is the key in the key centre's vault.
CREATE TABLE pair_intent (
    request TEXT NOT NULL PRIMARY KEY REFERENCES request (id),
    serial BLOB NOT NULL UNIQUE,
    profile TEXT NOT NULL,
    profile_digest BLOB NOT NULL,
    predecessor BLOB,
    escrow BLOB NOT NULL,
    spki BLOB NOT NULL,
    tbs_digest BLOB NOT NULL
) WITHOUT ROWID;

-- Which two belong together. The signing half stands for both.
CREATE TABLE pair (
    signing BLOB NOT NULL PRIMARY KEY REFERENCES certificate (serial),
    encryption BLOB NOT NULL UNIQUE REFERENCES certificate (serial)
) WITHOUT ROWID;

-- The private key of an encryption certificate in its envelope for the holder (SM2EnvelopedKey, GM/T 0009), as it was
-- handed out: by the encryption half's serial number.
CREATE TABLE envelope (
    serial BLOB NOT NULL PRIMARY KEY REFERENCES certificate (serial),
    der BLOB NOT NULL
);

-- Orders to the key management centre: recoveries of escrowed keys and changes of its officers. `digest` is the signed
-- order; the key centre's own vault has the order and its approvals once more. `envelope` is what was given out.
CREATE TABLE key_order (
    id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    serial BLOB,
    requester TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    status TEXT NOT NULL,
    done_at BIGINT,
    envelope BLOB
);

-- Which officers approved an order; `document` is what they signed.
CREATE TABLE key_order_approval (
    key_order TEXT NOT NULL REFERENCES key_order (id),
    officer TEXT NOT NULL,
    document BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (key_order, officer)
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
CREATE INDEX certificate_listed ON certificate (serial, not_after, status) WHERE status <> 'active';

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

-- A certificate is renewed once. Few have a predecessor; the others take no room in it.
CREATE INDEX certificate_predecessor ON certificate (predecessor) WHERE predecessor IS NOT NULL;

-- Refused attempts are counted by the hour.
CREATE INDEX event_denied ON event (actor, at) WHERE kind = 'denied';
