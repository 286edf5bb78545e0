-- Step 3: certificates of other authorities (存量证书), which are counted and never ours.

-- What was imported: one row for each source, by a name of its own. `digest` is that of the source, `rules` that of the
-- text that credits certificates to organisations.
CREATE TABLE import (
    id TEXT NOT NULL PRIMARY KEY,
    operator TEXT NOT NULL,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    rules BLOB,
    at BIGINT NOT NULL
);

-- An imported certificate, by the SM3 of its issuer and serial number. `first_half` is the half of its pair that was
-- recorded before it and stands for both; `event` is the event that recorded it. Rows lie in the order in which they came:
-- by their key they would be written all over the file. Who needs the rows of all organisations by expiry asks for each
-- organisation.
CREATE TABLE legacy (
    id BLOB NOT NULL PRIMARY KEY,
    import TEXT NOT NULL REFERENCES import (id),
    position BIGINT NOT NULL,
    org TEXT NOT NULL,
    issuer TEXT,
    serial BLOB NOT NULL,
    subject TEXT,
    algorithm TEXT NOT NULL,
    key_bits BIGINT NOT NULL,
    usage TEXT NOT NULL,
    holder_kind TEXT,
    holder BLOB NOT NULL,
    medium TEXT,
    first_half BLOB REFERENCES legacy (id),
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    digest BLOB,
    verified BIGINT NOT NULL,
    event BIGINT NOT NULL,
    status TEXT NOT NULL
);
CREATE INDEX legacy_org ON legacy (org, not_after);
CREATE INDEX legacy_holder ON legacy (holder);
CREATE INDEX legacy_issued ON legacy (issued_at);
CREATE INDEX legacy_event ON legacy (event);

-- Every change of an imported certificate's status that a source told; `seq` is the event that recorded it, `at` the second
-- from which it holds.
CREATE TABLE legacy_status (
    id BLOB NOT NULL REFERENCES legacy (id),
    seq BIGINT NOT NULL,
    was TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id, seq)
) WITHOUT ROWID;
CREATE INDEX legacy_status_seq ON legacy_status (seq);
CREATE INDEX legacy_status_at ON legacy_status (at);

-- Which certificate of ours took the place of an imported one; `event` is the event that recorded it.
CREATE TABLE legacy_link (
    legacy BLOB NOT NULL PRIMARY KEY REFERENCES legacy (id),
    serial BLOB NOT NULL REFERENCES certificate (serial),
    event BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX legacy_link_serial ON legacy_link (serial);

-- Cutovers of algorithm migrations: from `effective` on, only the new algorithm is issued under the organisation. Every
-- record; `seq` is the event that made it, and the last one of an organisation and a migration holds.
CREATE TABLE cutover (
    org TEXT NOT NULL,
    migration TEXT NOT NULL,
    seq BIGINT NOT NULL,
    effective BIGINT NOT NULL,
    attested BIGINT NOT NULL,
    evidence TEXT,
    withdrawn BIGINT NOT NULL,
    PRIMARY KEY (org, migration, seq)
) WITHOUT ROWID;

-- Where a validity begins after the issuance, which those of ours never do.
CREATE INDEX legacy_begins ON legacy (not_before) WHERE not_before > issued_at;

-- Totals as deltas, as before but over several spans of time: what changed in the span that begins with the day
-- `happened`, as recorded in the span that begins with the day `recorded`. All of them say the same. `valid` holds the
-- expiry that is still to come, at the first second after notAfter. They take the place of `rollup`; whoever applies this
-- step computes them from the certificates.
DROP TABLE rollup;

-- What is counted apart from what. Numbers are given in the order in which groups appear and never change.
CREATE TABLE rollup_group (
    id BIGINT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    profile TEXT NOT NULL,
    holder_kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    medium TEXT NOT NULL,
    UNIQUE (org, algorithm, profile, holder_kind, reason, medium)
) WITHOUT ROWID;

-- Days in both times.
CREATE TABLE rollup_day (
    happened BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    valid BIGINT NOT NULL,
    pairs_issued BIGINT NOT NULL,
    pairs_revoked BIGINT NOT NULL,
    pairs_valid BIGINT NOT NULL,
    PRIMARY KEY (happened, group_id, recorded)
) WITHOUT ROWID;

-- Months in both times.
CREATE TABLE rollup_month (
    happened BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    valid BIGINT NOT NULL,
    pairs_issued BIGINT NOT NULL,
    pairs_revoked BIGINT NOT NULL,
    pairs_valid BIGINT NOT NULL,
    PRIMARY KEY (happened, group_id, recorded)
) WITHOUT ROWID;
CREATE INDEX rollup_month_recorded ON rollup_month (recorded);

-- Years in both times.
CREATE TABLE rollup_year (
    happened BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    valid BIGINT NOT NULL,
    pairs_issued BIGINT NOT NULL,
    pairs_revoked BIGINT NOT NULL,
    pairs_valid BIGINT NOT NULL,
    PRIMARY KEY (group_id, happened, recorded)
) WITHOUT ROWID;

-- Months when it happened, days when it was recorded.
CREATE TABLE rollup_arrival (
    happened BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    valid BIGINT NOT NULL,
    pairs_issued BIGINT NOT NULL,
    pairs_revoked BIGINT NOT NULL,
    pairs_valid BIGINT NOT NULL,
    PRIMARY KEY (recorded, group_id, happened)
) WITHOUT ROWID;
