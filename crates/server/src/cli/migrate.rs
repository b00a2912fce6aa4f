//! `muster admin migrate`: the tables of a register, brought up to date without serving it.

use store::{Clock, Migrated, Opening, Pooling, Store, StoreUrl};

use super::Failure;
use super::admin::say;

pub(super) async fn run(url: &StoreUrl, pooling: Pooling) -> Result<(), Failure> {
    let opening = Opening { pooling, ..Opening::default() };
    let migrated = Store::migrate(url, opening, Clock::system()).await?;
    say(&told(url, &migrated))
}

/// What was found and done, in words.
fn told(url: &StoreUrl, migrated: &Migrated) -> String {
    let Migrated { found, now, no_index_of_text } = migrated;
    let mut told = match found {
        0 => format!("{url}: made, with schema version {now}"),
        _ if found == now => format!("{url}: up to date, with schema version {now}"),
        _ => format!("{url}: migrated from schema version {found} to {now}"),
    };
    match (url, no_index_of_text) {
        (StoreUrl::Sqlite(_), _) => {}
        (StoreUrl::Postgres(_), None) => told.push_str("\nindex of text: there, by pg_trgm"),
        (StoreUrl::Postgres(_), Some(cause)) => told.push_str(&format!(
            "\nindex of text: none ({cause}). $search and contains go through all rows of a \
             tenant. Install the extension pg_trgm, or have it created in this database by whoever \
             may (CREATE EXTENSION pg_trgm), and migrate again"
        )),
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_lacks_is_told_with_what_to_do() {
        let url: StoreUrl = "postgres://muster@db.example.org/muster".parse().unwrap();
        let cause = Some("permission denied to create extension \"pg_trgm\"".to_owned());
        let told = told(&url, &Migrated { found: 1, now: 2, no_index_of_text: cause });
        assert_eq!(
            told,
            "postgres://muster@db.example.org:5432/muster: migrated from schema version 1 to 2\n\
             index of text: none (permission denied to create extension \"pg_trgm\"). $search and \
             contains go through all rows of a tenant. Install the extension pg_trgm, or have it \
             created in this database by whoever may (CREATE EXTENSION pg_trgm), and migrate again"
        );
    }
}
