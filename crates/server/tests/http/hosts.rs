//! The host that a client calls: which names are served, and what becomes of them in links.

use crate::support::{Answer, COLLECTION, Service, serial};

/// Sends a `GET` with these header lines and no others but the token.
async fn get(service: &Service, target: &str, version: &str, lines: &[&str]) -> Answer {
    let mut request = format!(
        "GET {target} HTTP/{version}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n",
        service.token()
    );
    for line in lines {
        request.push_str(line);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    service.exchange(request.as_bytes()).await
}

async fn context_of(service: &Service, target: &str, version: &str, lines: &[&str]) -> String {
    let list = get(service, target, version, lines).await.succeeds(200);
    list["@odata.context"].as_str().unwrap().to_owned()
}

/// The context of the list when this host was called.
fn context(host: &str) -> String {
    format!("http://{host}/beta/$metadata#deviceManagement/importedDeviceIdentities")
}

each_engine!(links_carry_the_host_that_was_called, async |service: &Service| {
    for host in [
        "localhost",
        "localhost:1",
        "LocalHost:8080",
        "127.0.0.1",
        "127.0.0.1:65535",
        "127.1.2.3:80",
        "[::1]",
        "[::1]:8080",
    ] {
        let line = format!("Host: {host}");
        assert_eq!(context_of(service, COLLECTION, "1.1", &[&line]).await, context(host));
    }
});

each_engine!(location_and_entity_id_carry_it_too, async |service: &Service| {
    let lines = ["Content-Type: application/json", "Prefer: return=minimal"];
    let body = serial("A-1").to_string();
    let mut request = service.head("POST", COLLECTION, &lines);
    request.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes());
    let request = String::from_utf8(request).unwrap();
    let ours = format!("Host: {}", service.address());
    let answer = service.exchange(request.replace(&ours, "Host: localhost:7").as_bytes()).await;
    answer.succeeds(204);
    for name in ["location", "odata-entityid"] {
        let address = answer.header(name);
        assert!(address.starts_with(&format!("http://localhost:7{COLLECTION}/")), "{address}");
    }
});

each_engine!(a_foreign_host_is_refused, async |service: &Service| {
    for host in [
        "graph.microsoft.com",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "10.0.0.1",
        "0.0.0.0",
        "[::2]",
        "localhost@evil.example",
        "evil.example:80:80",
        "l\u{f6}calhost",
        "",
    ] {
        let answer = get(service, COLLECTION, "1.1", &[&format!("Host: {host}")]).await;
        assert_eq!(answer.status, 400, "{host}: {}", answer.text());
        let message = answer.fails(400, "BadRequest");
        assert!(message.contains("localhost or 127.0.0.1 or [::1]"), "{message}");
    }
    let answer = get(service, COLLECTION, "1.1", &["Host: evil.example:8080"]).await;
    assert!(answer.message().contains("'evil.example'"), "{}", answer.message());
});

each_engine!(a_foreign_host_learns_nothing_of_what_is_offered, async |service: &Service| {
    get(service, "/beta/", "1.1", &["Host: evil.example"]).await.fails(400, "BadRequest");
});

each_engine!(a_foreign_host_writes_nothing, async |service: &Service| {
    let body = serial("A-1").to_string();
    let mut request = service.head("POST", COLLECTION, &["Content-Type: application/json"]);
    request.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes());
    let request = String::from_utf8(request).unwrap();
    let ours = format!("Host: {}", service.address());
    let foreign = request.replace(&ours, "Host: evil.example");
    service.exchange(foreign.as_bytes()).await.fails(400, "BadRequest");
    assert!(service.rows().await.is_empty());
    service.exchange(request.as_bytes()).await.succeeds(201);
});

each_engine!(a_target_in_absolute_form_names_the_host, async |service: &Service| {
    let target = format!("http://localhost:7{COLLECTION}");
    for host in ["Host: localhost:7", "Host: 127.0.0.1:8", "Host: evil.example"] {
        assert_eq!(context_of(service, &target, "1.1", &[host]).await, context("localhost:7"));
    }
    for authority in ["evil.example", "user@localhost", "localhost:7@evil.example"] {
        let target = format!("http://{authority}{COLLECTION}");
        let answer = get(service, &target, "1.1", &["Host: localhost"]).await;
        assert!(answer.fails(400, "BadRequest").contains("is not served"), "{authority}");
    }
});

each_engine!(exactly_one_host_is_called, async |service: &Service| {
    let none = get(service, COLLECTION, "1.1", &[]).await;
    assert!(none.fails(400, "BadRequest").contains("'Host'"));
    for second in ["Host: localhost", "Host: evil.example"] {
        let two = get(service, COLLECTION, "1.1", &["Host: localhost", second]).await;
        assert!(two.fails(400, "BadRequest").contains("'Host'"));
    }
});

each_engine!(http_1_0_need_not_name_a_host, async |service: &Service| {
    let here = context(&service.address().to_string());
    assert_eq!(context_of(service, COLLECTION, "1.0", &[]).await, here);
    get(service, COLLECTION, "1.0", &["Host: evil.example"]).await.fails(400, "BadRequest");
});
