//! The sign-in of devices without a browser (RFC 8628): the codes for them, and the page where a
//! person enters one. Must not know how codes are kept.

use axum::response::Response;
use serde_json::json;

use super::devices::{Asking, INTERVAL_S, LIFE_S, Pair};
use super::error::{Fault, Refusal};
use super::routes::{Endpoint, path};
use super::scope::Scopes;
use super::sign_in::{self, Question, Reply};
use super::{Authority, Call, page as pages, reply};

/// RFC 8628, 3.1 and 3.2.
pub(super) async fn code(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    call.params.once_each()?;
    let directory = authority.directory(call).await?;
    let client = authority.clients.authenticate(&call.headers, &call.params)?;
    let scopes = Scopes::parse(call.params.required("scope")?, &authority.origins)?;
    let asking = Asking { client_id: client.id.clone(), scopes: scopes.text(), directory };
    let Pair { device_code, user_code } = authority.devices().add(asking, authority.now())?;
    let uri = format!("{}{}", call.called.origin, path(Endpoint::DevicePage, ""));
    Ok(reply::json(&json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": uri,
        "verification_uri_complete": format!("{uri}?user_code={user_code}"),
        "expires_in": LIFE_S,
        "interval": INTERVAL_S,
        "message": format!(
            "To sign in, use a web browser to open the page {uri} and enter the code {user_code} \
             to authenticate."
        ),
    })))
}

/// RFC 8628, 3.3: asks for the code, and then the person whether it is theirs to answer.
pub(super) fn page(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    call.params.once_each()?;
    let Some(typed) = call.params.get("user_code") else { return Ok(pages::code_entry(None)) };
    let at = call.called.remote.map(|remote| remote.ip());
    let found = authority.devices().typed(typed, at, authority.now());
    let (asking, user_code) = match found {
        Ok(found) => found,
        Err(fault) => {
            let message = if fault == Fault::TooManyGuesses {
                "Too many wrong codes were entered here. Wait a minute and try again."
            } else {
                "Nothing waits under this code. Check its letters; a code can be used once, for a \
                 quarter of an hour."
            };
            return Ok(pages::code_entry(Some(&Refusal::new(fault, message))));
        }
    };
    let question = Question {
        client: authority.clients.find(&asking.client_id)?,
        directory: asking.directory,
        scopes: Scopes::parse(&asking.scopes, &authority.origins)?,
        hint: None,
        reply: Reply::Device(user_code),
    };
    sign_in::ask(authority, call, question)
}
