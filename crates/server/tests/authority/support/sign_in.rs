//! A person at the page of a sign-in, as a browser shows it to them. Must not know what comes of
//! their answer.

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Answer, DEV_TENANT, Form, PUBLIC, Service, form};

/// Where the application of the tests listens.
pub(crate) const REDIRECT: &str = "http://localhost:49152/callback";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A page with its form, and the cookie that came with it.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) answer: Answer,
    pub(crate) action: String,
    pub(crate) sealed: String,
    pub(crate) cookie: String,
}

impl Page {
    /// Takes the page apart.
    #[track_caller]
    pub(crate) fn read(answer: Answer) -> Self {
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        let action = between(&answer.text, "<form method=\"post\" action=\"", "\"");
        let sealed = between(&answer.text, "name=\"request\" value=\"", "\"");
        let cookie = answer.maybe_header("set-cookie").unwrap_or_default();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { action, sealed, cookie, answer }
    }

    /// What stands on the button of a person.
    #[track_caller]
    pub(crate) fn button(&self, person: &str) -> String {
        let (before, _) =
            self.answer.text.split_once(&format!("class=\"name\">{person}<")).expect(person);
        let (_, last) = before.rsplit_once("value=\"").unwrap();
        last.split('"').next().unwrap().to_owned()
    }

    /// The form with an answer.
    pub(crate) fn form(&self, answer: &str) -> Form {
        form(&[("request", &self.sealed), ("answer", answer)])
    }
}

#[track_caller]
fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0.to_owned()
}

impl Service {
    /// The fields by which the public application asks for a code.
    pub(crate) fn ask(&self) -> Form {
        form(&[
            ("client_id", PUBLIC),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile offline_access https://graph.microsoft.com/.default"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "a state"),
        ])
    }

    /// The fields by which it redeems one.
    pub(crate) fn redeem(&self, code: &str) -> Form {
        form(&[
            ("grant_type", "authorization_code"),
            ("client_id", PUBLIC),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
    }

    /// What the authorization endpoint of the development tenant answers.
    pub(crate) async fn authorize(&self, form: &Form) -> Answer {
        self.get(&format!("/{DEV_TENANT}/oauth2/v2.0/authorize?{}", form.encoded())).await
    }

    /// The request that a browser makes of an answer on a page.
    pub(crate) fn press(&self, page: &Page, answer: &str) -> RequestBuilder {
        let request = self.form(&page.action, &page.form(answer)).header("cookie", &page.cookie);
        request.header("origin", self.origin()).header("sec-fetch-site", "same-origin")
    }

    /// Signs a person in, and gives what the browser gets.
    pub(crate) async fn sign_in(&self, form: &Form, person: &str) -> Answer {
        let page = Page::read(self.authorize(form).await);
        let button = page.button(person);
        self.send(self.press(&page, &button)).await
    }

    /// Signs a person in to the public application, and gives the code.
    pub(crate) async fn code(&self, person: &str) -> String {
        self.sign_in(&self.ask(), person).await.sent("code").expect("no code")
    }

    /// Signs a person in to the public application for these scopes, and gives the tokens.
    pub(crate) async fn tokens(&self, person: &str, scope: &str) -> Value {
        let answer = self.sign_in(&self.ask().with("scope", scope), person).await;
        let code = answer.sent("code").expect("no code");
        self.token(&self.redeem(&code)).await.ok()
    }
}
