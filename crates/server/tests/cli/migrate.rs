//! `muster admin migrate`: the tables of a register are brought up to date.

use rusqlite::Connection;
use testbed::Cluster;

use crate::support::Place;

const MIGRATE: [&str; 2] = ["admin", "migrate"];

#[test]
fn a_file_is_brought_up_to_date() {
    let place = Place::new();
    insta::assert_snapshot!(place.fails(&MIGRATE), @"muster: there is no register at ./muster-data/muster.db: give its --data directory or --store, or make it with `muster serve --dev`");
    place.serve_empty(&[]).stop();
    let change = |sql: &str| {
        Connection::open(place.data("muster.db")).unwrap().execute_batch(sql).unwrap();
    };
    insta::assert_snapshot!(place.says(&MIGRATE), @"sqlite:./muster-data/muster.db: up to date, with schema version 5");
    change("DELETE FROM migrations WHERE version = 5; DROP TABLE tallies");
    insta::assert_snapshot!(place.says(&MIGRATE), @"sqlite:./muster-data/muster.db: migrated from schema version 4 to 5");
    change("INSERT INTO migrations VALUES (99, 'later', 0)");
    insta::assert_snapshot!(place.fails(&MIGRATE), @"muster: the database has schema version 99, and this muster knows versions up to 5: use the muster that migrated it, or a later one");
}

#[test]
fn a_database_is_told_with_its_index_of_text() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new(), cluster.database());
    let url = database.url();
    let migrate = || place.says(&["admin", "migrate", "--store", &url]).replace(&url, "[url]");
    insta::assert_snapshot!(migrate(), @"
    [url]: made, with schema version 1
    index of text: there, by pg_trgm
    ");
    insta::assert_snapshot!(migrate(), @"
    [url]: up to date, with schema version 1
    index of text: there, by pg_trgm
    ");
}
