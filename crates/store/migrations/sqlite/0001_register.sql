-- The register. tenant_id stands first in every key and index: no statement works without it.
-- Instants are ticks of 100 ns since 0001-01-01T00:00:00Z, because the contract has seven digits.

CREATE TABLE tenants (
    tenant_id     BLOB    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    licensed      INTEGER NOT NULL,
    next_seq      INTEGER NOT NULL,
    created_ticks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- rid is for full-text indexes, which can only point at a rowid.
CREATE TABLE identities (
    rid                  INTEGER PRIMARY KEY,
    tenant_id            BLOB    NOT NULL,
    id                   BLOB    NOT NULL,
    identifier           TEXT    NOT NULL,
    identifier_key       TEXT    NOT NULL,
    type                 INTEGER NOT NULL,
    created_ticks        INTEGER NOT NULL,
    modified_ticks       INTEGER NOT NULL,
    contacted_ticks      INTEGER NOT NULL,
    contacted_offset_min INTEGER NOT NULL,
    description          TEXT,
    enrollment_state     INTEGER NOT NULL,
    platform             INTEGER NOT NULL,
    rev                  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX identities_by_id ON identities (tenant_id, id);

-- The key before the type: a lookup by identifier alone is then a range of this index.
CREATE UNIQUE INDEX identities_by_key ON identities (tenant_id, identifier_key, type);

-- The history: one row for every write that changed something, numbered without gaps per tenant.
CREATE TABLE changes (
    tenant_id         BLOB    NOT NULL,
    seq               INTEGER NOT NULL,
    id                BLOB    NOT NULL,
    kind              INTEGER NOT NULL,
    at_ticks          INTEGER NOT NULL,
    actor_type        INTEGER NOT NULL,
    user_id           TEXT,
    user_name         TEXT,
    app_id            TEXT,
    app_name          TEXT,
    ip                TEXT,
    request_id        BLOB    NOT NULL,
    client_request_id TEXT,
    before            BLOB,
    after             BLOB,
    PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX changes_by_identity ON changes (tenant_id, id, seq);

CREATE INDEX changes_by_request ON changes (tenant_id, request_id);

-- What every process on one database must share: the fold version, keys.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
