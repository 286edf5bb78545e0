-- Step 1 of the key centre's vault, behind `ledger.sql`: escrowed encryption keys, each wrapped; nothing in this file
-- opens one.
--
-- The same SQL subset, types and rules as the authority's database, and the same kind of ledger: a table of
-- `covered.rs` never gets another column. Points are 04 || X || Y.

-- Facts of the founding.
CREATE TABLE fact (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT
) WITHOUT ROWID;

-- The key that wraps all others: what tells it from another one, and into how many shares it was split.
CREATE TABLE kek (
    id TEXT NOT NULL PRIMARY KEY,
    check_value BLOB NOT NULL,
    threshold BIGINT NOT NULL,
    shares BIGINT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- Who got which share of it, and the digest that tells the share from another one.
CREATE TABLE custodian (
    kek TEXT NOT NULL REFERENCES kek (id),
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    commitment BLOB NOT NULL,
    PRIMARY KEY (kek, number)
) WITHOUT ROWID;

-- Who approves recoveries, and the point their approvals verify with. `mac` is made with the wrapping key: who can write
-- this file and nothing more cannot name an officer.
CREATE TABLE officer (
    id TEXT NOT NULL PRIMARY KEY,
    part TEXT NOT NULL,
    point BLOB NOT NULL,
    status TEXT NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

-- Records that were acted upon, by their SM3: none is acted upon twice.
CREATE TABLE act (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    content BLOB NOT NULL
);

-- The keys. Ids begin with their time, so that rows are added at the end. `sealed` is the private scalar, wrapped with
-- the key `kek` for this row alone; `recipient` is the point it is delivered to.
CREATE TABLE escrow (
    id BLOB NOT NULL PRIMARY KEY,
    spki BLOB NOT NULL UNIQUE,
    point BLOB NOT NULL,
    kek TEXT NOT NULL REFERENCES kek (id),
    sealed BLOB NOT NULL,
    made_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    request TEXT UNIQUE,
    holder BLOB,
    recipient BLOB,
    changed_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX escrow_status ON escrow (status, id);
CREATE INDEX escrow_holder ON escrow (holder, id) WHERE holder IS NOT NULL;

-- Which certificates a key is in: a renewal keeps it.
CREATE TABLE binding (
    serial BLOB NOT NULL PRIMARY KEY,
    key BLOB NOT NULL REFERENCES escrow (id),
    request TEXT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX binding_key ON binding (key, serial);

-- Recoveries, by the SM3 of the order.
CREATE TABLE recovery (
    act BLOB NOT NULL PRIMARY KEY REFERENCES act (digest),
    kind TEXT NOT NULL,
    key BLOB NOT NULL REFERENCES escrow (id),
    recipient BLOB NOT NULL,
    case_number TEXT,
    requester TEXT NOT NULL,
    expires BIGINT NOT NULL,
    status TEXT NOT NULL,
    done_at BIGINT
) WITHOUT ROWID;
CREATE INDEX recovery_done ON recovery (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX recovery_key ON recovery (key);

-- What officers signed about them.
CREATE TABLE recovery_approval (
    recovery BLOB NOT NULL REFERENCES recovery (act),
    officer TEXT NOT NULL,
    part TEXT NOT NULL,
    at BIGINT NOT NULL,
    signed BLOB NOT NULL,
    PRIMARY KEY (recovery, officer)
);
