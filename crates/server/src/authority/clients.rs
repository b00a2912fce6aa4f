//! The applications that sign in, and how they prove which one they are. Must not know what they
//! want.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::error::{Fault, Refusal};
use super::params::Params;
use super::redirect;
use super::secrets;
use crate::auth::Permission;

/// An application.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: String,
    /// What people are asked to trust.
    pub(super) name: &'static str,
    /// What it proves itself with; without one it is public (RFC 6749, 2.1).
    secret: Option<String>,
}

/// What the application with a secret may do on its own.
pub(super) const APP_ROLES: [Permission; 1] = [Permission::ServiceConfigReadWrite];

/// The application without a secret that a development register comes with.
pub(crate) const PUBLIC_CLIENT: &str = "d0d0d0d0-0000-4000-8000-0000000000cc";

/// Applications without a secret. Those of Microsoft's tools are known because the tools, and the
/// sign-in libraries by default, say that they are these.
const PUBLIC: [(&str, &str); 4] = [
    (PUBLIC_CLIENT, "Muster developer tools"),
    ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"),
    ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"),
    ("14d82eec-204b-4c2f-b7e8-296a70dab67e", "Microsoft Graph Command Line Tools"),
];

/// All applications.
#[derive(Debug)]
pub(super) struct Clients {
    all: Vec<Client>,
    /// Addresses besides those of this machine that answers may be sent to.
    redirects: Vec<String>,
}

impl Client {
    pub(super) fn is_public(&self) -> bool {
        self.secret.is_none()
    }
}

impl Clients {
    /// The application with a secret, and the known ones without.
    pub(super) fn new(id: &str, secret: &str, redirects: Vec<String>) -> Self {
        let confidential = Client {
            id: id.to_owned(),
            name: "Muster development app",
            secret: Some(secret.to_owned()),
        };
        let public = PUBLIC.map(|(id, name)| Client { id: id.to_owned(), name, secret: None });
        Self { all: std::iter::once(confidential).chain(public).collect(), redirects }
    }

    /// The application with this id.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find(&self, id: &str) -> Result<&Client, Refusal> {
        self.all.iter().find(|client| client.id.eq_ignore_ascii_case(id)).ok_or_else(|| {
            let shown: String = id.chars().take(60).collect();
            let message = format!(
                "Application with identifier '{shown}' was not found in the directory. dev.env \
                 has the ids that are."
            );
            Refusal::new(Fault::UnknownClient, message)
        })
    }

    /// The application that a request proves to come from: by its secret, in the form or by Basic
    /// authentication (RFC 6749, 2.3.1), or by having none.
    ///
    /// # Errors
    /// It proves nothing.
    pub(super) fn authenticate(
        &self,
        headers: &HeaderMap,
        params: &Params,
    ) -> Result<&Client, Refusal> {
        if params.get("client_assertion").is_some() {
            return Err(Refusal::new(
                Fault::MissingSecret,
                "Assertions are not taken here: the request must contain 'client_secret'.",
            ));
        }
        let in_form = params.get("client_secret");
        let (id, secret) = match basic(headers)? {
            None => (params.required("client_id")?.to_owned(), in_form.map(str::to_owned)),
            Some(_) if in_form.is_some() => {
                return Err(Refusal::new(
                    Fault::Malformed,
                    "The application proves itself in the header Authorization and by \
                     'client_secret': only one of them may be used.",
                ));
            }
            Some((id, secret)) => {
                if params.get("client_id").is_some_and(|other| !other.eq_ignore_ascii_case(&id)) {
                    let message = "'client_id' is another than in the header Authorization.";
                    return Err(Refusal::new(Fault::Malformed, message));
                }
                (id, Some(secret).filter(|secret| !secret.is_empty()))
            }
        };
        let client = self.find(&id)?;
        match (&client.secret, secret) {
            (None, None) => Ok(client),
            (Some(own), Some(given)) if secrets::same(own, &given) => Ok(client),
            (Some(_), Some(_)) => Err(Refusal::new(
                Fault::WrongSecret,
                "Invalid client secret provided. dev.env has the secret of this application.",
            )),
            (Some(_), None) => Err(Refusal::new(
                Fault::MissingSecret,
                "The request body must contain the following parameter: 'client_secret'.",
            )),
            (None, Some(_)) => Err(Refusal::new(
                Fault::SecretOfPublicClient,
                "Client is public so 'client_secret' should not be presented.",
            )),
        }
    }

    /// Whether answers may be sent to an address.
    pub(super) fn may_answer_to(&self, uri: &str) -> bool {
        redirect::is_loopback(uri) || self.redirects.iter().any(|known| known == uri)
    }

    /// Whether pages of an origin may ask for tokens: it has an address to answer to.
    pub(super) fn may_ask_from(&self, origin: &str) -> bool {
        let is_origin = redirect::origin(origin) == origin;
        is_origin
            && (redirect::is_loopback(origin)
                || self.redirects.iter().any(|known| redirect::origin(known) == origin))
    }
}

/// Id and secret of Basic authentication, each encoded as in a form before they were joined.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let read = || {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        let joined = STANDARD.decode(rest.trim()).ok()?;
        let (id, secret) = std::str::from_utf8(&joined).ok()?.split_once(':')?;
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().map(|text| text.into_owned()).ok()
        };
        scheme.eq_ignore_ascii_case("basic").then_some((decode(id)?, decode(secret)?))
    };
    read().map(Some).ok_or_else(|| {
        Refusal::new(
            Fault::WrongSecret,
            "The header Authorization cannot be read: it takes the scheme Basic alone.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "d0d0d0d0-0000-4000-8000-000000000001";

    fn authenticate(basic: Option<&str>, form: &str) -> Result<String, Fault> {
        let redirects = vec!["https://app.example/cb".to_owned()];
        let clients = Clients::new(ID, "s:e+c%ret", redirects);
        let mut headers = HeaderMap::new();
        if let Some(joined) = basic {
            let value = format!("Basic {}", STANDARD.encode(joined));
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let params = Params::parse(form.as_bytes());
        let found = clients.authenticate(&headers, &params);
        found.map(|client| client.id.clone()).map_err(|refusal| refusal.fault)
    }

    #[test]
    fn a_secret_is_given_once_and_decoded() {
        let basic = format!("{ID}:s%3Ae%2Bc%25ret");
        assert_eq!(authenticate(Some(&basic), ""), Ok(ID.to_owned()));
        let form = format!("client_id={ID}&client_secret=s%3Ae%2Bc%25ret");
        assert_eq!(authenticate(None, &form), Ok(ID.to_owned()));
        assert_eq!(authenticate(Some(&basic), &form), Err(Fault::Malformed));
        assert_eq!(authenticate(Some(&basic), "client_id=other"), Err(Fault::Malformed));
        assert_eq!(authenticate(Some("no colon"), ""), Err(Fault::WrongSecret));
    }

    #[test]
    fn an_application_proves_itself_as_it_can() {
        assert_eq!(authenticate(None, &format!("client_id={ID}")), Err(Fault::MissingSecret));
        assert_eq!(authenticate(Some(&format!("{ID}:")), ""), Err(Fault::MissingSecret));
        assert_eq!(authenticate(Some(&format!("{ID}:s")), ""), Err(Fault::WrongSecret));
        let public = format!("client_id={PUBLIC_CLIENT}");
        assert_eq!(authenticate(None, &public), Ok(PUBLIC_CLIENT.to_owned()));
        let with_secret = format!("{public}&client_secret=x");
        assert_eq!(authenticate(None, &with_secret), Err(Fault::SecretOfPublicClient));
    }

    #[test]
    fn pages_of_known_origins_may_ask() {
        let clients = Clients::new(ID, "secret", vec!["https://app.example/cb".to_owned()]);
        for known in ["http://localhost:5173", "https://app.example", "https://[::1]:3000"] {
            assert!(clients.may_ask_from(known), "{known}");
        }
        for foreign in ["null", "https://evil.example", "http://app.example", "http://localhost/x"]
        {
            assert!(!clients.may_ask_from(foreign), "{foreign}");
        }
    }
}
