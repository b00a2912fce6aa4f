//! The one table of the paths of sign-in. No other file of it names one. Must not know what an
//! endpoint does.

use http::Method;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Says where the others are (OIDC Discovery; RFC 8414).
    Metadata,
    /// The same, by the issuer that access tokens name.
    FirstMetadata,
    /// The keys that tokens are verified with (RFC 7517).
    Keys,
    /// Begins a sign-in (RFC 6749, 3.1).
    Authorize,
    /// Takes a person's answer.
    SignIn,
    /// Issues tokens (RFC 6749, 3.2).
    Token,
    /// Begins the sign-in of a device (RFC 8628, 3.1).
    DeviceCode,
    /// Where a person enters the code that a device shows (RFC 8628, 3.3).
    DevicePage,
    /// Ends a session, of which there are none.
    SignOut,
}

/// One row of the table.
#[derive(Debug)]
pub struct Route {
    /// The path, with `{tenant}` for the directory.
    pub template: &'static str,
    /// The methods that it takes.
    pub methods: &'static [Method],
    /// What stands there.
    pub endpoint: Endpoint,
    /// Whether programs call it, also those in pages of known origins: they get JSON, people pages.
    pub is_service: bool,
}

const TENANT: &str = "{tenant}";
const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const BOTH: &[Method] = &[Method::GET, Method::POST];

const fn service(template: &'static str, methods: &'static [Method], endpoint: Endpoint) -> Route {
    Route { template, methods, endpoint, is_service: true }
}

const fn page(template: &'static str, methods: &'static [Method], endpoint: Endpoint) -> Route {
    Route { template, methods, endpoint, is_service: false }
}

/// All paths.
pub static ROUTES: [Route; 10] = [
    service("/{tenant}/v2.0/.well-known/openid-configuration", GET, Endpoint::Metadata),
    service("/.well-known/oauth-authorization-server/{tenant}/v2.0", GET, Endpoint::Metadata),
    service("/{tenant}/.well-known/openid-configuration", GET, Endpoint::FirstMetadata),
    service("/{tenant}/discovery/v2.0/keys", GET, Endpoint::Keys),
    page("/{tenant}/oauth2/v2.0/authorize", BOTH, Endpoint::Authorize),
    page("/{tenant}/oauth2/v2.0/sign-in", POST, Endpoint::SignIn),
    service("/{tenant}/oauth2/v2.0/token", POST, Endpoint::Token),
    service("/{tenant}/oauth2/v2.0/devicecode", POST, Endpoint::DeviceCode),
    page("/device", GET, Endpoint::DevicePage),
    page("/{tenant}/oauth2/v2.0/logout", BOTH, Endpoint::SignOut),
];

impl Route {
    /// Whether a method is taken.
    pub(super) fn takes(&self, method: &Method) -> bool {
        self.methods.contains(method)
    }

    /// The methods that are taken, as a header has them.
    pub(super) fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The directory's segment of a path.
    pub(super) fn tenant_in<'a>(&self, path: &'a str) -> &'a str {
        let place = self.template.split('/').position(|segment| segment == TENANT);
        place.and_then(|place| path.split('/').nth(place)).unwrap_or_default()
    }
}

/// The path of an endpoint, for a directory.
pub(super) fn path(endpoint: Endpoint, tenant: &str) -> String {
    let route = ROUTES.iter().find(|route| route.endpoint == endpoint);
    route.map_or_else(String::new, |route| route.template.replace(TENANT, tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_stands_where_the_template_says() {
        for route in ROUTES.iter().filter(|route| route.template.contains(TENANT)) {
            let path = route.template.replace(TENANT, "common");
            assert_eq!(route.tenant_in(&path), "common", "{path}");
        }
        assert_eq!(path(Endpoint::Token, "common"), "/common/oauth2/v2.0/token");
    }
}
