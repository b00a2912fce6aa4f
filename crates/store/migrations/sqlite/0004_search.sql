-- Parts of text. The index holds which parts of three characters the folded texts of a row have, of
-- the rows of all tenants: it names candidates, which are looked up and judged. It is made behind
-- the writes: what it does not know yet, or knows wrongly, stands in the backlog, which is written
-- in the transaction of the row. Rows that are there already are indexed as new ones are.

CREATE VIRTUAL TABLE search USING fts5 (
    text,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE search_backlog (
    rid INTEGER PRIMARY KEY
) STRICT;

INSERT INTO search_backlog (rid) SELECT rid FROM identities;
