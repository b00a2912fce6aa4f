//! What must hold of whatever a client sends: entry points that take bytes and panic where it does
//! not hold. `cargo fuzz` feeds them what it breeds (CONTRIBUTING.md says how), and
//! `tests/stable.rs` what it makes up.
//!
//! Each goes as deep as bytes get without a connection: text is read, what was read is used, and
//! what was used is held against a second way to the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how an entry point says that something does not hold"
)]

mod register;

use std::ops::ControlFlow;
use std::sync::LazyLock;

use model::render::{Form, Metadata, View};
use model::{Draft, Field, Identity, IdentityId, Rules, render};
use muster::http::paging::{Paging, Scope};
use odata::options::{OptionError, parse_count, parse_skip, parse_top};
use odata::query::{Apply, Context, Filter, OrderBy, QueryError, QueryFault, Search, Select};
use odata::{DateTimeOffset, Options, SystemOption};
use store::Position;
use uuid::Uuid;

use register::Register;

/// Most rows of a list, so that its limit is reached.
const MAX_ROWS: usize = 16;

static REGISTER: LazyLock<Register> = LazyLock::new(Register::new);

/// The query part of a URL. What is read and written again is read the same, and so is each option,
/// and a search or a summary is answered by the engine as by the reference evaluation.
pub fn query_string(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let options = match Options::parse(text) {
        Ok(options) => options,
        Err(error) => return says_something(&error),
    };
    assert_eq!(Options::parse(&options.write(|_| true)).as_ref(), Ok(&options));
    let context = model::query_context(&options, register::now());
    for (option, value) in options.iter() {
        read_option(option, value, &context);
    }
}

fn read_option(option: SystemOption, value: &str, context: &Context<'_>) {
    match option {
        SystemOption::Filter => reads_again(value, context, Filter::parse),
        SystemOption::OrderBy => reads_again(value, context, OrderBy::parse),
        SystemOption::Search => {
            reads_again(value, context, |text, _| Search::parse(text));
            if let Ok(search) = Search::parse(value) {
                REGISTER.agrees(None, Some(&search), &OrderBy::by_key(context), None);
            }
        }
        SystemOption::Apply => {
            reads_again(value, context, Apply::parse);
            if let Ok(apply) = Apply::parse(value, context) {
                REGISTER.summarizes(&apply);
            }
        }
        SystemOption::Select => {
            if let Err(error) = Select::parse(value, context) {
                is_in_its_text(&error, value, context.options);
            }
        }
        SystemOption::Top => explains(parse_top(value)),
        SystemOption::Skip => explains(parse_skip(value)),
        SystemOption::Count => explains(parse_count(value)),
        _ => {}
    }
}

/// What an option was read as, written down, reads as the same, unless the parentheses that it is
/// written with exceed a limit.
fn reads_again<T: ToString + PartialEq + std::fmt::Debug>(
    value: &str,
    context: &Context<'_>,
    read: impl Fn(&str, &Context<'_>) -> Result<T, QueryError>,
) {
    match read(value, context) {
        Ok(first) => {
            let written = first.to_string();
            match read(&written, context) {
                Err(QueryError { fault: QueryFault::Limit(_), .. }) => {}
                again => assert_eq!(again.as_ref(), Ok(&first), "{value}\n{written}"),
            }
        }
        Err(error) => is_in_its_text(&error, value, context.options),
    }
}

fn explains<T>(read: Result<T, OptionError>) {
    if let Err(error) = read {
        says_something(&error);
    }
}

/// The place of an error is one of the text that it names, or right behind it.
fn is_in_its_text(error: &QueryError, value: &str, options: &Options) {
    says_something(error);
    let of_alias = error.place.alias.as_deref().and_then(|name| options.alias(name));
    let text = of_alias.map_or(value, |(_, text)| text);
    let most = text.chars().count() + 1;
    assert!((1..=most).contains(&error.place.character), "{error} in {text:?}");
}

fn says_something(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert!(text.ends_with(['.', '?']) && text.len() < 2_000, "{text:?}");
}

/// The value of `$filter`. The engine finds the rows that the reference evaluation finds.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let options = Options::default();
    let context = model::query_context(&options, register::now());
    let filter = match Filter::parse(text, &context) {
        Ok(filter) => filter,
        Err(error) => return is_in_its_text(&error, text, &options),
    };
    REGISTER.agrees(Some(&filter), None, &OrderBy::by_key(&context), None);
}

/// A body of JSON, or a line of it: the first byte says of what. A row that is read and written as
/// an answer is read from the answer, too, and so is one that is kept in the history.
pub fn json_body(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    let rules = if kind & 0x80 == 0 { Rules::Documented } else { Rules::Strict };
    match kind & 0x7F {
        b'p' => {
            if let Ok(patch) = model::read_patch(body)
                && let Ok(draft) = Draft::new(patch, rules)
            {
                comes_back(&draft, rules);
            }
        }
        b'i' => {
            if let Ok(import) = model::read_import(body, rules, MAX_ROWS) {
                assert!(import.rows.len() <= MAX_ROWS);
                import.rows.iter().for_each(|draft| comes_back(draft, rules));
            }
        }
        b's' => {
            if let Ok(keys) = model::read_search(body, MAX_ROWS) {
                assert!(keys.len() <= MAX_ROWS);
            }
        }
        b'r' => drop(model::read_rows(body, rules, &mut |line, row| {
            assert!(line > 0);
            row.iter().for_each(|draft| comes_back(draft, rules));
            ControlFlow::Continue(())
        })),
        b'h' => drop(model::decode(body)),
        _ => match model::read_draft(body, rules) {
            Ok(draft) => comes_back(&draft, rules),
            Err(faults) => assert!(!faults.is_empty()),
        },
    }
}

fn comes_back(draft: &Draft, rules: Rules) {
    let row = draft.identity(IdentityId(Uuid::nil()), DateTimeOffset::MAX);
    assert_eq!(model::decode(&model::encode(&row)).as_ref(), Ok(&row));
    for metadata in [Metadata::None, Metadata::Minimal, Metadata::Full] {
        let form = Form { metadata, ieee754_compatible: false };
        let (context, collection) = ("https://localhost/$metadata#x", "https://localhost/x");
        let json = render::entity(&row, &View { form, context, collection, select: None });
        let read = model::read_draft(&json, rules).unwrap();
        let again = read.identity(row.id, row.modified);
        assert_eq!(again, Identity { contacted: again.contacted, ..row.clone() });
        assert_eq!(again.contacted.ticks(), row.contacted.ticks());
        // A null says what leaving it out says.
        if let Field::Value(text) = &draft.patch().description {
            assert_eq!(again.description.as_ref(), Some(text));
        }
    }
}

/// What stands behind `$skiptoken=`, for an order that the first byte chooses: as a token, which
/// nobody can have made, and as the place in one that was made.
pub fn skiptoken(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let options = Options::default();
    let context = model::query_context(&options, register::now());
    let orders = register::ORDERS;
    let order = orders.get(usize::from(*choice) % orders.len()).copied().unwrap_or_default();
    let order = OrderBy::parse(order, &context).unwrap();
    let scope = Scope { tenant: register::TENANT, filter: None, search: None, order: &order };
    let paging = Paging::new(b"no secret");
    if let Ok(token) = str::from_utf8(rest) {
        assert_eq!(paging.read(&scope, token), None, "{token}");
    }
    let Some(place) = Position::decode(rest, &order) else { return };
    assert_eq!(place.encode(), rest);
    let token = paging.token(&scope, register::now(), &place);
    assert_eq!(paging.read(&scope, &token).as_ref(), Some(&place));
    REGISTER.agrees(None, None, &order, Some(&place));
}
