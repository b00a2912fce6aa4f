-- States of a tenant's register that it can be put back to. What a snapshot holds is the history up
-- to `seq`: rows are what the history leads to. As long as the history in force leads through it,
-- that is nothing of its own; what is cut off from it is copied before.

CREATE TABLE snapshots (
    tenant_id   BLOB    NOT NULL,
    name        TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    in_force    INTEGER NOT NULL,
    copied      INTEGER NOT NULL,
    taken_ticks INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot_changes (
    tenant_id         BLOB    NOT NULL,
    name              TEXT    NOT NULL,
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
    PRIMARY KEY (tenant_id, name, seq)
) STRICT, WITHOUT ROWID;
