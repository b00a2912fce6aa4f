-- How many rows a tenant has of each combination of members, kept with every write, so that counts
-- and summaries cost the same however many rows there are. A tally that has come down to nothing may
-- stay.

CREATE TABLE tallies (
    tenant_id        BLOB    NOT NULL,
    type             INTEGER NOT NULL,
    enrollment_state INTEGER NOT NULL,
    platform         INTEGER NOT NULL,
    rows             INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, type, enrollment_state, platform)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (tenant_id, type, enrollment_state, platform, rows)
    SELECT tenant_id, type, enrollment_state, platform, count(*) FROM identities
    GROUP BY tenant_id, type, enrollment_state, platform;
