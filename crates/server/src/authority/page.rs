//! The pages that people see: without scripts, without anything from elsewhere, in no frame.
//! Must not know what their answers bring about.

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_FRAME_OPTIONS};

use super::error::{Refusal, Trace};
use super::people::Person;
use super::reply;
use super::routes::{Endpoint, Route, path};
use crate::auth::Permission;

const STYLE: &str = include_str!("page.css");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What the page of a sign-in shows.
pub(super) struct Ask<'a> {
    pub(super) client: &'a str,
    pub(super) permissions: &'a [Permission],
    pub(super) people: &'a [&'a Person],
    pub(super) action: &'a str,
    pub(super) sealed: &'a str,
    /// What the button that declines says.
    pub(super) decline: &'a str,
    pub(super) to: To<'a>,
}

/// Where the forms of a page lead.
#[derive(Clone, Copy)]
enum Forms {
    /// To this service.
    Stay,
    /// To an application. It may send the browser on to anywhere, and browsers hold all redirects
    /// that follow a form to the policy of the page.
    Leave,
}

/// Where the answer goes.
pub(super) enum To<'a> {
    /// To an address of the application: its scheme, host and port.
    Address(&'a str),
    /// To the device that shows this code.
    Device(&'a str),
}

/// Asks a person whether an application may do something for them, and who they are.
pub(super) fn ask(ask: &Ask<'_>) -> Response {
    let client = escape(ask.client);
    let wishes: String = ask.permissions.iter().map(|permission| wish(*permission)).collect();
    let wishes = if wishes.is_empty() {
        "<p>It asks for nothing but to know who you are.</p>".to_owned()
    } else {
        format!("<p>It would like to:</p><ul class=\"wishes\">{wishes}</ul>")
    };
    let people: String = ask.people.iter().map(|person| choice(person)).collect();
    let (where_to, forms) = match ask.to {
        To::Address(origin) => {
            let shown = escape(origin);
            (format!("<p class=\"to\">You return to <strong>{shown}</strong>.</p>"), Forms::Leave)
        }
        To::Device(code) => {
            let code = escape(code);
            let shown = format!(
                "<p class=\"to\">The device shows the code <strong class=\"code\">{code}</strong>. \
                 If it shows another, or you have no such device, decline.</p>"
            );
            (shown, Forms::Stay)
        }
    };
    let (action, sealed, decline) = (escape(ask.action), escape(ask.sealed), escape(ask.decline));
    let content = format!(
        "<h1>Sign in to {client}</h1>{where_to}{wishes}\
         <form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"request\" value=\"{sealed}\">\
         <fieldset><legend>Who are you?</legend>\
         <p class=\"note\">These people are made up, and none has a password. The application gets \
         what the one you choose may do.</p>{people}</fieldset>\
         <button class=\"decline\" name=\"answer\" value=\"{decline}\">Decline</button></form>"
    );
    html(StatusCode::OK, &format!("Sign in to {}", ask.client), &content, forms)
}

fn wish(permission: Permission) -> String {
    let words = match permission {
        Permission::ServiceConfigRead => "Read the register of devices",
        Permission::ServiceConfigReadWrite => {
            "Read and change the register, import and delete devices"
        }
        Permission::ConfigurationReadWrite => "Read, create and update devices",
    };
    format!("<li>{words} <code>{}</code></li>", permission.name())
}

fn choice(person: &Person) -> String {
    let (id, name, upn, about) =
        (escape(person.id), escape(person.name), escape(person.upn), escape(person.about));
    format!(
        "<button class=\"person\" name=\"answer\" value=\"{id}\"><span class=\"name\">{name}</span>\
         <span class=\"upn\">{upn}</span><span class=\"about\">{about}</span></button>"
    )
}

/// Asks for the code that a device shows, after a wrong one with what was wrong.
pub(super) fn code_entry(wrong: Option<&Refusal>) -> Response {
    let alert = wrong.map_or_else(String::new, |refusal| {
        let message = escape(&refusal.message);
        format!("<p class=\"alert\" id=\"wrong\" role=\"alert\">{message}</p>")
    });
    let marks =
        if wrong.is_some() { " aria-invalid=\"true\" aria-describedby=\"wrong\"" } else { "" };
    let action = escape(&path(Endpoint::DevicePage, ""));
    let content = format!(
        "<h1>Enter the code</h1><p>The program or device that wants to sign in shows it.</p>{alert}\
         <form method=\"get\" action=\"{action}\"><label for=\"code\">Code</label>\
         <input id=\"code\" class=\"code\" name=\"user_code\" required autofocus maxlength=\"20\" \
         placeholder=\"XXXX-XXXX\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\"{marks}><button class=\"main\">Next</button></form>"
    );
    let status = wrong.map_or(StatusCode::OK, Refusal::status);
    html(status, "Enter the code", &content, Forms::Stay)
}

/// Tells something, with a heading.
pub(super) fn note((heading, text): (&str, &str)) -> Response {
    let content = format!("<h1>{}</h1><p>{}</p>", escape(heading), escape(text));
    html(StatusCode::OK, heading, &content, Forms::Stay)
}

/// Sends an answer to an application as a form (OAuth 2.0 Form Post Response Mode). A script would
/// spare the person a click; here are none.
pub(super) fn send(uri: &str, answer: &[(&str, &str)]) -> Response {
    let fields = answer.iter().map(|(name, value)| {
        let (name, value) = (escape(name), escape(value));
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
    });
    let (origin, fields) = (super::redirect::origin(uri), fields.collect::<String>());
    let content = format!(
        "<h1>Almost there</h1><p>Go on to <strong>{}</strong>.</p>\
         <form method=\"post\" action=\"{}\">{fields}<button class=\"main\" autofocus>Continue\
         </button></form>",
        escape(origin),
        escape(uri)
    );
    html(StatusCode::OK, "Continue", &content, Forms::Leave)
}

/// A refusal that a person sees, because nobody else can be told.
pub(super) fn refusal(refusal: &Refusal, trace: &Trace, route: &Route) -> Response {
    let content = format!(
        "<h1>That cannot be done</h1><p class=\"alert\" role=\"alert\">{}</p>\
         <dl><dt>Error</dt><dd>{}</dd><dt>Request</dt><dd>{}</dd></dl>",
        escape(&refusal.short()),
        escape(refusal.error()),
        escape(&trace.trace_id)
    );
    let page = html(refusal.status(), "That cannot be done", &content, Forms::Stay);
    reply::refused(page, refusal, route)
}

/// A page.
fn html(status: StatusCode, title: &str, content: &str, forms: Forms) -> Response {
    let title = escape(title);
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} - Muster</title>\
         <style>{STYLE}</style></head><body><main><p class=\"brand\">Muster \
         <span>development sign-in</span></p>{content}</main></body></html>"
    );
    let mut response = reply::with(status, HTML, page.into_bytes());
    reply::set_text(&mut response, CONTENT_SECURITY_POLICY, &policy(forms));
    reply::set(&mut response, X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Forms of a page without a referrer would not say where they come from.
    reply::set(&mut response, REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// What a page may do: show its own style, and send its forms.
fn policy(forms: Forms) -> String {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let to = match forms {
        Forms::Stay => "'self'",
        Forms::Leave => "'self' http: https:",
    };
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action {to}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

/// Text as HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escape(r#"<a href="x" b='&'>"#),
            "&lt;a href=&quot;x&quot; b=&#39;&amp;&#39;&gt;"
        );
    }
}
