//! Bodies of requests, read against the property table: every fault is found and named, not only
//! the first. Must not know HTTP, nor what becomes of what it reads.

use std::fmt;
use std::marker::PhantomData;

use odata::DateTimeOffset;
use odata::edm::{EnumType, Type};
use odata::suggest::{nearest, nearest_property};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::literal::{Literal, Members, Shown, claim};
use crate::property::{Given, PROPERTIES, Property, Writer, property};
use crate::{
    Draft, ENTITY_TYPE, Fault, FaultKind, Faults, IdentityType, Patch, Rules, SearchKey,
    identifier_key,
};

/// The parameter of both actions that holds the rows.
pub const ROWS: &str = "importedDeviceIdentities";
/// The parameter of an import that says whether rows replace what stands.
pub const OVERWRITE: &str = "overwriteImportedDeviceIdentities";
/// Most faults of rows that are told: each takes a few bytes of the body, and hundreds to tell.
const MAX_FAULTS: usize = 1_000;

/// The body of an import: rows in order, and whether they replace what stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The rows, as many as were sent.
    pub rows: Vec<Draft>,
    /// Whether a row's values replace those of a row that stands under the same key.
    pub overwrite: bool,
}

/// Why the body of an import or search was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportError {
    /// Faults of the body or of its rows.
    Faults(Faults),
    /// Rows that break rules of the register: one fault for each.
    Rows(Faults),
    /// More rows than the limit.
    TooManyRows,
}

/// Reads the body of an update.
///
/// # Errors
/// Every fault of the body.
pub fn read_patch(body: &[u8]) -> Result<Patch, Faults> {
    let members = parse(body, PhantomData::<Members>).map_err(|fault| vec![fault])?;
    patch_of(members, "")
}

/// Reads the body of a create.
///
/// # Errors
/// Every fault of the body, or every rule it breaks.
pub fn read_draft(body: &[u8], rules: Rules) -> Result<Draft, Faults> {
    read_patch(body).and_then(|patch| Draft::new(patch, rules))
}

/// Reads the body of `importDeviceIdentityList`, of at most `max_rows` rows.
///
/// # Errors
/// See [`ImportError`]. All rows are read before the body is refused.
pub fn read_import(body: &[u8], rules: Rules, max_rows: usize) -> Result<Import, ImportError> {
    let (list, flag) = read_action(body, max_rows, Some(OVERWRITE))?;
    let overwrite = overwrite_of(flag).map_err(|fault| ImportError::Faults(vec![fault]))?;
    let mut broken = Faults::new();
    let mut rows = Vec::with_capacity(list.len());
    for (index, patch) in list.into_iter().enumerate() {
        match Draft::new(patch, rules) {
            Ok(draft) => rows.push(draft),
            Err(faults) => broken.push(one_for_the_row(index, faults)),
        }
    }
    if broken.is_empty() { Ok(Import { rows, overwrite }) } else { Err(ImportError::Rows(broken)) }
}

/// Reads the body of `searchExistingIdentities`, of at most `max_rows` rows.
///
/// # Errors
/// See [`ImportError`].
pub fn read_search(body: &[u8], max_rows: usize) -> Result<Vec<SearchKey>, ImportError> {
    let (list, _) = read_action(body, max_rows, None)?;
    let mut missing = Faults::new();
    let mut keys = Vec::with_capacity(list.len());
    for (index, patch) in list.into_iter().enumerate() {
        let identity_type = patch.identity_type.unwrap_or(IdentityType::Unknown);
        match patch.identifier {
            Some(text) => keys.push((identity_type, identifier_key(identity_type, &text))),
            None => missing.push(Fault::rule(
                &format!("{ROWS}[{index}]"),
                "The property 'importedDeviceIdentifier' is required: it is what is searched for."
                    .to_owned(),
            )),
        }
    }
    if missing.is_empty() { Ok(keys) } else { Err(ImportError::Rows(missing)) }
}

fn one_for_the_row(index: usize, faults: Faults) -> Fault {
    let messages: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
    Fault::rule(&format!("{ROWS}[{index}]"), messages.join(" "))
}

fn parse<'a, S: DeserializeSeed<'a>>(body: &'a [u8], seed: S) -> Result<S::Value, Fault> {
    // All of it: the parser looks at no byte of what it skips.
    let text = std::str::from_utf8(body).map_err(|error| {
        Fault::payload(format_args!("byte {} is not UTF-8", error.valid_up_to() + 1))
    })?;
    // Windows PowerShell 5.1 puts a byte order mark before what it sends from a file.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut json).map_err(Fault::payload)?;
    json.end().map_err(Fault::payload)?;
    Ok(value)
}

/// Reads the members of one entity. `place` is the row within a list, with its dot, or empty.
pub(crate) fn patch_of(members: Members, place: &str) -> Result<Patch, Faults> {
    let mut patch = Patch::default();
    let mut faults = Faults::new();
    for (name, literal) in members.0 {
        let outcome = match property(&name) {
            Some(Property { written_by: Writer::Service, .. }) => Ok(()),
            Some(known @ Property { written_by: Writer::Client(set), .. }) => {
                given(known, literal, place).map(|value| set(&mut patch, value))
            }
            None => annotation(&name, &literal, place),
        };
        faults.extend(outcome.err());
    }
    if faults.is_empty() { Ok(patch) } else { Err(faults) }
}

/// A name with `@` is an annotation, and those that a service does not know it ignores
/// (OData JSON Format 4.01, 4.5). Only a type that is not ours is refused.
fn annotation(name: &str, literal: &Literal, place: &str) -> Result<(), Fault> {
    if !name.contains('@') {
        let names = PROPERTIES.iter().map(|property| property.name);
        return Err(unknown(name, place, ENTITY_TYPE, nearest_property(name, names)));
    }
    let ours = |text: &str| text.trim_start_matches('#') == ENTITY_TYPE;
    match literal {
        // OData 4.01 may leave the prefix out (JSON Format 4.01, 4.5).
        _ if !["@odata.type", "@type"].contains(&name) => Ok(()),
        Literal::Text(text) if ours(text) => Ok(()),
        other => Err(Fault::wrong(
            &format!("{place}{name}"),
            format!(
                "The type {other} does not belong here: give '#{ENTITY_TYPE}' or leave it out."
            ),
        )),
    }
}

fn unknown(name: &str, place: &str, type_name: &str, suggestion: Option<&str>) -> Fault {
    let shown = Shown(name);
    let hint = suggestion.map_or_else(
        || "Remove it, or see the properties that the type has.".to_owned(),
        |right| format!("Did you mean '{right}'?"),
    );
    let message = format!("The property '{shown}' does not exist on type '{type_name}'. {hint}");
    Fault::new(FaultKind::UnknownProperty, &format!("{place}{shown}"), message)
}

/// Reads a literal as a value of the property's type.
fn given(property: &Property, literal: Literal, place: &str) -> Result<Given, Fault> {
    let wrong = |literal: &Literal, reason: String| {
        let Property { name, edm, .. } = property;
        let message =
            format!("The value {literal} of property '{name}' is not {}: {reason}", edm.name());
        Fault::wrong(&format!("{place}{name}"), message)
    };
    match (property.edm, literal) {
        (_, Literal::Null) if property.nullable => Ok(Given::Null),
        (_, Literal::Null) => Err(wrong(
            &Literal::Null,
            "this property cannot be null; leave it out to keep what is stored.".to_owned(),
        )),
        (Type::String, Literal::Text(text)) if text.contains('\0') => {
            Err(wrong(&Literal::Text(text), "a string cannot hold U+0000.".to_owned()))
        }
        (Type::String, Literal::Text(text)) => Ok(Given::Text(text)),
        (Type::DateTimeOffset, Literal::Text(text)) => match DateTimeOffset::parse_json(&text) {
            Ok(instant) => Ok(Given::Instant(instant)),
            Err(error) => Err(wrong(&Literal::Text(text), error.to_string())),
        },
        (Type::Enum(edm), Literal::Text(text)) => match member(edm, &text) {
            Ok(value) => Ok(Given::Member(value)),
            Err(reason) => Err(wrong(&Literal::Text(text), reason)),
        },
        (_, other) => Err(wrong(&other, "send it as a JSON string.".to_owned())),
    }
}

/// The numeric value of a member that a client may write, or why there is none.
fn member(edm: &EnumType, name: &str) -> Result<i64, String> {
    let storable = || edm.members.iter().filter(|m| !m.sentinel).map(|m| m.name);
    match edm.by_name(name) {
        Some(member) if member.sentinel => {
            Err("this member stands for members of later versions and cannot be written."
                .to_owned())
        }
        Some(member) => Ok(member.value),
        None => {
            let possible = storable().collect::<Vec<_>>().join(", ");
            let hint = nearest(name, storable())
                .map_or_else(String::new, |right| format!("did you mean '{right}'? "));
            Err(format!("{hint}possible values are {possible}."))
        }
    }
}

fn overwrite_of(flag: Option<Literal>) -> Result<bool, Fault> {
    match flag {
        None => Ok(false),
        Some(Literal::Bool(value)) => Ok(value),
        // Scripts in the field send the boolean as a string.
        Some(Literal::Text(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Literal::Text(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(other) => Err(Fault::wrong(
            OVERWRITE,
            format!(
                "The value {other} of parameter '{OVERWRITE}' is not Edm.Boolean: send true or false."
            ),
        )),
    }
}

/// The parameters of an action that takes rows: the rows, and the value of its flag if any.
type Parameters = (Vec<Patch>, Option<Literal>);

fn read_action(
    body: &[u8],
    max_rows: usize,
    flag: Option<&'static str>,
) -> Result<Parameters, ImportError> {
    let action = parse(body, ActionSeed { max_rows, flag })
        .map_err(|fault| ImportError::Faults(vec![fault]))?;
    if action.too_many {
        return Err(ImportError::TooManyRows);
    }
    let mut faults = action.faults;
    if action.rows.is_none() && faults.is_empty() {
        let message = format!("The parameter '{ROWS}' is required: a list of identities.");
        faults.push(Fault::wrong(ROWS, message));
    }
    match action.rows {
        Some(rows) if faults.is_empty() => Ok((rows, action.flag)),
        _ => Err(ImportError::Faults(faults)),
    }
}

/// What has been read of an action's parameters. Rows are read one by one, so that a large body
/// never stands in memory as a tree.
#[derive(Default)]
struct Action {
    rows: Option<Vec<Patch>>,
    flag: Option<Literal>,
    faults: Faults,
    too_many: bool,
}

impl Action {
    /// Keeps the faults of a row, as long as there are not too many to tell.
    fn keep(&mut self, faults: Faults) {
        for fault in faults {
            if self.faults.len() < MAX_FAULTS {
                self.faults.push(fault);
            } else if self.faults.len() == MAX_FAULTS {
                let message = format!("There are more faults than the {MAX_FAULTS} told.");
                self.faults.push(Fault::wrong(ROWS, message));
            }
        }
    }
}

struct ActionSeed {
    max_rows: usize,
    flag: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for ActionSeed {
    type Value = Action;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Action, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ActionSeed {
    type Value = Action;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the parameters of the action")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action, A::Error> {
        let mut action = Action::default();
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            claim(names.iter().map(String::as_str), &name)?;
            if name == ROWS {
                map.next_value_seed(RowsSeed { max_rows: self.max_rows, action: &mut action })?;
            } else if Some(name.as_str()) == self.flag {
                action.flag = Some(map.next_value()?);
            } else {
                map.next_value::<Literal>()?;
                if !name.contains('@') {
                    let known = self.flag.into_iter().chain([ROWS]);
                    let suggestion = nearest_property(&name, known);
                    action.faults.push(unknown_parameter(&name, suggestion));
                }
            }
            names.push(name);
        }
        Ok(action)
    }
}

fn unknown_parameter(name: &str, suggestion: Option<&str>) -> Fault {
    let shown = Shown(name);
    let hint = suggestion
        .map_or_else(|| "Remove it.".to_owned(), |right| format!("Did you mean '{right}'?"));
    let message = format!("The action has no parameter '{shown}'. {hint}");
    Fault::new(FaultKind::UnknownProperty, &shown.to_string(), message)
}

struct RowsSeed<'a> {
    max_rows: usize,
    action: &'a mut Action,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of identities")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut rows = Vec::new();
        let mut count = 0;
        while let Some(members) = seq.next_element::<Members>()? {
            if count == self.max_rows {
                self.action.too_many = true;
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                break;
            }
            // Once more faults are known than are told, rows are only read for being JSON.
            if self.action.faults.len() <= MAX_FAULTS {
                match patch_of(members, &format!("{ROWS}[{count}].")) {
                    Ok(patch) => rows.push(patch),
                    Err(faults) => self.action.keep(faults),
                }
            }
            count += 1;
        }
        self.action.rows = Some(rows);
        Ok(())
    }
}
