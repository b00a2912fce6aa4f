//! What is refused does not end the connection: the requests behind it are answered.

use crate::support::{COLLECTION, Service, serial};

/// A request that keeps the connection open, with these header lines besides.
fn request(service: &Service, path: &str, lines: &str, body: &str) -> String {
    let (host, token, length) = (service.address(), service.token(), body.len());
    format!(
        "POST {COLLECTION}{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\n{lines}\r\n{body}"
    )
}

/// The statuses of the answers on one connection, in order.
async fn statuses(service: &Service, requests: &[String]) -> Vec<String> {
    let answers = service.bytes(requests.concat().as_bytes()).await;
    let answers = String::from_utf8(answers).unwrap();
    answers.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].to_owned()).collect()
}

each_engine!(a_connection_outlives_what_is_refused_on_it, async |service: &Service| {
    let json = "Content-Type: application/json\r\n";
    let good = serial("A-1").to_string();
    let deep = "[".repeat(10_000);
    let requests = [
        request(service, "", json, "{"),
        request(service, "", json, ""),
        request(service, "", json, "{\"platform\": 7}"),
        request(service, "", json, &deep),
        request(service, "", "Content-Type: text/plain\r\n", &good),
        request(service, "", "", &good),
        request(service, "/searchExistingIdentities", json, "[]"),
        request(service, "/importDeviceIdentityList", json, "{\"importedDeviceIdentities\": 7}"),
        request(service, "/$count", json, "{}"),
        request(service, "/$count/nonsense", json, "{}"),
        request(service, "", &format!("{json}Connection: close\r\n"), &good),
    ];
    let answered = statuses(service, &requests).await;
    let refused = ["400"; 8].into_iter().chain(["405", "400", "201"]);
    assert!(answered.iter().map(String::as_str).eq(refused), "{answered:?}");
    assert_eq!(service.identifiers().await, ["A-1"]);
});
