//! The authorization endpoint (RFC 6749, 3.1 and 4.1.1; OIDC Core, 3.1.2): checks what an
//! application asks for before a person is shown it. Must not know what the page looks like.

use axum::response::Response;

use super::clients::Client;
use super::codes::is_challenge;
use super::directory::Directory;
use super::error::{Fault, Refusal};
use super::redirect::Mode;
use super::scope::Scopes;
use super::sign_in::{self, Back, Question, Reply};
use super::{Authority, Call};

/// What a person may be asked for. They are asked anew in any case.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "create"];

pub(super) async fn authorize(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    // Until it is known whom to answer, whatever is wrong is shown to the person and to nobody
    // else (RFC 6749, 4.1.2.1).
    let directory = authority.directory(call).await?;
    if let Some(name @ ("client_id" | "redirect_uri")) = call.params.repeated() {
        let message = format!("The parameter '{name}' came more than once.");
        return Err(Refusal::new(Fault::Malformed, message));
    }
    let client = authority.clients.find(call.params.required("client_id")?)?;
    let uri = call.params.required("redirect_uri")?;
    if !authority.clients.may_answer_to(uri) {
        let shown: String = uri.chars().take(200).collect();
        let message = format!(
            "The redirect URI '{shown}' specified in the request is neither an address of this \
             machine nor registered: start the service with --dev-redirect-uri to register it."
        );
        return Err(Refusal::new(Fault::BadRedirect, message));
    }
    let mode = call.params.get("response_mode").map_or(Some(Mode::Query), Mode::parse);
    let back = Back {
        uri: uri.to_owned(),
        mode: mode.unwrap_or(Mode::Query),
        state: call.params.get("state").map(str::to_owned),
        nonce: call.params.get("nonce").map(str::to_owned),
        challenge: call.params.get("code_challenge").map(str::to_owned),
    };
    let is_mode = mode.is_some();
    match check(authority, call, client, is_mode) {
        Ok(scopes) => ask(authority, call, directory, client, scopes, back),
        Err(refusal) => Ok(back.refuse(&refusal, call)),
    }
}

fn ask(
    authority: &Authority,
    call: &Call,
    directory: Directory,
    client: &Client,
    scopes: Scopes,
    back: Back,
) -> Result<Response, Refusal> {
    let hint = call.params.get("login_hint");
    let question = Question { client, directory, scopes, hint, reply: Reply::Redirect(back) };
    sign_in::ask(authority, call, question)
}

fn check(
    authority: &Authority,
    call: &Call,
    client: &Client,
    is_mode: bool,
) -> Result<Scopes, Refusal> {
    let params = &call.params;
    let bad = |message: &str| Refusal::new(Fault::BadParameter, message);
    params.once_each()?;
    if params.get("request").is_some() {
        return Err(Refusal::new(Fault::RequestObject, "'request' is not taken here."));
    }
    if params.get("request_uri").is_some() {
        return Err(Refusal::new(Fault::RequestReference, "'request_uri' is not taken here."));
    }
    let wanted = params.required("response_type")?;
    if wanted != "code" {
        let shown: String = wanted.chars().take(60).collect();
        let message = format!("The response_type '{shown}' is not enabled: use 'code'.");
        return Err(Refusal::new(Fault::UnsupportedResponseType, message));
    }
    if !is_mode {
        return Err(bad("'response_mode' is query, fragment or form_post."));
    }
    if params.get("max_age").is_some_and(|age| age.parse::<u64>().is_err()) {
        return Err(bad("'max_age' is a number of seconds."));
    }
    check_challenge(call, client)?;
    let scopes = Scopes::parse(params.required("scope")?, &authority.origins)?;
    check_prompt(params.get("prompt").unwrap_or_default())?;
    Ok(scopes)
}

/// RFC 7636, 4.3 and 4.4.1. `plain` proves nothing to whoever has read the request.
fn check_challenge(call: &Call, client: &Client) -> Result<(), Refusal> {
    let (challenge, method) =
        (call.params.get("code_challenge"), call.params.get("code_challenge_method"));
    match (challenge, method) {
        (Some(challenge), Some("S256")) if is_challenge(challenge) => Ok(()),
        (Some(_), Some("S256")) => Err(Refusal::new(
            Fault::ChallengeMethod,
            "'code_challenge' is the SHA-256 of the verifier in base64url: 43 letters.",
        )),
        (Some(_), None | Some(_)) => Err(Refusal::new(
            Fault::ChallengeMethod,
            "'code_challenge_method' is S256: transform algorithm not supported.",
        )),
        (None, Some(_)) => Err(Refusal::new(
            Fault::ChallengeRequired,
            "'code_challenge_method' came without a 'code_challenge'.",
        )),
        (None, None) if client.is_public() => Err(Refusal::new(
            Fault::ChallengeRequired,
            "Proof Key for Code Exchange is required: code challenge required.",
        )),
        (None, None) => Ok(()),
    }
}

/// OIDC Core, 3.1.2.1.
fn check_prompt(prompt: &str) -> Result<(), Refusal> {
    let words: Vec<&str> = prompt.split(' ').filter(|word| !word.is_empty()).collect();
    if words == ["none"] {
        return Err(Refusal::new(
            Fault::LoginRequired,
            "Nobody is signed in: send an interactive request.",
        ));
    }
    match words.iter().find(|word| !PROMPTS.contains(word)) {
        None => Ok(()),
        Some(word) => {
            let shown: String = word.chars().take(60).collect();
            let message = format!("Unsupported 'prompt' value '{shown}', alone or beside others.");
            Err(Refusal::new(Fault::BadParameter, message))
        }
    }
}
