//! A person's answer: asked for by a form that only their own browser can send, and sent to where
//! it was asked. Must not know what the page looks like.

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::browser::{self, Cookie, foreign_form};
use super::clients::Client;
use super::codes::{Code, Consent};
use super::directory::Directory;
use super::error::{Fault, Refusal};
use super::people::{self, Person};
use super::redirect::{self, Mode};
use super::routes::{Endpoint, path};
use super::scope::Scopes;
use super::{Authority, Call, page, reply, secrets};

/// How long a person may think.
const LIFE_S: i64 = 900;
const PURPOSE: &str = "sign-in";
/// What the button that declines says.
const DECLINE: &str = "decline";

/// What a person is asked.
pub(super) struct Question<'a> {
    pub(super) client: &'a Client,
    pub(super) directory: Directory,
    pub(super) scopes: Scopes,
    /// Who it probably is.
    pub(super) hint: Option<&'a str>,
    pub(super) reply: Reply,
}

/// Where the answer goes.
#[derive(Deserialize, Serialize)]
pub(super) enum Reply {
    /// Back to the application, by the browser.
    Redirect(Back),
    /// To the device that shows this code.
    Device(String),
}

/// An application that waits for the browser to come back.
#[derive(Deserialize, Serialize)]
pub(super) struct Back {
    pub(super) uri: String,
    pub(super) mode: Mode,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
}

/// A question as the form carries it, sealed: nobody can change what a person agreed to.
#[derive(Deserialize, Serialize)]
struct Asked {
    client_id: String,
    tenant: String,
    scopes: String,
    /// The cookie of the browser that was asked.
    browser: String,
    ends: i64,
    reply: Reply,
}

impl Asked {
    /// Refuses an answer of another browser, or one that comes too late.
    fn check(&self, browser: &str, now: i64) -> Result<(), Refusal> {
        if !secrets::same(browser, &self.browser) {
            return Err(foreign_form("The form was made for another browser."));
        }
        if now >= self.ends {
            return Err(foreign_form("The form is too old."));
        }
        Ok(())
    }
}

impl Back {
    /// Tells the application why there is no code (RFC 6749, 4.1.2.1).
    pub(super) fn refuse(&self, refusal: &Refusal, call: &Call) -> Response {
        let description = refusal.description(&call.trace);
        self.send(&[("error", refusal.error()), ("error_description", &description)])
    }

    fn send(&self, answer: &[(&str, &str)]) -> Response {
        let mut answer = answer.to_vec();
        answer.extend(self.state.as_deref().map(|state| ("state", state)));
        match self.mode {
            Mode::FormPost => page::send(&self.uri, &answer),
            Mode::Query | Mode::Fragment => {
                reply::redirect(&redirect::with_answer(&self.uri, self.mode, &answer))
            }
        }
    }
}

/// Shows a person what an application wants, and who they could be.
pub(super) fn ask(
    authority: &Authority,
    call: &Call,
    question: Question<'_>,
) -> Result<Response, Refusal> {
    let cookie = Cookie::of(call)?;
    let Question { client, directory, scopes, hint, reply } = question;
    let asked = Asked {
        client_id: client.id.clone(),
        tenant: directory.segment(),
        scopes: scopes.text(),
        browser: cookie.value.clone(),
        ends: authority.now().saturating_add(LIFE_S),
        reply,
    };
    let is_hinted =
        |person: &&Person| hint.is_some_and(|hint| hint.eq_ignore_ascii_case(person.upn));
    let mut people: Vec<&Person> = directory.people().collect();
    people.sort_by_key(|person| !is_hinted(person));
    let mut response = page::ask(&page::Ask {
        client: client.name,
        permissions: &scopes.permissions(),
        people: &people,
        action: &path(Endpoint::SignIn, &asked.tenant),
        sealed: &authority.app.sealer.seal(PURPOSE, &asked)?,
        decline: DECLINE,
        to: match &asked.reply {
            Reply::Redirect(back) => page::To::Address(redirect::origin(&back.uri)),
            Reply::Device(user_code) => page::To::Device(user_code),
        },
    });
    cookie.give(&mut response);
    Ok(response)
}

/// Takes the answer.
pub(super) async fn answer(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    browser::is_own_form(call)?;
    call.params.once_each()?;
    let sealed = call.params.required("request")?;
    let asked: Option<Asked> = authority.app.sealer.open(PURPOSE, sealed);
    let asked = asked.ok_or_else(|| foreign_form("The form is none that this service made."))?;
    asked.check(&Cookie::of(call)?.value, authority.now())?;
    let consent = match call.params.required("answer")? {
        DECLINE => None,
        person => Some(consent(authority, &asked, person).await?),
    };
    match asked.reply {
        Reply::Redirect(back) => to_application(authority, call, back, consent),
        Reply::Device(user_code) => to_device(authority, &user_code, consent),
    }
}

async fn consent(authority: &Authority, asked: &Asked, person: &str) -> Result<Consent, Refusal> {
    let directory = Directory::find(&asked.tenant, &authority.store).await?;
    let person =
        people::find(person).and_then(|person| Some((person, directory.tenant_of(person)?)));
    let (person, tenant) = person.ok_or_else(|| {
        Refusal::new(Fault::BadParameter, "'answer' is nobody who can sign in to this tenant.")
    })?;
    Ok(Consent {
        id: secrets::secret()?,
        client_id: asked.client_id.clone(),
        tenant: tenant.to_string(),
        person: person.id.to_owned(),
        scopes: asked.scopes.clone(),
        auth_time: authority.now(),
    })
}

fn to_application(
    authority: &Authority,
    call: &Call,
    back: Back,
    consent: Option<Consent>,
) -> Result<Response, Refusal> {
    let Some(consent) = consent else {
        let refusal = Refusal::new(Fault::Declined, "User declined to consent to access the app.");
        return Ok(back.refuse(&refusal, call));
    };
    let code = Code {
        consent,
        redirect_uri: back.uri.clone(),
        challenge: back.challenge.clone(),
        nonce: back.nonce.clone(),
    };
    let code = authority.codes().add(code, authority.now())?;
    Ok(back.send(&[("code", &code)]))
}

fn to_device(
    authority: &Authority,
    user_code: &str,
    consent: Option<Consent>,
) -> Result<Response, Refusal> {
    let is_yes = consent.is_some();
    authority.devices().answer(user_code, consent, authority.now()).map_err(|fault| {
        Refusal::new(fault, "The code was answered already, or has expired. Ask for a new one.")
    })?;
    Ok(page::note(if is_yes {
        ("You are signed in", "The device goes on by itself. You can close this window.")
    } else {
        ("You declined", "The device is told so. You can close this window.")
    }))
}

/// Ends a session (OIDC RP-Initiated Logout 1.0). There is none: every sign-in asks anew.
pub(super) async fn out(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    authority.directory(call).await?;
    let back = call.params.get("post_logout_redirect_uri");
    match back.filter(|uri| authority.clients.may_answer_to(uri)) {
        Some(uri) => {
            let state = call.params.get("state").map(|state| ("state", state));
            let answer: Vec<_> = state.into_iter().collect();
            Ok(reply::redirect(&match answer.as_slice() {
                [] => uri.to_owned(),
                answer => redirect::with_answer(uri, Mode::Query, answer),
            }))
        }
        None => Ok(page::note((
            "You are signed out",
            "This service keeps nobody signed in: every application asks anew. You can close this \
             window.",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_good_in_its_browser_for_a_while() {
        let text = || "x".to_owned();
        let reply = Reply::Device(text());
        let (client_id, tenant, scopes, browser) = (text(), text(), text(), "mine".to_owned());
        let asked = Asked { client_id, tenant, scopes, browser, ends: 1_000, reply };
        assert!(asked.check("mine", 999).is_ok());
        assert!(asked.check("mine", 1_000).unwrap_err().message.contains("too old"));
        assert!(asked.check("theirs", 0).unwrap_err().message.contains("another browser"));
    }
}
