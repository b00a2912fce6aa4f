//! What clients have sent and been answered, and whether a register agrees with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use crate::replay::replay;
use crate::support::{Answer, Value, plain};

/// Every write that was ever sent, by its `client-request-id`.
#[derive(Default)]
pub(super) struct Ledger {
    writes: Mutex<HashMap<String, Write>>,
}

struct Write {
    /// Every write is made such that it changes so many rows if it is done at all.
    rows: usize,
    kind: Kind,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
    Import,
}

/// What the client knows of its write.
enum Fate {
    /// No status came.
    Unanswered,
    /// A status of success came, with these rows if all of the body came, too.
    Acknowledged(Option<Vec<Value>>),
    /// A status of an error came.
    Refused(u16),
}

impl Ledger {
    /// A write is about to be sent.
    pub(super) fn sent(&self, mark: &str, kind: Kind, rows: usize) {
        let write = Write { rows, kind, fate: Fate::Unanswered };
        assert!(self.writes().insert(mark.to_owned(), write).is_none(), "{mark} is sent twice");
    }

    /// A write was answered.
    pub(super) fn answered(&self, mark: &str, answer: &Answer) {
        let fate = match answer.status {
            200..=299 => Fate::Acknowledged(answer.body.as_ref().map(rows)),
            refused => Fate::Refused(refused),
        };
        self.writes().get_mut(mark).unwrap().fate = fate;
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Acknowledged(_)))
    }

    pub(super) fn unanswered(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Unanswered))
    }

    /// The marks of all writes that were acknowledged so far.
    pub(super) fn acknowledged_marks(&self) -> HashSet<String> {
        let is = |write: &Write| matches!(write.fate, Fate::Acknowledged(_));
        let writes = self.writes();
        writes.iter().filter(|(_, write)| is(write)).map(|(mark, _)| mark.clone()).collect()
    }

    fn count(&self, is: fn(&Fate) -> bool) -> usize {
        self.writes().values().filter(|write| is(&write.fate)).count()
    }

    fn writes(&self) -> MutexGuard<'_, HashMap<String, Write>> {
        self.writes.lock().unwrap()
    }

    /// Compares a register with what its clients know.
    pub(super) fn check(&self, history: &[Value], rows: &[Value]) {
        self.check_since(history, rows, &self.acknowledged_marks());
    }

    /// As [`Ledger::check`], for a register as it was after these writes were acknowledged: others
    /// may have come too late for it.
    pub(super) fn check_since(&self, history: &[Value], rows: &[Value], before: &HashSet<String>) {
        replay(history, rows);
        let mut changes: HashMap<&str, Vec<&Value>> = HashMap::new();
        for change in history {
            let mark = change["clientRequestId"].as_str().unwrap();
            changes.entry(mark).or_default().push(change);
        }
        for (mark, write) in self.writes().iter() {
            let changes = changes.remove(mark.as_str()).unwrap_or_default();
            let is_late = changes.is_empty() && !before.contains(mark);
            if !is_late {
                write.check(mark, &changes);
            }
        }
        assert!(changes.is_empty(), "changes that nobody asked for: {:?}", changes.keys());
    }
}

/// The rows of an answer.
fn rows(body: &Value) -> Vec<Value> {
    match (body, body.get("value")) {
        (Value::Null, _) => Vec::new(),
        (_, Some(results)) => results.as_array().unwrap().iter().map(plain).collect(),
        (row, None) => vec![plain(row)],
    }
}

impl Write {
    /// Compares the write with the changes that the history has of it.
    fn check(&self, mark: &str, changes: &[&Value]) {
        let done = changes.len();
        match &self.fate {
            Fate::Unanswered => assert!(
                done == 0 || done == self.rows,
                "{mark} is half done: {done} of {} rows",
                self.rows
            ),
            Fate::Refused(status) => assert_eq!(done, 0, "{mark} is done, but was told {status}"),
            Fate::Acknowledged(rows) => {
                assert_eq!(done, self.rows, "{mark} is lost or half done");
                if let Some(rows) = rows {
                    self.compare(mark, changes, rows);
                }
            }
        }
        for (change, next) in changes.iter().zip(changes.iter().skip(1)) {
            let seq = |change: &Value| change["seq"].as_i64().unwrap();
            assert_eq!(seq(change) + 1, seq(next), "{mark} is torn apart");
        }
        for change in changes {
            let kind = change["kind"].as_str().unwrap();
            assert!(self.kind.is(kind), "{mark} became a {kind}");
            let marked = &change["after"]["description"];
            assert!(self.kind == Kind::Delete || *marked == *mark, "{mark} wrote {marked}");
        }
    }

    /// What was answered is what was stored.
    fn compare(&self, mark: &str, changes: &[&Value], answered: &[Value]) {
        if self.kind == Kind::Delete {
            return assert!(answered.is_empty(), "{mark}");
        }
        let stored = changes.iter().map(|change| &change["after"]);
        assert!(stored.eq(answered), "{mark} was answered with {answered:?}");
    }
}

impl Kind {
    fn is(self, change: &str) -> bool {
        match self {
            Self::Create => change == "create",
            Self::Update => change == "update",
            Self::Delete => change == "delete",
            Self::Import => change == "create" || change == "update",
        }
    }
}
