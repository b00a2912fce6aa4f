//! The one table of routes: paths, methods, who may call. No other module names a path.
//! Must not know what an operation does.

use std::borrow::Cow;

use http::Method;
use model::property;
use percent_encoding::percent_decode_str;

use super::error::ApiError;
use crate::auth::Access;

/// The version segment under which everything lives.
pub const VERSION: &str = "beta";
/// The path of the collection below the version.
pub const COLLECTION: &str = "deviceManagement/importedDeviceIdentities";

/// Beside the API: whether the process lives.
pub(super) const HEALTH: &str = "/healthz";
/// Beside the API: whether it can serve.
pub(super) const READY: &str = "/readyz";
/// Beside the API: what is measured.
pub(super) const METRICS: &str = "/metrics";

/// Beside the API: the description of the service in OpenAPI.
pub(super) const OPENAPI: &str = "/openapi.json";
/// Beside the API: the same for people.
pub(super) const DOCS: &str = "/docs";

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Names what the service offers.
    ServiceDocument,
    /// Describes the types and what can be done with them.
    Metadata,
    /// Serves many requests at once.
    Batch,
    /// Pages through the identities.
    List,
    /// Makes an identity.
    Create,
    /// Counts the identities.
    Count,
    /// Shows an identity.
    Get,
    /// Changes an identity.
    Update,
    /// Removes an identity.
    Delete,
    /// Makes and changes many identities.
    Import,
    /// Finds identities by type and identifier.
    Search,
}

/// One row of the table.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{id}` for the key.
    pub template: &'static str,
    /// What it does.
    pub operation: Operation,
    /// Who may call.
    pub access: Access,
}

const fn route(
    method: Method,
    template: &'static str,
    operation: Operation,
    access: Access,
) -> Route {
    Route { method, template, operation, access }
}

/// All routes.
pub static ROUTES: [Route; 11] = [
    route(Method::GET, "/beta", Operation::ServiceDocument, Access::Public),
    route(Method::GET, "/beta/$metadata", Operation::Metadata, Access::Public),
    route(Method::POST, "/beta/$batch", Operation::Batch, Access::Bearer),
    route(
        Method::GET,
        "/beta/deviceManagement/importedDeviceIdentities",
        Operation::List,
        Access::READ,
    ),
    route(
        Method::POST,
        "/beta/deviceManagement/importedDeviceIdentities",
        Operation::Create,
        Access::WRITE,
    ),
    route(
        Method::GET,
        "/beta/deviceManagement/importedDeviceIdentities/$count",
        Operation::Count,
        Access::READ,
    ),
    route(
        Method::POST,
        "/beta/deviceManagement/importedDeviceIdentities/importDeviceIdentityList",
        Operation::Import,
        Access::MANAGE,
    ),
    route(
        Method::POST,
        "/beta/deviceManagement/importedDeviceIdentities/searchExistingIdentities",
        Operation::Search,
        Access::READ,
    ),
    route(
        Method::GET,
        "/beta/deviceManagement/importedDeviceIdentities/{id}",
        Operation::Get,
        Access::READ,
    ),
    route(
        Method::PATCH,
        "/beta/deviceManagement/importedDeviceIdentities/{id}",
        Operation::Update,
        Access::WRITE,
    ),
    route(
        Method::DELETE,
        "/beta/deviceManagement/importedDeviceIdentities/{id}",
        Operation::Delete,
        Access::MANAGE,
    ),
];

/// Segments of valid OData that this service does not offer.
const NOT_OFFERED: [&str; 6] = ["$value", "$ref", "$query", "$all", "$entity", "$crossjoin"];
const KEY: &str = "{id}";
/// What the name of an action may begin with in a path, and begins with elsewhere.
pub(super) const NAMESPACE: &str = "microsoft.graph.";

/// A segment of a path, decoded.
enum Segment<'a> {
    /// What stands between two slashes: a name, or a key.
    Plain(Cow<'a, str>),
    /// What stood in parentheses: a key and never a name, even if it reads like one.
    Key(String),
}

impl Segment<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Key(key) => key,
        }
    }
}

/// A route that a request has found, and the key in its path.
#[derive(Debug)]
pub struct Found {
    /// The route.
    pub route: &'static Route,
    /// The key, decoded; empty where the route has none.
    pub id: String,
}

/// Finds the route of a request.
///
/// Segments match without regard to case, actions with or without their namespace, and a key may
/// stand in parentheses. `HEAD` is `GET` without the body (RFC 9110, 9.3.2).
///
/// # Errors
/// The path names nothing, names something that is not offered, or takes other methods only.
pub fn find(method: &Method, path: &str) -> Result<Found, ApiError> {
    let segments = segments(path)?;
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut best: Vec<&'static Route> = Vec::new();
    for route in &ROUTES {
        if matches(route, &segments) {
            let literal = |route: &Route| !route.template.ends_with(KEY);
            // A literal last segment outranks a key: `$count` is no identity.
            if best.first().is_some_and(|known| literal(known) && !literal(route)) {
                continue;
            }
            best.push(route);
        }
    }
    if best.is_empty() {
        return Err(no_route(&segments));
    }
    match best.iter().find(|route| route.method == *method) {
        Some(route) => Ok(Found { route, id: key_of(route, &segments) }),
        None => Err(wrong_method(method, &best)),
    }
}

fn key_of(route: &Route, segments: &[Segment<'_>]) -> String {
    let has_key = route.template.ends_with(KEY);
    segments.last().filter(|_| has_key).map_or_else(String::new, |id| id.text().to_owned())
}

fn wrong_method(method: &Method, routes: &[&Route]) -> ApiError {
    let mut allowed: Vec<&str> = Vec::new();
    for route in routes {
        allowed.push(route.method.as_str());
        if route.method == Method::GET {
            allowed.push(Method::HEAD.as_str());
        }
    }
    ApiError::wrong_method(method, allowed.join(", "))
}

/// Splits a path on `/` before decoding it, so that `%2F` stays inside its segment.
fn segments(path: &str) -> Result<Vec<Segment<'_>>, ApiError> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = Vec::with_capacity(5);
    for raw in path.split('/') {
        let segment = decode(raw)?;
        match with_key(&segment) {
            Some((name, key)) => {
                segments.push(Segment::Plain(Cow::Owned(name.to_owned())));
                segments.push(Segment::Key(key));
            }
            None => segments.push(Segment::Plain(segment)),
        }
    }
    Ok(segments)
}

fn decode(raw: &str) -> Result<Cow<'_, str>, ApiError> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut rest = raw;
    while let Some((_, after)) = rest.split_once('%') {
        if !after.bytes().take(2).filter(u8::is_ascii_hexdigit).count().eq(&2) {
            let message = format!(
                "The path segment '{raw}' holds a '%' that two hexadecimal digits do not follow; \
                 write '%25' for the character itself."
            );
            return Err(ApiError::bad_request(message));
        }
        rest = after;
    }
    percent_decode_str(raw).decode_utf8().map_err(|_| {
        ApiError::bad_request(format!("The path segment '{raw}' is not UTF-8 when decoded."))
    })
}

/// Takes `name('key')` apart (OData 4.01 Part 2, 4.3.1). A quote in the key is written twice.
fn with_key(segment: &str) -> Option<(&str, String)> {
    let (name, rest) = segment.split_once('(')?;
    let inner = rest.strip_suffix(')')?;
    let inner = inner.strip_prefix("id=").unwrap_or(inner);
    let quoted = inner.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((name, quoted.replace("''", "'")))
}

fn matches(route: &Route, segments: &[Segment<'_>]) -> bool {
    let mut wanted = route.template.split('/').skip(1);
    let mut given = segments.iter();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if fits(wanted, given) => {}
            _ => return false,
        }
    }
}

fn fits(wanted: &str, given: &Segment<'_>) -> bool {
    let given = match given {
        Segment::Plain(given) => given.as_ref(),
        Segment::Key(_) => return wanted == KEY,
    };
    if wanted == KEY {
        return !given.is_empty() && !given.starts_with('$') && namespaced(given).is_none();
    }
    wanted.eq_ignore_ascii_case(given)
        || namespaced(given)
            .is_some_and(|name| wanted.eq_ignore_ascii_case(name) && is_action(name))
}

fn namespaced(segment: &str) -> Option<&str> {
    let (prefix, name) = segment.split_at_checked(NAMESPACE.len())?;
    prefix.eq_ignore_ascii_case(NAMESPACE).then_some(name)
}

/// The names of the actions on the collection, without their namespace.
pub(super) fn actions() -> impl Iterator<Item = &'static str> {
    let is_action = |operation| matches!(operation, Operation::Import | Operation::Search);
    let routes = ROUTES.iter().filter(move |route| is_action(route.operation));
    routes.filter_map(|route| route.template.rsplit('/').next())
}

fn is_action(name: &str) -> bool {
    actions().any(|action| action.eq_ignore_ascii_case(name))
}

/// Says which segment names nothing, or what is valid OData and not offered.
fn no_route(segments: &[Segment<'_>]) -> ApiError {
    let fitting = ROUTES.iter().map(|route| {
        let wanted = route.template.split('/').skip(1);
        wanted.zip(segments).take_while(|(wanted, given)| fits(wanted, given)).count()
    });
    let depth = fitting.max().unwrap_or_default();
    if depth == 0 {
        return unknown_version(segments);
    }
    match segments.get(depth).map(Segment::text) {
        // All segments fit: it is the beginning of a route, an entity that is not served.
        None => {
            let name = segments.last().map_or("", Segment::text);
            ApiError::not_offered(&format!("The resource '{name}' itself"))
        }
        Some(name) => {
            let offered_elsewhere =
                NOT_OFFERED.iter().any(|known| name.eq_ignore_ascii_case(known));
            if offered_elsewhere || (depth == 4 && property(name).is_some()) {
                ApiError::not_offered(&format!("The path segment '{name}'"))
            } else {
                ApiError::segment(name)
            }
        }
    }
}

/// v1.0 does not have the resource in any cloud, and says so by its name.
fn unknown_version(segments: &[Segment<'_>]) -> ApiError {
    let given: Vec<&str> = segments.iter().map(Segment::text).collect();
    let name = match given.as_slice() {
        [version, singleton, name, ..]
            if version.eq_ignore_ascii_case("v1.0")
                && singleton.eq_ignore_ascii_case("deviceManagement") =>
        {
            name
        }
        [version, name, ..] if version.eq_ignore_ascii_case("v1.0") => name,
        [version, ..] => version,
        [] => "",
    };
    ApiError::segment(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::ErrorKind;

    const ITEM: &str = "/beta/deviceManagement/importedDeviceIdentities";

    fn found(method: Method, path: &str) -> (Operation, String) {
        let found = find(&method, path).unwrap();
        (found.route.operation, found.id)
    }

    fn message(method: Method, path: &str) -> String {
        find(&method, path).unwrap_err().message
    }

    #[test]
    fn a_key_may_stand_in_its_segment_or_in_parentheses() {
        for path in
            [format!("{ITEM}/a%2Fb"), format!("{ITEM}('a%2Fb')"), format!("{ITEM}(id='a/b')")]
        {
            // The last spelling holds a raw slash, which splits the path before anything else.
            let wanted = if path.contains("id=") { None } else { Some("a/b".to_owned()) };
            assert_eq!(find(&Method::GET, &path).ok().map(|found| found.id), wanted, "{path}");
        }
        assert_eq!(found(Method::GET, &format!("{ITEM}('it''s')")).1, "it's");
    }

    #[test]
    fn literal_segments_outrank_keys() {
        assert_eq!(found(Method::GET, &format!("{ITEM}/$count")).0, Operation::Count);
        assert_eq!(
            find(&Method::GET, &format!("{ITEM}/importDeviceIdentityList")).unwrap_err().kind,
            ErrorKind::MethodNotAllowed
        );
        let action = format!("{ITEM}/Microsoft.Graph.SEARCHexistingIdentities");
        assert_eq!(found(Method::POST, &action).0, Operation::Search);
    }

    #[test]
    fn a_key_in_parentheses_is_never_a_name() {
        for (method, path, key) in [
            (Method::GET, format!("{ITEM}('$count')"), "$count"),
            (Method::DELETE, format!("{ITEM}('microsoft.graph.x')"), "microsoft.graph.x"),
            (Method::GET, format!("{ITEM}('')"), ""),
        ] {
            assert_eq!(found(method, &path).1, key);
        }
        assert!(find(&Method::POST, &format!("{ITEM}('importDeviceIdentityList')")).is_err());
        let keyed = "/beta/deviceManagement('importedDeviceIdentities')";
        assert!(find(&Method::GET, keyed).is_err());
    }

    #[test]
    fn what_names_nothing_is_named() {
        assert!(message(Method::GET, "/beta/deviceManagement/devices").contains("'devices'"));
        assert!(message(Method::GET, "/beta/nonsense/x").contains("'nonsense'"));
        let old = "/v1.0/deviceManagement/importedDeviceIdentities";
        assert!(message(Method::GET, old).contains("'importedDeviceIdentities'"));
        assert!(message(Method::GET, &format!("{ITEM}/%zz")).contains("%25"));
    }
}
