//! The pages that people see: what they say, and to whom they are open. What all pages have in
//! common is looked at wherever one is answered.

use crate::support::{DEV_TENANT, PUBLIC, Page, READ, Service, form};

async fn page(service: &Service, tenant: &str, scope: &str) -> Page {
    let ask = service.ask().with("scope", scope);
    let path = format!("/{tenant}/oauth2/v2.0/authorize?{}", ask.encoded());
    Page::read(service.get(&path).await)
}

#[tokio::test]
async fn the_page_says_who_wants_what() {
    let service = Service::start().await;
    let text = page(&service, "common", READ).await.answer.text;
    assert!(text.contains("<h1>Sign in to Muster developer tools</h1>"));
    assert!(text.contains(&format!("<code>{READ}</code>")));
    assert!(!text.contains("ReadWrite"), "nothing that was not asked for");
    let nothing = page(&service, "common", "openid profile").await.answer.text;
    assert!(nothing.contains("nothing but to know who you are"));
}

#[tokio::test]
async fn people_sign_in_where_they_belong() {
    let service = Service::start().await;
    let names = async |tenant: &str| {
        let text = page(&service, tenant, READ).await.answer.text;
        let parts = text.split("class=\"name\">").skip(1);
        parts.map(|part| part.split('<').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let work = ["Manager", "Editor", "Reader", "Nobody"];
    assert_eq!(names(DEV_TENANT).await, work);
    assert_eq!(names("organizations").await, work);
    assert_eq!(names("consumers").await, ["Personal account"]);
    assert_eq!(names("common").await.len(), 5);
}

#[tokio::test]
async fn a_page_can_be_read_aloud() {
    let service = Service::start().await;
    let entry = service.get("/device").await.text;
    assert!(entry.contains("<label for=\"code\">") && entry.contains("<input id=\"code\""));
    let wrong = service.get("/device?user_code=WRONG").await.text;
    assert!(wrong.contains("aria-invalid=\"true\" aria-describedby=\"wrong\""));
    let ask = page(&service, "common", READ).await.answer.text;
    for text in [&entry, &wrong, &ask] {
        assert!(text.contains("<html lang=\"en\">") && text.contains("<main>"), "{text}");
        assert_eq!(text.matches("<h1>").count(), 1, "{text}");
        assert!(text.contains("<title>") && text.contains("name=\"viewport\""), "{text}");
    }
    assert!(ask.contains("<fieldset><legend>"));
}

#[tokio::test]
async fn the_style_that_is_shown_is_the_one_that_may_be() {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine;
    let service = Service::start().await;
    let answer = page(&service, "common", READ).await.answer;
    let (_, rest) = answer.text.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let policy = answer.header("content-security-policy");
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
}

// Only a form that leads to an application may leave.
#[tokio::test]
async fn forms_lead_where_they_must() {
    let service = Service::start().await;
    let policy = |answer: &crate::support::Answer| {
        let policy = answer.header("content-security-policy").to_owned();
        let (_, rest) = policy.split_once("form-action ").unwrap();
        rest.split(';').next().unwrap().to_owned()
    };
    assert_eq!(policy(&page(&service, "common", READ).await.answer), "'self' http: https:");
    assert_eq!(policy(&service.get("/device").await), "'self'");
    let fields = form(&[("client_id", PUBLIC), ("scope", READ)]);
    let codes = service.post("/common/oauth2/v2.0/devicecode", &fields).await.ok();
    let code = codes["user_code"].as_str().unwrap();
    assert_eq!(policy(&service.get(&format!("/device?user_code={code}")).await), "'self'");
    // Without it browsers would not say where the form comes from.
    assert_eq!(service.get("/device").await.header("referrer-policy"), "same-origin");
}
