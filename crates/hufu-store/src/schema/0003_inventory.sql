-- Step 3: certificates of other authorities, and totals that stay fast.

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
