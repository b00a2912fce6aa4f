//! The query options of a request: which ones an operation takes, and what their values ask for.
//! An option is applied or refused, never ignored. Must not know how rows are found.

use model::{TenantId, query_context};
use odata::options::{parse_count, parse_skip, parse_top};
use odata::query::{Filter, OrderBy, Search, Select};
use odata::{DateTimeOffset, Options, SystemOption};
use store::Position;

use super::Call;
use super::error::ApiError;
use super::paging::{Paging, Scope};
use super::routes::Operation;

/// The options that an operation takes.
pub(super) const fn taken(operation: Operation) -> &'static [SystemOption] {
    match operation {
        Operation::List => &[
            SystemOption::Filter,
            SystemOption::Search,
            SystemOption::OrderBy,
            SystemOption::Select,
            SystemOption::Top,
            SystemOption::Skip,
            SystemOption::Count,
            SystemOption::SkipToken,
            SystemOption::Format,
            SystemOption::Apply,
        ],
        // The form of a bare number is not open to choice (OData 4.01 Part 1, 11.2.9).
        Operation::Count => &[SystemOption::Filter, SystemOption::Search],
        Operation::Get => &[SystemOption::Select, SystemOption::Format],
        Operation::ServiceDocument
        | Operation::Metadata
        | Operation::Batch
        | Operation::Create
        | Operation::Update
        | Operation::Delete
        | Operation::Import
        | Operation::Search => &[SystemOption::Format],
    }
}

/// The options of a request, all of which its operation takes.
pub(super) fn options(call: &Call, operation: Operation) -> Result<Options, ApiError> {
    let options = Options::parse(call.head.uri.query().unwrap_or_default())?;
    let taken = taken(operation);
    if let Some((option, _)) = options.iter().find(|(option, _)| !taken.contains(option)) {
        let name = option.name();
        return Err(ApiError::not_offered(&format!("The query option '{name}' of this operation")));
    }
    if let Some(alias) = idle_alias(&options) {
        let what = format!("The parameter alias '{alias}', which nothing refers to,");
        return Err(ApiError::not_offered(&what));
    }
    Ok(options)
}

/// An alias that no option refers to, be it by way of other aliases.
fn idle_alias(options: &Options) -> Option<&str> {
    let mut texts: Vec<&str> = options.iter().map(|(_, value)| value).collect();
    let mut idle: Vec<(&str, &str)> = options.aliases().collect();
    loop {
        let is_named = |(name, _): &(&str, &str)| texts.iter().any(|text| text.contains(name));
        let (named, rest): (Vec<_>, Vec<_>) = idle.into_iter().partition(is_named);
        if named.is_empty() {
            return rest.first().map(|(name, _)| *name);
        }
        texts = named.into_iter().map(|(_, value)| value).collect();
        idle = rest;
    }
}

/// What the options ask for.
#[derive(Debug)]
pub(super) struct Asked {
    /// The instant that `now()` stands for, on all pages that are linked.
    pub(super) now: DateTimeOffset,
    pub(super) filter: Option<Filter>,
    pub(super) search: Option<Search>,
    pub(super) order: OrderBy,
    pub(super) select: Option<Select>,
    pub(super) after: Option<Position>,
    pub(super) top: Option<u64>,
    pub(super) skip: u64,
    pub(super) count: bool,
}

impl Asked {
    pub(super) fn read(
        options: &Options,
        paging: &Paging,
        tenant: TenantId,
        now: DateTimeOffset,
    ) -> Result<Self, ApiError> {
        let token = options.get(SystemOption::SkipToken);
        // Whether the token may say so is seen when it is read.
        let now = match token {
            Some(token) => Paging::claimed_now(token).ok_or_else(foreign_token)?,
            None => now,
        };
        let context = query_context(options, now);
        let filter = options.get(SystemOption::Filter).map(|text| Filter::parse(text, &context));
        let order = options.get(SystemOption::OrderBy).map(|text| OrderBy::parse(text, &context));
        let select = options.get(SystemOption::Select).map(|text| Select::parse(text, &context));
        let filter = filter.transpose()?;
        let search = options.get(SystemOption::Search).map(Search::parse).transpose()?;
        let order = order.transpose()?.unwrap_or_else(|| OrderBy::by_key(&context));
        let (filtered, searched) = (filter.as_ref(), search.as_ref());
        let scope = Scope { tenant, filter: filtered, search: searched, order: &order };
        let after = token.map(|token| paging.read(&scope, token).ok_or_else(foreign_token));
        let after = after.transpose()?;
        Ok(Self {
            now,
            filter,
            search,
            order,
            select: select.transpose()?,
            after,
            top: options.get(SystemOption::Top).map(parse_top).transpose()?,
            skip: options.get(SystemOption::Skip).map_or(Ok(0), parse_skip)?,
            count: options.get(SystemOption::Count).map_or(Ok(false), parse_count)?,
        })
    }
}

fn foreign_token() -> ApiError {
    ApiError::bad_request(
        "The value of '$skiptoken' was not made by this service for this tenant and this \
         '$filter', '$search' and '$orderby': follow the '@odata.nextLink' as it is, or begin anew \
         without it.",
    )
}

/// The options that the link to the next page carries on, each with a `&` behind it: all but where
/// this page began.
pub(super) fn carried_on(options: &Options) -> String {
    options.write(|option| !matches!(option, SystemOption::Skip | SystemOption::SkipToken))
}
