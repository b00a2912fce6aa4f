//! What a register is made of, as every engine has it: tables with their columns and keys, and rows
//! as values. What an engine keeps besides, it makes itself. Must not know an engine.

use uuid::Uuid;

/// The setting that marks a register whose making is not finished. Its value tells of what it is to
/// be a copy.
pub(crate) const COPYING: &str = "copying";
/// The settings that each register has for itself.
pub(crate) const OF_ITS_OWN: [&str; 2] = [COPYING, "fold_version"];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Guid,
    Flag,
    Small,
    Number,
    Text,
    Bytes,
}

use Kind::{Bytes, Flag, Guid, Number, Small, Text};

type Column = (&'static str, Kind);

/// A table that holds rows of tenants.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// What tells the rows of one tenant apart, and orders them.
    key: &'static [Column],
    /// What else there is, but for the tenant.
    rest: &'static [Column],
}

pub(crate) const IDENTITIES: Table = Table {
    name: "identities",
    key: &[("id", Guid)],
    rest: &[
        ("identifier", Text),
        ("identifier_key", Text),
        ("type", Small),
        ("created_ticks", Number),
        ("modified_ticks", Number),
        ("contacted_ticks", Number),
        ("contacted_offset_min", Small),
        ("description", Text),
        ("enrollment_state", Small),
        ("platform", Small),
        ("rev", Number),
    ],
};

/// One of these a tenant.
pub(crate) const TENANTS: Table = Table {
    name: "tenants",
    key: &[],
    rest: &[("name", Text), ("licensed", Flag), ("next_seq", Number), ("created_ticks", Number)],
};

pub(crate) const SNAPSHOTS: Table = Table {
    name: "snapshots",
    key: &[("name", Text)],
    rest: &[("seq", Number), ("in_force", Flag), ("copied", Flag), ("taken_ticks", Number)],
};

/// What an entry of the history holds besides its number.
const ENTRY: &[Column] = &[
    ("id", Guid),
    ("kind", Small),
    ("at_ticks", Number),
    ("actor_type", Small),
    ("user_id", Text),
    ("user_name", Text),
    ("app_id", Text),
    ("app_name", Text),
    ("ip", Text),
    ("request_id", Guid),
    ("client_request_id", Text),
    ("before", Bytes),
    ("after", Bytes),
];

/// All tables, in the order in which those of a tenant are copied. Its own row comes last: where it
/// stands, all of it is there.
pub(crate) const TABLES: [Table; 6] = [
    IDENTITIES,
    Table { name: "changes", key: &[("seq", Number)], rest: ENTRY },
    Table {
        name: "tallies",
        key: &[("type", Small), ("enrollment_state", Small), ("platform", Small)],
        rest: &[("rows", Number)],
    },
    SNAPSHOTS,
    Table { name: "snapshot_changes", key: &[("name", Text), ("seq", Number)], rest: ENTRY },
    TENANTS,
];

impl Table {
    /// All columns but the tenant, those of the key first.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().chain(self.rest)
    }

    /// The columns of the key.
    pub(crate) fn key(&self) -> &'static [Column] {
        self.key
    }

    /// The value that a row of this table has in a column.
    pub(crate) fn value<'r>(&self, row: &'r [Value], name: &str) -> Option<&'r Value> {
        self.columns().zip(row).find(|((column, _), _)| *column == name).map(|(_, value)| value)
    }

    /// The key of a row of this table.
    pub(crate) fn key_of(&self, row: &[Value]) -> Vec<Value> {
        row.iter().take(self.key.len()).cloned().collect()
    }

    /// What a statement selects that reads rows of a tenant by their key, from the first one or from
    /// behind a key. Bound are the tenant, the key if there is one, and how many; `mark` is what
    /// begins a parameter.
    pub(crate) fn rows(&self, mark: char, is_behind: bool) -> String {
        let (columns, key) = (names(self.columns()), names(self.key.iter()));
        let (mut behind, mut bound) = (String::new(), 1);
        if is_behind && !self.key.is_empty() {
            bound += self.key.len();
            behind = format!(" AND ({key}) > ({})", marks(mark, 2..=bound));
        }
        let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {key}") };
        let limit = bound + 1;
        format!(
            "{columns} FROM {} WHERE tenant_id = {mark}1{behind}{order} LIMIT {mark}{limit}",
            self.name
        )
    }

    /// What a statement selects that reads the last key of a tenant. Bound is the tenant.
    pub(crate) fn last(&self, mark: char) -> String {
        let order: Vec<String> = self.key.iter().map(|(name, _)| format!("{name} DESC")).collect();
        format!(
            "{} FROM {} WHERE tenant_id = {mark}1 ORDER BY {} LIMIT 1",
            names(self.key.iter()),
            self.name,
            order.join(", ")
        )
    }
}

/// The names of columns, as statements list them.
pub(crate) fn names<'c>(columns: impl Iterator<Item = &'c Column>) -> String {
    columns.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Parameters by number, as statements list them.
pub(crate) fn marks(mark: char, numbers: std::ops::RangeInclusive<usize>) -> String {
    numbers.map(|number| format!("{mark}{number}")).collect::<Vec<_>>().join(", ")
}

/// What stands in a column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Guid(Uuid),
    /// Of a flag, 0 or 1.
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// The text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Guid(_) | Self::Number(_) | Self::Bytes(_) => None,
        }
    }
}

/// A row, column by column.
pub(crate) type Row = Vec<Value>;

/// A setting: its name and its value.
pub(crate) type Setting = (String, Vec<u8>);

/// What a register is to a copy that wants to be made there.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It was empty, and is marked now.
    Made,
    /// It holds the beginning of this copy.
    Begun,
    /// It holds the beginning of another copy.
    Other,
    /// It holds something in this table, and is no unfinished copy.
    Taken(&'static str),
}

/// What a register is, before it is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// There is none.
    Missing,
    /// Its schema or its folding is that of an older build.
    Old,
    /// It is an unfinished copy.
    Unfinished,
    /// It is as this build has it.
    Current,
}

/// Every table with each of its columns, in order.
#[cfg(test)]
pub(crate) fn all_columns() -> Vec<(String, String)> {
    let of = |table: &Table| {
        let columns = table.columns().map(|(column, _)| *column).chain(["tenant_id"]);
        columns.map(|column| (table.name.to_owned(), column.to_owned())).collect::<Vec<_>>()
    };
    let mut all: Vec<(String, String)> = TABLES.iter().flat_map(of).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_their_key() {
        assert_eq!(
            TENANTS.rows('?', true),
            "name, licensed, next_seq, created_ticks FROM tenants WHERE tenant_id = ?1 \
             LIMIT ?2"
        );
        let [.., copies, _] = &TABLES;
        let rows = copies.rows('$', true);
        let wanted = "WHERE tenant_id = $1 AND (name, seq) > ($2, $3) ORDER BY name, seq LIMIT $4";
        assert!(rows.ends_with(wanted), "{rows}");
        let rows = copies.rows('$', false);
        assert!(rows.ends_with("WHERE tenant_id = $1 ORDER BY name, seq LIMIT $2"), "{rows}");
    }
}
