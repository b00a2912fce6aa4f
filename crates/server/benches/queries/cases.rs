//! The queries that are measured: what is asked for, and how the rows that match are told.
//!
//! It must not know how anything is measured.

use std::borrow::Cow;

use crate::client::target;
use crate::expect::{Case, Expect};
use crate::fill::{Facts, Filled};
use crate::register::{
    CONTACTED, CONTACTED_DESC, ID, ID_DESC, MODIFIED_DESC, Order, Register, Row, WORDS, word,
};
use crate::support::muster::COLLECTION;

const IDENTIFIER: &str = "importedDeviceIdentifier";
const CONTACT: &str = "2024-06-01T00:00:00Z";

/// In the order in which they are measured.
pub(crate) fn all<'a>(register: &'a Register, filled: &Filled) -> Vec<Case<'a>> {
    let cases = Cases(register);
    let mut all = cases.by_key(&filled.facts);
    all.extend(cases.by_enumeration());
    all.extend(cases.by_time(&filled.facts));
    all.extend(cases.in_order());
    all.extend(cases.by_part_of_text());
    all.extend(cases.searches());
    all.extend(cases.counts());
    all.extend(cases.summaries());
    all
}

struct Cases<'a>(&'a Register);

impl<'a> Cases<'a> {
    fn by_key(&self, facts: &Facts) -> Vec<Case<'a>> {
        let whole = self.serial();
        let lower = whole.to_lowercase();
        let mut cases = vec![
            Case {
                name: "get by id".into(),
                target: format!("{COLLECTION}/{}", facts.first_id),
                expect: Expect::Row(self.0.rows.first().map_or("", |row| &row.identifier)),
            },
            self.list("identifier eq", &format!("{IDENTIFIER} eq '{whole}'"), ID, |row| {
                row.identifier == whole
            }),
            self.list(
                "tolower(identifier) eq",
                &format!("tolower({IDENTIFIER}) eq '{lower}'"),
                ID,
                |row| row.identifier.to_lowercase() == lower,
            ),
        ];
        for (name, length) in [
            ("startswith(identifier, 9 characters)", 9),
            ("startswith(identifier, 3 characters)", 3),
        ] {
            let start: String = whole.chars().take(length).collect();
            let filter = format!("startswith({IDENTIFIER},'{start}')");
            cases.push(self.list(name, &filter, ID, |row| row.identifier.starts_with(&start)));
        }
        cases.push(self.in_list());
        cases
    }

    /// A hundred rows from all over the register.
    fn in_list(&self) -> Case<'a> {
        let step = self.0.rows.len() / 100;
        let rows: Vec<&Row> = self.0.rows.iter().step_by(step).take(100).collect();
        let quoted: Vec<String> = rows.iter().map(|row| format!("'{}'", row.identifier)).collect();
        let filter = format!("{IDENTIFIER} in ({})", quoted.join(","));
        let is_match = |row: &Row| row.place.is_multiple_of(step) && row.place / step < 100;
        self.list("identifier in (100 values)", &filter, ID, is_match)
    }

    fn by_enumeration(&self) -> Vec<Case<'a>> {
        let ios = "platform eq 'ios'";
        vec![
            self.list(
                "enrollmentState eq 'failed' (rare)",
                "enrollmentState eq 'failed'",
                ID,
                |row| row.state == "failed",
            ),
            self.list(
                "enrollmentState eq 'enrolled' (common)",
                "enrollmentState eq 'enrolled'",
                ID,
                |row| row.state == "enrolled",
            ),
            self.list("platform eq 'ios'", ios, ID, |row| row.platform == "ios"),
            self.list(
                "platform eq 'ios', by id desc",
                &format!("{ios}&$orderby=id desc"),
                ID_DESC,
                |row| row.platform == "ios",
            ),
            self.list(
                "platform eq 'macOS' and enrollmentState eq 'blocked'",
                "platform eq 'macOS' and enrollmentState eq 'blocked'",
                ID,
                |row| row.platform == "macOS" && row.state == "blocked",
            ),
        ]
    }

    fn by_time(&self, facts: &Facts) -> Vec<Case<'a>> {
        let old_ios = |row: &Row| row.platform == "ios" && row.contacted.as_str() < CONTACT;
        let filter = format!("platform eq 'ios' and lastContactedDateTime lt {CONTACT}");
        let by = |order: &str| format!("{filter}&$orderby=lastContactedDateTime{order}&$top=100");
        let (from, to) = ("2024-01-01T00:00:00Z", CONTACT);
        vec![
            self.list("platform and lastContacted lt", &filter, ID, old_ios),
            self.list("platform and lastContacted lt, by it", &by(""), CONTACTED, old_ios),
            self.list(
                "platform and lastContacted lt, by it desc",
                &by(" desc"),
                CONTACTED_DESC,
                old_ios,
            ),
            self.list(
                "platform and lastContacted within five months, by it",
                &format!(
                    "platform eq 'ios' and lastContactedDateTime ge {from} and \
                     lastContactedDateTime lt {to}&$orderby=lastContactedDateTime"
                ),
                CONTACTED,
                |row| old_ios(row) && row.contacted.as_str() >= from,
            ),
            self.list(
                "lastModified gt (recent)",
                &format!("lastModifiedDateTime gt {}", facts.stored),
                ID,
                |row| row.is_changed,
            ),
        ]
    }

    fn in_order(&self) -> Vec<Case<'a>> {
        let orders: [(&'static str, &str, Order); 9] = [
            ("by id (no option)", "", ID),
            ("by lastContacted", "lastContactedDateTime", CONTACTED),
            ("by lastContacted desc", "lastContactedDateTime desc", CONTACTED_DESC),
            ("by created", "createdDateTime", ID),
            ("by lastModified desc", "lastModifiedDateTime desc", MODIFIED_DESC),
            ("by identifier", IDENTIFIER, |one, other| {
                one.identifier.cmp(&other.identifier).then(ID(one, other))
            }),
            ("by identifier desc", "importedDeviceIdentifier desc", |one, other| {
                other.identifier.cmp(&one.identifier).then(ID_DESC(one, other))
            }),
            ("by description", "description", |one, other| {
                one.description.cmp(&other.description).then(ID(one, other))
            }),
            ("by description desc", "description desc", |one, other| {
                other.description.cmp(&one.description).then(ID_DESC(one, other))
            }),
        ];
        let case = |(name, by, order): (&'static str, &str, Order)| {
            let query = match by {
                "" => "$top=100".to_owned(),
                by => format!("$orderby={by}&$top=100"),
            };
            self.query(name, &query, order, |_| true)
        };
        orders.into_iter().map(case).collect()
    }

    fn by_part_of_text(&self) -> Vec<Case<'a>> {
        let part: String = self.serial().chars().skip(5).take(5).collect();
        let mut cases = vec![self.list(
            "contains(identifier, 5 characters)",
            &format!("contains({IDENTIFIER},'{part}')"),
            ID,
            |row| row.identifier.contains(&part),
        )];
        for (name, text) in [
            ("contains(description, a common word)", word(0)),
            ("contains(description, a rare word)", word(WORDS - 1)),
            ("contains(description, a word that no row has)", "zzyzx".to_owned()),
        ] {
            let filter = format!("contains(description,'{text}')");
            cases.push(self.list(name, &filter, ID, |row| {
                row.description.as_ref().is_some_and(|description| description.contains(&text))
            }));
        }
        cases
    }

    /// Words are in lower case, as descriptions are.
    fn searches(&self) -> Vec<Case<'a>> {
        let (common, rare) = (word(0), word(WORDS - 1));
        let (one, other) = (word(WORDS / 50), word(WORDS / 40));
        let holds = |row: &Row, part: &str| {
            row.description.as_ref().is_some_and(|text| text.contains(part))
                || row.identifier.to_lowercase().contains(part)
        };
        let part: String = self.serial().chars().skip(5).take(5).collect();
        let part = part.to_lowercase();
        let phrase = format!("{common} {one}");
        vec![
            self.query("$search=five characters", &format!("$search={part}"), ID, |row| {
                holds(row, &part)
            }),
            self.query("$search=a common word", &format!("$search={common}"), ID, |row| {
                holds(row, &common)
            }),
            self.query("$search=a rare word", &format!("$search={rare}"), ID, |row| {
                holds(row, &rare)
            }),
            self.query("$search=two words", &format!("$search={one} {other}"), ID, |row| {
                holds(row, &one) && holds(row, &other)
            }),
            self.query("$search=two words, one rare", &format!("$search={common} {rare}"), ID, {
                |row| holds(row, &common) && holds(row, &rare)
            }),
            self.query("$search=a phrase", &format!("$search=\"{phrase}\""), ID, |row| {
                holds(row, &phrase)
            }),
            self.query(
                "$search=two words, by identifier",
                &format!("$search={one} {other}&$orderby={IDENTIFIER}"),
                |a, b| a.identifier.cmp(&b.identifier).then(ID(a, b)),
                |row| holds(row, &one) && holds(row, &other),
            ),
            self.query("$search=no row's word", "$search=zzyzx", ID, |row| holds(row, "zzyzx")),
            self.query("$search=a common word NOT", &format!("$search=NOT {common}"), ID, |row| {
                !holds(row, &common)
            }),
        ]
    }

    fn counts(&self) -> Vec<Case<'a>> {
        let (from, to) = ("2024-01-01T00:00:00Z", "2024-04-01T00:00:00Z");
        let range = format!("lastContactedDateTime ge {from} and lastContactedDateTime lt {to}");
        vec![
            self.count("$count", "", |_| true),
            self.count("$count of platform eq 'ios'", "platform eq 'ios'", |row| {
                row.platform == "ios"
            }),
            self.count(
                "$count of enrollmentState eq 'failed'",
                "enrollmentState eq 'failed'",
                |row| row.state == "failed",
            ),
            self.count(
                "$count of enrollmentState eq 'enrolled'",
                "enrollmentState eq 'enrolled'",
                |row| row.state == "enrolled",
            ),
            self.count("$count of three months of lastContacted", &range, |row| {
                (from..to).contains(&row.contacted.as_str())
            }),
            self.query("list with $count=true", "$count=true", ID, |_| true),
            self.list(
                "platform eq 'ios' with $count=true",
                "platform eq 'ios'&$count=true",
                ID,
                |row| row.platform == "ios",
            ),
        ]
    }

    fn summaries(&self) -> Vec<Case<'a>> {
        let tag = "description eq 'x'";
        let created = "createdDateTime ge 2000-01-01T00:00:00Z";
        vec![
            self.summary("summary count", "", |_| true),
            self.summary("summary count of platform eq 'ios'", "platform eq 'ios'", |row| {
                row.platform == "ios"
            }),
            self.summary("summary count of all by creation", created, |_| true),
            self.summary("summary count of no description", tag, |row| {
                row.description.as_deref() == Some("x")
            }),
        ]
    }

    fn summary(
        &self,
        name: &'static str,
        filter: &str,
        is_match: impl Fn(&Row) -> bool,
    ) -> Case<'a> {
        let filter = if filter.is_empty() { String::new() } else { format!("filter({filter})/") };
        let groups = "groupby((platform,enrollmentState),aggregate($count as n))";
        Case {
            name: Cow::Borrowed(name),
            target: target(&format!("$apply={filter}{groups}")),
            expect: Expect::groups(&self.0.matching(is_match)),
        }
    }

    /// A serial number from the middle of the register.
    fn serial(&self) -> &'a str {
        let mut rows = self.0.rows.iter().skip(self.0.rows.len() / 2);
        rows.find(|row| row.kind == "serialNumber").map_or("", |row| &row.identifier)
    }

    /// A list of what passes the filter, behind which further options may stand.
    fn list(
        &self,
        name: &'static str,
        filter: &str,
        order: Order,
        is_match: impl Fn(&Row) -> bool,
    ) -> Case<'a> {
        self.query(name, &format!("$filter={filter}"), order, is_match)
    }

    fn query(
        &self,
        name: &'static str,
        query: &str,
        order: Order,
        is_match: impl Fn(&Row) -> bool,
    ) -> Case<'a> {
        Case {
            name: Cow::Borrowed(name),
            target: target(query),
            expect: Expect::first_page(self.0.matching(is_match), order),
        }
    }

    fn count(&self, name: &'static str, filter: &str, is_match: impl Fn(&Row) -> bool) -> Case<'a> {
        let query = if filter.is_empty() { String::new() } else { format!("$filter={filter}") };
        let target = target(&query).replacen(COLLECTION, &format!("{COLLECTION}/$count"), 1);
        let expect = Expect::Number(self.0.matching(is_match).len());
        Case { name: Cow::Borrowed(name), target, expect }
    }
}
