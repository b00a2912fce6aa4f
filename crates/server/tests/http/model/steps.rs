//! What clients do, as chance has it: few identifiers and ids, so that they meet each other often.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{Value, json};

/// The members of a body.
pub(super) type Body = serde_json::Map<String, Value>;

/// A request of which chance has left open which row it is for.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Create { body: Body, minimal: bool },
    Update { target: Target, condition: Condition, body: Body, minimal: bool },
    Delete { target: Target, condition: Condition },
    Import { rows: Vec<Body>, overwrite: Option<Value> },
    Search { rows: Vec<Body> },
    Get { target: Target, condition: Condition },
    FirstPage { top: Option<usize> },
    NextPage,
    Count,
}

/// The id that was learnt so long ago, or one that never was.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Learnt(usize),
    Unknown,
}

/// `If-Match` or `If-None-Match`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition {
    None,
    Is(Tag),
    IsNot(Tag),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Tag {
    Any,
    Revision(i64),
}

pub(super) fn any() -> impl Strategy<Value = Step> {
    let rows = |identifier, most| prop::collection::vec(body(identifier), 0..most);
    let overwrite = select(vec![json!(true), json!(false), json!("true"), json!("False")]);
    prop_oneof![
        4 => (body(0.97), minimal()).prop_map(|(body, minimal)| Step::Create { body, minimal }),
        6 => (target(), condition(), body(0.3), minimal()).prop_map(
            |(target, condition, body, minimal)| Step::Update { target, condition, body, minimal }
        ),
        2 => (target(), condition())
            .prop_map(|(target, condition)| Step::Delete { target, condition }),
        2 => (rows(0.98, 6), weighted(0.8, overwrite))
            .prop_map(|(rows, overwrite)| Step::Import { rows, overwrite }),
        1 => prop::collection::vec(sought(), 0..4).prop_map(|rows| Step::Search { rows }),
        2 => (target(), condition())
            .prop_map(|(target, condition)| Step::Get { target, condition }),
        1 => weighted(0.7, 1_usize..4).prop_map(|top| Step::FirstPage { top }),
        1 => Just(Step::NextPage),
        1 => Just(Step::Count),
    ]
}

fn minimal() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.1)
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![12 => (0_usize..6).prop_map(Target::Learnt), 1 => Just(Target::Unknown)]
}

fn condition() -> impl Strategy<Value = Condition> {
    let tag = || prop_oneof![1 => Just(Tag::Any), 3 => (1_i64..4).prop_map(Tag::Revision)];
    prop_oneof![
        6 => Just(Condition::None),
        2 => tag().prop_map(Condition::Is),
        1 => tag().prop_map(Condition::IsNot),
    ]
}

fn identifier() -> impl Strategy<Value = &'static str> {
    select(vec!["A-1", "a-1", "  A-1 ", "B-2", "c, d ,e", "C,D,E", "Ä 1", "ä 1"])
}

fn identity_type() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("serialNumber"),
        1 => Just("imei"),
        2 => Just("manufacturerModelSerial"),
        1 => Just("unknown"),
    ]
}

/// The content of a row, or of a change to one; now and then one that has to be refused.
fn body(identifier_chance: f64) -> impl Strategy<Value = Body> {
    let contacted = select(vec![
        "2016-12-31T23:58:44.2908994-08:00",
        "2026-01-31T07:25:18.1200000Z",
        "2026-01-31T07:25:18.12+00:00",
        "2026-01-31T08:25:18.12+01:00",
        "0001-01-01T00:00:00Z",
    ]);
    let state = select(vec!["unknown", "enrolled", "pendingReset", "failed", "notContacted"]);
    let platform = select(vec!["unknown", "ios", "windows", "tvos", "tvOS"]);
    let description = select(vec![json!(null), json!(""), json!("one"), json!("two")]);
    let ignored = select(vec![
        ("id", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
        ("createdDateTime", json!(null)),
        ("lastModifiedDateTime", json!("2020-01-01T00:00:00Z")),
        ("@odata.etag", json!("W/\"99\"")),
    ]);
    let wrong = select(vec![
        ("importedDeviceIdentifier", json!(null)),
        ("importedDeviceIdentifier", json!("  ")),
        ("platform", json!("unknownFutureValue")),
        ("enrollmentState", json!("Enrolled")),
        ("description", json!(7)),
        ("serialNumber", json!("A-1")),
    ]);
    let members = (
        weighted(identifier_chance, identifier()),
        weighted(0.6, identity_type()),
        weighted(0.2, contacted),
        weighted(0.4, description),
        weighted(0.2, state),
        weighted(0.2, platform),
        weighted(0.1, ignored),
        weighted(0.03, wrong),
    );
    members.prop_map(|(identifier, kind, contacted, description, state, platform, more, wrong)| {
        let text = |name, text: Option<&str>| text.map(|text| (name, json!(text)));
        let members = [
            text("importedDeviceIdentifier", identifier),
            text("importedDeviceIdentityType", kind),
            text("lastContactedDateTime", contacted),
            description.map(|description| ("description", description)),
            text("enrollmentState", state),
            text("platform", platform),
            more,
            wrong,
        ];
        members.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    })
}

/// What a search looks for.
fn sought() -> impl Strategy<Value = Body> {
    (identifier(), weighted(0.8, identity_type())).prop_map(|(identifier, kind)| {
        let mut body = Body::new();
        body.insert("importedDeviceIdentifier".to_owned(), json!(identifier));
        body.extend(kind.map(|kind| ("importedDeviceIdentityType".to_owned(), json!(kind))));
        body
    })
}
