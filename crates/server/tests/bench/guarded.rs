//! Who may go back: a caller with a token that may do everything, of that caller's tenant, and no
//! page in a browser.

use clap::Parser;
use muster::app::Server;
use muster::cli::ServeArgs;
use muster::http::test_bench::{Action, ROUTES, Route};

use crate::process::Place;
use crate::support::{CONFIGURATION_READ_WRITE, Call, Method, READ, Service, Token, serial};

/// A request to a route that would succeed if the caller were right.
fn example(service: &Service, route: &Route) -> Call {
    let path = route.template.replace("{name}", "a");
    service.call(route.method.clone(), &path)
}

async fn take(service: &Service) {
    service.call(Method::POST, "/dev/snapshot/a").await.succeeds(204);
}

each_engine!(every_route_wants_a_token_that_may_do_everything, async |service: &Service| {
    take(service).await;
    service.create(&serial("A-1")).await;
    let ours = Token::of(&service.tenant());
    let personal = Token::of("9188040d-6c67-4c5b-b112-36a304b66dad");
    for route in &ROUTES {
        let call = || example(service, route);
        let code = "InvalidAuthenticationToken";
        call().without_token().await.fails(401, code);
        call().token("nonsense").await.fails(401, code);
        call().token(&ours.sign_with_foreign_key()).await.fails(401, code);
        call().token(&ours.clone().time("exp", -3_600).sign()).await.fails(401, code);
        for roles in [&[][..], &[READ], &[CONFIGURATION_READ_WRITE]] {
            let token = ours.clone().roles(roles).sign();
            let message = call().token(&token).await.fails(403, "Forbidden");
            assert!(message.contains("DeviceManagementServiceConfig.ReadWrite.All"), "{message}");
        }
        call().token(&personal.sign()).await.fails(403, "Forbidden");
        let unlicensed = Token::of(&service.add_tenant(false).await).sign();
        call().token(&unlicensed).await.fails(400, "BadRequest");
    }
    assert_eq!(service.identifiers().await, ["A-1"], "nobody has changed anything");
    for route in &ROUTES {
        let is_list = route.action == Action::List;
        example(service, route).await.succeeds(if is_list { 200 } else { 204 });
    }
});

each_engine!(a_page_in_a_browser_cannot_call, async |service: &Service| {
    service.create(&serial("A-1")).await;
    // What a page can send without being asked: no token, whatever the body's type.
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let call = service.call(Method::POST, "/dev/reset").without_token();
        let call = call.header("origin", "https://evil.example");
        let call = call.header("content-type", content_type).body("a=b");
        call.await.fails(401, "InvalidAuthenticationToken");
    }
    // And it is never told that it might send one.
    let preflight = service.call(Method::OPTIONS, "/dev/reset").without_token();
    let preflight = preflight.header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = preflight.header("access-control-request-headers", "authorization").await;
    answer.fails(405, "MethodNotAllowed");
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    // Nor by a name of its own for this machine.
    let rebound = service.raw("POST", "/dev/reset", &[], b"").await;
    rebound.succeeds(204);
    service.create(&serial("A-2")).await;
    let head = format!(
        "POST /dev/reset HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer {}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n",
        service.token()
    );
    let message = service.exchange(head.as_bytes()).await.fails(400, "BadRequest");
    assert!(message.starts_with("The host 'evil.example' is not served"), "{message}");
    assert_eq!(service.identifiers().await, ["A-2"]);
});

each_engine!(what_is_not_there_says_so, async |service: &Service| {
    for (method, path, allowed) in [
        (Method::GET, "/dev/reset", "POST"),
        (Method::DELETE, "/dev/snapshot", "GET"),
        (Method::PUT, "/dev/snapshot/a", "POST, DELETE"),
        (Method::GET, "/dev/snapshot/a/restore", "POST"),
    ] {
        let answer = service.call(method, path).await;
        answer.fails(405, "MethodNotAllowed");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
    for path in ["/dev", "/dev/nothing", "/dev/snapshot/a/b"] {
        let message = service.call(Method::POST, path).await.fails(400, "BadRequest");
        assert_eq!(message, "Resource not found for the segment 'dev'.", "{path}");
    }
});

each_engine!(the_test_bench_is_not_throttled, ["--throttle", "1/60"], async |service: &Service| {
    for _ in 0..5 {
        service.call(Method::POST, "/dev/reset").await.succeeds(204);
    }
    service.get("").await.succeeds(200);
    service.get("").await.fails(429, "TooManyRequests");
});

#[tokio::test]
async fn a_register_of_others_has_no_test_bench() {
    let place = Place::new();
    let data = place.data("").display().to_string();
    let outside = ["--issuer", "https://authority.invalid/", "--audience", "api://muster"];
    let serve = ["muster", "--listen", "127.0.0.1:0", "--data", &data];
    let args = ServeArgs::try_parse_from(serve.iter().chain(&outside)).unwrap();
    let server = Server::start(&args).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for route in &ROUTES {
        let path = route.template.replace("{name}", "a");
        let url = format!("http://{}{path}", server.addresses()[0]);
        let answer = http.request(route.method.clone(), url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{path}");
        let body = answer.text().await.unwrap();
        assert!(body.contains("Resource not found for the segment 'dev'."), "{body}");
    }
    server.stop().await;
    for option in [&["--ephemeral"][..], &["--seed", "a.json"]] {
        let failure = place.fails(&[&["serve"], &outside[..], option].concat());
        assert_eq!(failure, format!("muster: {} is for --dev alone: leave it out", option[0]));
    }
}
