//! What people and applications get is what the register lets them do.

use reqwest::Method;
use serde_json::Value;

use crate::support::{CONFIGURATION, DEFAULT, Jwt, Page, READ, READ_WRITE, Service};

/// The statuses of list, create and delete of a row that is not there.
async fn statuses(service: &Service, tokens: &Value) -> [u16; 3] {
    let bearer = tokens["access_token"].as_str().unwrap();
    [
        service.register(Method::GET, "", bearer).await,
        service.register(Method::POST, "", bearer).await,
        service.register(Method::DELETE, "/01a20f02-0000-7000-8000-000000000000", bearer).await,
    ]
}

#[tokio::test]
async fn everybody_may_do_what_is_said_of_them() {
    let service = Service::start().await;
    for (person, wanted) in [
        ("Manager", [200, 201, 404]),
        ("Editor", [200, 409, 403]),
        ("Reader", [200, 403, 403]),
        ("Nobody", [403, 403, 403]),
    ] {
        let tokens = service.tokens(person, DEFAULT).await;
        assert_eq!(statuses(&service, &tokens).await, wanted, "{person}");
    }
}

#[tokio::test]
async fn nobody_gets_more_than_they_have_or_was_asked_for() {
    let service = Service::start().await;
    let scp = async |person, scope: &str| {
        Jwt::read(&service.tokens(person, scope).await["access_token"]).claims["scp"].clone()
    };
    assert_eq!(scp("Reader", &format!("{READ} {READ_WRITE} {CONFIGURATION}")).await, READ);
    assert_eq!(scp("Manager", READ).await, READ);
    assert_eq!(scp("Nobody", READ_WRITE).await, "");
    assert_eq!(scp("Manager", &format!("https://graph.microsoft.com/{READ}")).await, READ);
    assert_eq!(scp("Reader", "openid User.Read offline_access").await, "openid User.Read");
}

#[tokio::test]
async fn a_personal_account_signs_in_and_is_refused_by_the_register() {
    let service = Service::start().await;
    let path = format!("/consumers/oauth2/v2.0/authorize?{}", service.ask().encoded());
    let page = Page::read(service.get(&path).await);
    let answer = service.send(service.press(&page, &page.button("Personal account"))).await;
    let code = answer.sent("code").unwrap();
    let fields = service.redeem(&code);
    let tokens = service.post("/consumers/oauth2/v2.0/token", &fields).await.ok();
    assert_eq!(statuses(&service, &tokens).await, [403; 3]);
}

#[tokio::test]
async fn an_application_acts_for_itself() {
    let service = Service::start().await;
    let tokens = service.token(&service.own_token()).await.ok();
    assert_eq!(statuses(&service, &tokens).await, [200, 201, 404]);
    let claims = Jwt::read(&tokens["access_token"]).claims;
    assert_eq!(claims["roles"], serde_json::json!([READ_WRITE]));
    assert_eq!(claims["appid"], service.env()["CLIENT_ID"]);
    assert_eq!(claims["idtyp"], "app");
    assert!(claims.get("scp").is_none() && claims.get("upn").is_none());
}

// Tokens are of the tenant of the path, and reach its rows alone.
#[tokio::test]
async fn tokens_are_of_the_tenant_that_was_asked() {
    let service = Service::start().await;
    let tenant = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10";
    let store = service.server().store();
    store.add_tenant(tenant.parse().unwrap(), "North", true).await.unwrap();
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let theirs = service.post(&path, &service.own_token()).await.ok();
    assert_eq!(Jwt::read(&theirs["access_token"]).claims["tid"], tenant);
    assert_eq!(statuses(&service, &theirs).await[1], 201);
    let ours = service.token(&service.own_token()).await.ok();
    assert_eq!(statuses(&service, &ours).await[1], 201, "another tenant's row is in nobody's way");
    // Without a licence one signs in, as in Entra ID, and is refused by the register.
    let unlicensed = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e11";
    store.add_tenant(unlicensed.parse().unwrap(), "South", false).await.unwrap();
    let path = format!("/{unlicensed}/oauth2/v2.0/token");
    let tokens = service.post(&path, &service.own_token()).await.ok();
    assert_eq!(statuses(&service, &tokens).await, [400; 3]);
}

#[tokio::test]
async fn the_history_names_the_person_and_the_application() {
    let service = Service::start().await;
    let tokens = service.tokens("Editor", DEFAULT).await;
    assert_eq!(statuses(&service, &tokens).await[1], 201);
    let filter = store::HistoryFilter { tenant: None, id: None };
    let changes = service.server().store().history(&filter, None, 10).await.unwrap();
    let store::Actor::User { user_name, app_name, .. } = &changes[0].audit.actor else {
        panic!("{:?}", changes[0]);
    };
    assert_eq!(user_name.as_deref(), Some("editor@muster.localhost"));
    assert_eq!(app_name.as_deref(), Some("Muster developer tools"));
}
