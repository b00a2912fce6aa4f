//! The token endpoint (RFC 6749, 3.2): which grant, and whether it is given. Must not know what
//! tokens look like.

use axum::response::Response;

use super::clients::Client;
use super::codes::{Shown, Spoiled};
use super::directory::Directory;
use super::error::{Fault, Refusal};
use super::issue::{self, Turn};
use super::scope::Scopes;
use super::{Authority, Call, refresh};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// As Microsoft's library for JavaScript says it.
const DEVICE_FOR_SHORT: &str = "device_code";

/// The grants that are taken.
pub(super) const GRANTS: [&str; 4] =
    ["authorization_code", "refresh_token", "client_credentials", DEVICE];

pub(super) async fn token(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    call.params.once_each()?;
    let directory = authority.directory(call).await?;
    let grant = call.params.required("grant_type")?;
    if !GRANTS.contains(&grant) && grant != DEVICE_FOR_SHORT {
        let shown: String = grant.chars().take(60).collect();
        let message = format!("The app requested an unsupported grant type '{shown}'.");
        return Err(Refusal::new(Fault::UnsupportedGrant, message));
    }
    let client = authority.clients.authenticate(&call.headers, &call.params)?;
    match grant {
        "client_credentials" => client_credentials(authority, call, client, directory),
        "authorization_code" => authorization_code(authority, call, client, directory),
        "refresh_token" => refresh_token(authority, call, client, directory),
        _ => device_code(authority, call, client, directory),
    }
}

/// RFC 6749, 4.4.
fn client_credentials(
    authority: &Authority,
    call: &Call,
    client: &Client,
    directory: Directory,
) -> Result<Response, Refusal> {
    if client.is_public() {
        return Err(Refusal::new(
            Fault::GrantNotAllowed,
            "Only an application with a secret can sign in without a person.",
        ));
    }
    Scopes::parse(call.params.required("scope")?, &authority.origins)?.only_default()?;
    issue::to_application(authority, client, directory.one()?)
}

/// RFC 6749, 4.1.3; RFC 7636, 4.5.
fn authorization_code(
    authority: &Authority,
    call: &Call,
    client: &Client,
    directory: Directory,
) -> Result<Response, Refusal> {
    let scopes = scopes(authority, call)?;
    let shown = Shown {
        code: call.params.required("code")?,
        client_id: &client.id,
        redirect_uri: call.params.required("redirect_uri")?,
        verifier: call.params.get("code_verifier"),
    };
    let redeemed = authority.codes().redeem(shown, authority.now());
    let code = redeemed.map_err(|spoiled| match spoiled {
        Spoiled::Fault(fault) => bad_code(fault),
        Spoiled::UsedBefore(consent) => {
            if let Err(error) = authority.revoked().add(consent, authority.now()) {
                tracing::error!(%error, "a revoked sign-in cannot be written down");
            }
            bad_code(Fault::UsedCode)
        }
    })?;
    let nonce = code.nonce.as_deref();
    let turn =
        Turn { client, directory, consent: &code.consent, scopes, nonce, fault: Fault::BadCode };
    issue::to_person(authority, call, &turn)
}

fn bad_code(fault: Fault) -> Refusal {
    let message = match fault {
        Fault::OtherRedirect => {
            "The reply address does not match the reply address provided when requesting \
             Authorization code."
        }
        Fault::BadVerifier => {
            "The Code_Verifier does not match the code_challenge supplied in the authorization \
             request."
        }
        Fault::UsedCode => {
            "OAuth2 Authorization code was already redeemed. What came of it is renewed here no \
             more: sign in again."
        }
        _ => {
            "The provided authorization code is invalid, has expired, or was issued to another \
             application."
        }
    };
    Refusal::new(fault, message)
}

/// RFC 6749, 6. Each use gives a new token, which stands for the same consent; the old one stays
/// good, so that processes that share it do not log each other out.
fn refresh_token(
    authority: &Authority,
    call: &Call,
    client: &Client,
    directory: Directory,
) -> Result<Response, Refusal> {
    let fault = Fault::BadRefreshToken;
    let scopes = scopes(authority, call)?;
    let token = call.params.required("refresh_token")?;
    let consent = refresh::open(&authority.app.sealer, token, authority.now());
    let consent = consent.filter(|consent| consent.client_id == client.id).ok_or_else(|| {
        Refusal::new(
            fault,
            "The refresh token is invalid, has expired, or was issued to another application.",
        )
    })?;
    let turn = Turn { client, directory, consent: &consent, scopes, nonce: None, fault };
    issue::to_person(authority, call, &turn)
}

/// RFC 8628, 3.4.
fn device_code(
    authority: &Authority,
    call: &Call,
    client: &Client,
    directory: Directory,
) -> Result<Response, Refusal> {
    let code = call.params.required("device_code")?;
    let polled = authority.devices().poll(code, &client.id, authority.now_ms());
    let consent = polled.map_err(|fault| {
        let message = match fault {
            Fault::Pending => {
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            }
            Fault::SlowDown => {
                "OAuth 2.0 device flow error. Polled too often: wait five seconds longer from now \
                 on."
            }
            Fault::Declined => "The person declined to sign in.",
            Fault::ExpiredDeviceCode => {
                "OAuth 2.0 device flow error. Verification code expired. Ask for a new one."
            }
            _ => "The device code is invalid, was used, or was issued to another application.",
        };
        Refusal::new(fault, message)
    })?;
    let fault = Fault::BadDeviceCode;
    let turn = Turn { client, directory, consent: &consent, scopes: None, nonce: None, fault };
    issue::to_person(authority, call, &turn)
}

/// The scopes that are asked for, if any.
fn scopes(authority: &Authority, call: &Call) -> Result<Option<Scopes>, Refusal> {
    let asked = call.params.get("scope");
    asked.map(|scopes| Scopes::parse(scopes, &authority.origins)).transpose()
}
