-- Indexes for what is filtered and ordered by most. Each ends with the id, which ends every order,
-- so that a page begins where the one before ended. What each buys and costs is measured, and why
-- there is none by modification or by contact alone is said, in docs/performance.md.

CREATE INDEX identities_by_creation ON identities (tenant_id, created_ticks, id);

CREATE INDEX identities_by_state ON identities (tenant_id, enrollment_state, id);

CREATE INDEX identities_by_platform ON identities (tenant_id, platform, id);

CREATE INDEX identities_by_platform_and_contact
    ON identities (tenant_id, platform, contacted_ticks, id);

-- What the planner is to believe: a large tenant among many, so that a statement costs the same
-- way at every size, and no plan turns with what was counted when. Each line says how many rows
-- there are, then how many share the first column of the index, the first two, and so on.
-- * No plan may look at all tenants.
-- * Where only the tenant narrows, rows lie together by id and scattered by all else.
-- * Of two members that are asked for, the state is the rarer one.
-- The first line makes the table that the others go into.

ANALYZE tenants;

DELETE FROM sqlite_stat1;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('identities', 'identities_by_id',                   '100000000 1000000 1'),
    ('identities', 'identities_by_key',                  '100000000 2000000 1 1'),
    ('identities', 'identities_by_creation',             '100000000 2000000 20 1'),
    ('identities', 'identities_by_state',                '100000000 2000000 50000 1'),
    ('identities', 'identities_by_platform',             '100000000 2000000 200000 1'),
    ('identities', 'identities_by_platform_and_contact', '100000000 2000000 200000 20 1');
