//! The sample model of the cases, and how each rule of the grammar is read here.

use odata::datetime::{Date, TimeOfDay};
use odata::duration::Duration;
use odata::edm::{EnumType, Member, Type};
use odata::number::Number;
use odata::options::{parse_count, parse_skip, parse_top};
use odata::query::{Context, Filter, OrderBy, Property, QueryError, Search, Select};
use odata::{DateTimeOffset, Options, SystemOption};

/// What came of an input.
#[derive(Debug)]
pub(crate) enum Outcome {
    Accepted,
    Invalid(String),
    NotOffered(#[expect(dead_code, reason = "shown when a test fails")] String),
}

const PATTERN: EnumType = EnumType {
    name: "Sales.Pattern",
    members: &[
        Member { name: "Solid", value: 1, sentinel: false },
        Member { name: "Yellow", value: 2, sentinel: false },
    ],
    aliases: &[],
};

/// The text properties of the sample.
const TEXTS: [&str; 15] = [
    "ID",
    "Name",
    "CompanyName",
    "ContactName",
    "City",
    "Street",
    "Title",
    "FirstName",
    "LastName",
    "State",
    "ZipCode",
    "CountryCode",
    "message",
    "severity",
    "Code",
];

/// The dates of the sample. `LifeTime` is a duration in its prose and a date in its cases.
const DATES: [&str; 5] = ["BirthDate", "ReleaseDate", "Shipped", "Month", "LifeTime"];

/// The numbers of the sample. Here only functions yield numbers, so each is written as one.
const NUMBERS: [&str; 10] = [
    "Price",
    "Amount",
    "Cost",
    "Quantity",
    "Rating",
    "Revenue",
    "TaxRate",
    "X",
    "Population",
    "SumAmount",
];
const A_NUMBER: &str = "length(Name)";

fn properties(further: &'static str) -> Vec<Property> {
    let property = |name, edm| Property { name, edm, nullable: true, key: name == "ID" };
    let texts = TEXTS.iter().map(|name| property(name, Type::String));
    let dates = DATES.iter().map(|name| property(name, Type::DateTimeOffset));
    let truths = ["Completed", "Size"].into_iter().map(|name| property(name, Type::Boolean));
    let others = [property("style", Type::Enum(&PATTERN)), property(further, Type::String)];
    texts.chain(dates).chain(truths).chain(others).collect()
}

/// Reads an input as a rule of the grammar.
///
/// Values, as bodies hold them, are read as they are; everything else has stood in a URL.
pub(crate) fn read(rule: &str, input: &str) -> Outcome {
    let is = |is_read: bool| if is_read { Ok(()) } else { Err(invalid("it is no value")) };
    let result = match rule {
        "booleanValue" => is(parse_count(input).is_ok()),
        "dateValue" => is(Date::parse(input).is_ok()),
        "dateTimeOffsetValue" => is(DateTimeOffset::parse(input).is_ok()),
        "timeOfDayValue" => is(TimeOfDay::parse(input).is_ok()),
        "durationValue" => is(Duration::parse(input).is_some()),
        "enumValue" => filter(&format!("style eq Sales.Pattern'{input}'")),
        _ if rule.ends_with("Value") => is(Number::parse(input).is_ok()),
        "filter" | "orderby" | "orderBy" | "select" | "search" | "deltatoken" | "skiptoken"
        | "systemQueryOption" | "customQueryOption"
            if !input.contains('&') =>
        {
            query(input)
        }
        "queryOptions" => query(input),
        "searchExpr" => Search::parse(&decoded(input)).map(drop).map_err(refusal),
        "boolean" | "boolCommonExpr" | "boolcommonExpr" | "notExpr" | "isofExpr" => {
            filter(&decoded(input))
        }
        "enumLiteral" => filter(&format!("style eq {}", decoded(input))),
        "odataIdentifier" => identifier(input),
        "date"
        | "dateTimeOffsetValueInUrl"
        | "guid"
        | "null"
        | "commonExpr"
        | "firstMemberExpr"
        | "stringInUrl" => expression(&decoded(input)),
        _ if rule.ends_with("Literal") => expression(&decoded(input)),
        _ => Err(invalid("there is more than one option")),
    };
    result.err().unwrap_or(Outcome::Accepted)
}

fn invalid(message: impl ToString) -> Outcome {
    Outcome::Invalid(message.to_string())
}

fn refusal(error: QueryError) -> Outcome {
    let message = error.to_string();
    if error.is_not_offered() { Outcome::NotOffered(message) } else { Outcome::Invalid(message) }
}

/// Percent-decoding alone: the cases know no `+` for a blank.
fn decoded(input: &str) -> String {
    let encoded = format!("$filter={}", input.replace('+', "%2B").replace('&', "%26"));
    let options = Options::parse(&encoded).expect(input);
    options.get(SystemOption::Filter).expect(input).to_owned()
}

fn context<'a>(properties: &'a [Property], options: &'a Options) -> Context<'a> {
    let now = DateTimeOffset::parse("2026-01-31T07:25:18Z").expect("an instant");
    Context { properties, namespace_alias: None, options, now }
}

fn filter(text: &str) -> Result<(), Outcome> {
    let (properties, options) = (properties("further"), Options::default());
    let text = with_numbers(text);
    Filter::parse(&text, &context(&properties, &options)).map(drop).map_err(refusal)
}

/// An expression of any type, which `$orderby` has.
fn expression(text: &str) -> Result<(), Outcome> {
    let (properties, options) = (properties("further"), Options::default());
    let text = with_numbers(text);
    OrderBy::parse(&text, &context(&properties, &options)).map(drop).map_err(refusal)
}

/// A name that is the name of a property.
fn identifier(name: &str) -> Result<(), Outcome> {
    let (properties, options) = (properties(name.to_owned().leak()), Options::default());
    Select::parse(name, &context(&properties, &options)).map(drop).map_err(refusal)
}

/// All options of a query, each by its reader, as a resource would read them that offers no
/// aggregation, computation or expansion. What has no grammar of its own here is taken as it is.
fn query(query: &str) -> Result<(), Outcome> {
    let options = Options::parse(&query.replace('+', "%2B")).map_err(invalid)?;
    let properties = properties("further");
    let context = context(&properties, &options);
    for (option, value) in options.iter() {
        let value = &with_numbers(value);
        match option {
            SystemOption::Filter => Filter::parse(value, &context).map(drop).map_err(refusal)?,
            SystemOption::OrderBy => OrderBy::parse(value, &context).map(drop).map_err(refusal)?,
            SystemOption::Select => {
                Select::parse(&selectable(value), &context).map(drop).map_err(refusal)?
            }
            SystemOption::Search => Search::parse(value).map(drop).map_err(refusal)?,
            SystemOption::Top => parse_top(value).map(drop).map_err(invalid)?,
            SystemOption::Skip => parse_skip(value).map(drop).map_err(invalid)?,
            SystemOption::Count => parse_count(value).map(drop).map_err(invalid)?,
            SystemOption::Apply
            | SystemOption::Compute
            | SystemOption::Expand
            | SystemOption::Index
            | SystemOption::Id => return Err(Outcome::NotOffered(option.name().to_owned())),
            SystemOption::SkipToken
            | SystemOption::DeltaToken
            | SystemOption::Format
            | SystemOption::SchemaVersion => {}
        }
    }
    Ok(())
}

/// Writes the number properties as expressions that are numbers here.
fn with_numbers(text: &str) -> String {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let mut written = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(is_part) {
        let (before, name) = rest.split_at(begin);
        let end = name.find(|character| !is_part(character)).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        written.push_str(before);
        written.push_str(if NUMBERS.contains(&name) { A_NUMBER } else { name });
        rest = after;
    }
    written + rest
}

/// A selection has no expressions: there a number is a property like any other.
fn selectable(text: &str) -> String {
    text.replace(A_NUMBER, "Name")
}
