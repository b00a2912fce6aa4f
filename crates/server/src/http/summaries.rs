//! The list with `$apply`: how many identities there are for which members of enumerations. Must not
//! know storage.

use model::query_context;
use odata::options::{parse_count, parse_skip, parse_top};
use odata::query::{Apply, GroupOrder};
use odata::{Options, SystemOption};

use super::error::ApiError;
use super::identities::read_error;
use super::respond::Reply;
use super::{App, Call, negotiate};
use crate::auth::Principal;

/// The options that are applied to groups. There are few of them, so that they stand on one page.
const TAKEN: [SystemOption; 6] = [
    SystemOption::Apply,
    SystemOption::OrderBy,
    SystemOption::Top,
    SystemOption::Skip,
    SystemOption::Count,
    SystemOption::Format,
];

pub(super) async fn list(
    app: &App,
    call: &Call,
    principal: &Principal,
    options: &Options,
    apply: &str,
) -> Result<Reply, ApiError> {
    if let Some((option, _)) = options.iter().find(|(option, _)| !TAKEN.contains(option)) {
        let name = option.name();
        return Err(ApiError::not_offered(&format!("The query option '{name}' beside '$apply'")));
    }
    let context = query_context(options, app.clock.now());
    let apply = Apply::parse(apply, &context)?;
    let order = options.get(SystemOption::OrderBy);
    let order = order.map(|text| GroupOrder::parse(text, &apply, &context)).transpose()?;
    let top = options.get(SystemOption::Top).map(parse_top).transpose()?;
    let skip = options.get(SystemOption::Skip).map_or(Ok(0), parse_skip)?;
    let is_counted = options.get(SystemOption::Count).map_or(Ok(false), parse_count)?;
    let groups = app.register.summary(principal, apply.clone(), call.deadline).await;
    let mut groups = groups.map_err(|error| read_error(app, error))?;
    let of_all = is_counted.then_some(groups.len());
    order.unwrap_or_default().sort(&mut groups);
    groups.drain(..groups.len().min(usize::try_from(skip).unwrap_or(usize::MAX)));
    if let Some(top) = top {
        groups.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    }
    let reply = Reply::summary(&apply, &groups, call.manner(), of_all);
    Ok(reply.with_members(negotiate::preferences(call.headers())))
}
