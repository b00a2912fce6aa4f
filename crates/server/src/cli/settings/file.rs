//! What the file says: TOML, whose keys are the names of the flags.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::option::{Kind, Opt};
use super::{FILE, Fault, Found, Place, Source};

/// Reads the file. What cannot be read is a fault, and the rest is read all the same.
pub(super) fn read(
    path: &Path,
    read: &dyn Fn(&Path) -> io::Result<String>,
    options: &[Opt<'_>],
    faults: &mut Vec<Fault>,
) -> Place {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) => {
            let path = path.display();
            faults.push(Fault(format!("the file {path} of --config cannot be read: {error}")));
            return Place::new();
        }
    };
    let at = |offset: usize| Source::File { path: path.to_owned(), line: line(&text, offset) };
    let (table, errors) = DeTable::parse_recoverable(&text);
    let mut broken = Vec::new();
    for error in errors {
        let source = at(error.span().map_or(0, |span| span.start));
        broken.push(source.clone());
        faults.push(Fault(format!("{source}: this is no TOML: {}", one_line(error.message()))));
    }
    let mut place = Place::new();
    let mut entries: Vec<_> = table.into_inner().into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let (name, source) = (key.get_ref().as_ref(), at(key.span().start));
        // What was made of a line that cannot be read is nobody's setting.
        if broken.contains(&source) {
            continue;
        }
        let known = options.iter().filter(|option| option.is_setting());
        let Some(option) = known.clone().find(|option| option.name() == name) else {
            faults.push(unknown(name, &source, known.map(Opt::name)));
            continue;
        };
        match values(option, value.get_ref()) {
            Ok(values) => {
                place.insert(name.to_owned(), Found { values, source });
            }
            Err(wanted) => {
                let found = describe(value.get_ref());
                faults.push(Fault(format!("{source}: '{name}' is {found}; give {wanted}")));
            }
        }
    }
    place
}

fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unknown<'a>(name: &str, source: &Source, known: impl Iterator<Item = &'a str>) -> Fault {
    if name == FILE {
        return Fault(format!("{source}: '{FILE}' is for the command line and the environment"));
    }
    let key = name.replace('_', "-");
    Fault(match odata::nearest(&key, known) {
        Some(meant) => format!("{source}: there is no setting '{name}'; did you mean '{meant}'?"),
        None => format!("{source}: there is no setting '{name}'"),
    })
}

/// The values of a key, or what they should be.
fn values(option: &Opt<'_>, value: &DeValue<'_>) -> Result<Vec<OsString>, String> {
    let one = |value: &DeValue<'_>| {
        single(option.kind(), value).ok_or_else(|| wanted(option.kind(), option.is_list()))
    };
    match value {
        DeValue::Array(values) if option.is_list() => {
            values.iter().map(Spanned::get_ref).map(one).collect()
        }
        _ if option.is_list() => Err(wanted(option.kind(), true)),
        value => Ok(vec![one(value)?]),
    }
}

fn wanted(kind: Kind, is_list: bool) -> String {
    let one = match kind {
        Kind::Switch => "true or false, without quotes",
        Kind::Number => "a whole number, without quotes",
        Kind::Text => "text in quotes",
    };
    if is_list { format!("a list in brackets, each of it {one}") } else { one.to_owned() }
}

fn single(kind: Kind, value: &DeValue<'_>) -> Option<OsString> {
    match (kind, value) {
        (Kind::Switch, DeValue::Boolean(value)) => Some(value.to_string().into()),
        (Kind::Number, DeValue::Integer(value)) => Some(number(value)?.to_string().into()),
        (Kind::Text, DeValue::String(value)) => Some(value.as_ref().into()),
        _ => None,
    }
}

fn number(value: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(&value.as_str().replace('_', ""), value.radix()).ok()
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
