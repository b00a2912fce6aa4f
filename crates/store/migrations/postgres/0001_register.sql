-- The register. tenant_id stands first in every key and index: no statement works without it, and
-- tables can be distributed by it. Instants are ticks of 100 ns since 0001-01-01T00:00:00Z, because
-- the contract has seven digits. Text is compared by its bytes, which is the order of code points,
-- whatever the locale of the database.

CREATE TABLE tenants (
    tenant_id     uuid               NOT NULL PRIMARY KEY,
    name          text COLLATE "C"   NOT NULL,
    licensed      boolean            NOT NULL,
    next_seq      bigint             NOT NULL,
    -- The instant of the last change: clocks of several processes must not turn the history round.
    last_ticks    bigint             NOT NULL,
    created_ticks bigint             NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE identities (
    tenant_id            uuid             NOT NULL,
    id                   uuid             NOT NULL,
    identifier           text COLLATE "C" NOT NULL,
    identifier_key       text COLLATE "C" NOT NULL,
    type                 smallint         NOT NULL,
    created_ticks        bigint           NOT NULL,
    modified_ticks       bigint           NOT NULL,
    contacted_ticks      bigint           NOT NULL,
    contacted_offset_min smallint         NOT NULL,
    description          text COLLATE "C",
    enrollment_state     smallint         NOT NULL,
    platform             smallint         NOT NULL,
    rev                  bigint           NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- The key before the type: a lookup by identifier alone is then a range of this index.
CREATE UNIQUE INDEX identities_by_key ON identities (tenant_id, identifier_key, type);

CREATE INDEX identities_by_creation ON identities (tenant_id, created_ticks, id);

CREATE INDEX identities_by_state ON identities (tenant_id, enrollment_state, id);

CREATE INDEX identities_by_platform_and_contact
    ON identities (tenant_id, platform, contacted_ticks, id);

-- What is searched for parts of text, folded. Apart from the rows, so that an update of anything
-- else leaves the index of text alone: every version of a row stands in all indexes of its table.
CREATE TABLE identity_texts (
    tenant_id uuid             NOT NULL,
    id        uuid             NOT NULL,
    searched  text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- The history: one row for every write that changed something, numbered without gaps per tenant.
CREATE TABLE changes (
    tenant_id         uuid     NOT NULL,
    seq               bigint   NOT NULL,
    id                uuid     NOT NULL,
    kind              smallint NOT NULL,
    at_ticks          bigint   NOT NULL,
    actor_type        smallint NOT NULL,
    user_id           text COLLATE "C",
    user_name         text COLLATE "C",
    app_id            text COLLATE "C",
    app_name          text COLLATE "C",
    ip                text COLLATE "C",
    request_id        uuid     NOT NULL,
    client_request_id text COLLATE "C",
    before            bytea,
    after             bytea,
    PRIMARY KEY (tenant_id, seq)
);

CREATE INDEX changes_by_identity ON changes (tenant_id, id, seq);

CREATE INDEX changes_by_request ON changes (tenant_id, request_id);

-- How many rows a tenant has of each combination of members.
CREATE TABLE tallies (
    tenant_id        uuid     NOT NULL,
    type             smallint NOT NULL,
    enrollment_state smallint NOT NULL,
    platform         smallint NOT NULL,
    rows             bigint   NOT NULL,
    PRIMARY KEY (tenant_id, type, enrollment_state, platform)
) WITH (fillfactor = 50);

-- States of a tenant's register that it can be put back to.
CREATE TABLE snapshots (
    tenant_id   uuid             NOT NULL,
    name        text COLLATE "C" NOT NULL,
    seq         bigint           NOT NULL,
    in_force    boolean          NOT NULL,
    copied      boolean          NOT NULL,
    taken_ticks bigint           NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE snapshot_changes (
    tenant_id         uuid             NOT NULL,
    name              text COLLATE "C" NOT NULL,
    seq               bigint           NOT NULL,
    id                uuid             NOT NULL,
    kind              smallint         NOT NULL,
    at_ticks          bigint           NOT NULL,
    actor_type        smallint         NOT NULL,
    user_id           text COLLATE "C",
    user_name         text COLLATE "C",
    app_id            text COLLATE "C",
    app_name          text COLLATE "C",
    ip                text COLLATE "C",
    request_id        uuid             NOT NULL,
    client_request_id text COLLATE "C",
    before            bytea,
    after             bytea,
    PRIMARY KEY (tenant_id, name, seq)
);

-- What every process on one database must share: the fold version, keys.
CREATE TABLE settings (
    name  text COLLATE "C" NOT NULL PRIMARY KEY,
    value bytea            NOT NULL
);
