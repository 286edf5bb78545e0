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
