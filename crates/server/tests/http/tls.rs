//! TLS under `--dev`: a certificate that the local authority vouches for, HTTP/2, and links that
//! say where they were asked for.

use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::CertifiedKey;
use reqwest::{Certificate, Client, ClientBuilder, Response, Version};

use crate::support::{COLLECTION, Service, Value, serial};

/// A client that trusts this certificate and no other.
fn trusting(pem: &[u8]) -> ClientBuilder {
    let certificate = Certificate::from_pem(pem).unwrap();
    Client::builder().no_proxy().tls_certs_only([certificate])
}

fn trusting_the_authority(service: &Service) -> ClientBuilder {
    trusting(&std::fs::read(service.data().join("dev-ca.pem")).unwrap())
}

async fn list(service: &Service, client: &Client) -> reqwest::Result<Response> {
    let url = format!("{}{COLLECTION}?$top=1", service.tls_origin());
    client.get(url).bearer_auth(service.token()).send().await
}

each_engine!(a_client_that_trusts_the_authority_is_served, async |service: &Service| {
    service.fill(2).await;
    let both = trusting_the_authority(service).build().unwrap();
    let old = trusting_the_authority(service).http1_only().build().unwrap();
    for (client, version) in [(both, Version::HTTP_2), (old, Version::HTTP_11)] {
        let answer = list(service, &client).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
        let page: Value = answer.json().await.unwrap();
        for link in ["@odata.context", "@odata.nextLink"] {
            let link = page[link].as_str().unwrap();
            assert!(link.starts_with(&format!("{}/beta/", service.tls_origin())), "{link}");
        }
        let next = client.get(page["@odata.nextLink"].as_str().unwrap());
        let next = next.bearer_auth(service.token()).send().await.unwrap();
        assert_eq!(next.status(), 200);
    }
});

each_engine!(a_client_that_does_not_is_not, async |service: &Service| {
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let client = trusting(other.cert.pem().as_bytes()).build().unwrap();
    assert!(list(service, &client).await.unwrap_err().is_connect());
});

each_engine!(many_requests_share_a_connection, async |service: &Service| {
    let client = trusting_the_authority(service).http2_prior_knowledge().build().unwrap();
    let url = format!("{}{COLLECTION}", service.tls_origin());
    let writes = (0..200).map(|n| {
        let body = serial(&format!("{n:03}"));
        client.post(&url).bearer_auth(service.token()).json(&body).send()
    });
    for answer in futures_util::future::join_all(writes).await {
        assert_eq!(answer.unwrap().status(), 201);
    }
    assert_eq!(service.rows().await.len(), 200);
});

each_engine!(a_refusal_of_what_is_no_http_comes_under_tls_too, async |service: &Service| {
    let client = trusting_the_authority(service).http1_only().build().unwrap();
    let many = (0..120)
        .fold(client.get(service.tls_origin()), |request, n| request.header(format!("x-{n}"), "1"));
    let answer = many.send().await.unwrap();
    assert_eq!(answer.status(), 431);
    assert!(answer.headers().contains_key("strict-transport-security"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "RequestHeaderFieldsTooLarge");
});

each_engine!(a_head_has_the_same_limits_over_http_2, async |service: &Service| {
    let client = trusting_the_authority(service).http2_prior_knowledge().build().unwrap();
    let get = async |path: usize, header: usize| {
        let url = format!("{}{COLLECTION}/{}", service.tls_origin(), "x".repeat(path));
        let call = client.get(url).bearer_auth(service.token()).header("x-1", "1".repeat(header));
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap()["error"]["code"].clone())
    };
    assert_eq!(get(15_000, 25_000).await, (404, "ResourceNotFound".into()));
    assert_eq!(get(15_000, 33_000).await, (431, "RequestHeaderFieldsTooLarge".into()));
});

each_engine!(a_further_name_is_served, ["--dev-host", "muster.test"], async |service: &Service| {
    let address = service.tls_origin().replace("https://localhost:", "127.0.0.1:");
    let address: std::net::SocketAddr = address.parse().unwrap();
    let client = trusting_the_authority(service).resolve("muster.test", address).build().unwrap();
    let url = format!("https://muster.test:{}{COLLECTION}", address.port());
    let answer = client.get(url).bearer_auth(service.token()).send().await.unwrap();
    let page: Value = answer.json().await.unwrap();
    let context = page["@odata.context"].as_str().unwrap();
    assert!(context.starts_with("https://muster.test:"), "{context}");
});

/// A certificate of somebody's own, in the two files that the service reads.
fn renew(directory: &Path) -> String {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(directory.join("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(directory.join("cert.pem"), cert.pem()).unwrap();
    cert.pem()
}

#[tokio::test]
async fn a_certificate_is_exchanged_when_its_files_change() {
    let directory = tempfile::tempdir().unwrap();
    let first = renew(directory.path());
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let options = ["--tls-cert", cert, "--tls-key", key];
    crate::support::run(crate::support::Engine::Sqlite, &options, async |service: &Service| {
        let reaches = async |pem: &str| {
            list(service, &trusting(pem.as_bytes()).build().unwrap()).await.is_ok()
        };
        assert!(reaches(&first).await);
        // Half of a renewal does not serve, and the old pair stays.
        std::fs::write(key, "half of a").unwrap();
        assert!(reaches(&first).await);
        let second = renew(directory.path());
        let late = Instant::now() + Duration::from_secs(30);
        while !reaches(&second).await {
            assert!(Instant::now() < late, "the new certificate is not served");
        }
        assert!(!reaches(&first).await);
    })
    .await;
}
