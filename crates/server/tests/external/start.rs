//! Starting without `--dev`: with an authority or not at all, and with nothing of `--dev`.

use rcgen::generate_simple_self_signed;

use crate::support::{Authority, Key, Muster, NORTH, Token, refused_start};

const ISSUER: [&str; 2] = ["--issuer", "https://id.example.com"];

#[test]
fn without_an_authority_it_says_what_to_give() {
    let said = refused_start(&[]);
    for option in ["--cloud", "--issuer", "--audience", "--dev"] {
        assert!(said.contains(option), "{option} is not in: {said}");
    }
}

#[track_caller]
fn refuses(options: &[&str], reason: &str) {
    let said = refused_start(options);
    assert!(said.contains(reason), "{options:?}: {said}");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let with = |more: &[&'static str]| [&ISSUER, more].concat();
    let audience = ["--audience", "x"];
    let elsewhere = "0b1d2c3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e";
    refuses(&with(&["--dev"]), "leave --issuer out");
    refuses(&["--dev", "--cloud", "global"], "leave --cloud out");
    refuses(&["--dev", "--public-url", "https://x.example"], "leave --public-url out");
    refuses(&with(&["--cloud", "china"]), "leave one of them out");
    refuses(&with(&[]), "--issuer needs --audience");
    refuses(&["--cloud", "moon"], "'moon' is none of global, usgov, usgov-dod, china");
    refuses(&["--cloud", "global", "--tenant", NORTH], "those of --cloud name theirs");
    let two = with(&["--audience", "x", "--tenant", NORTH, "--tenant", elsewhere]);
    refuses(&two, "--tenant is given 2 times, and --issuer 1 times");
    let named = ["--issuer", "https://id.example.com/{tid}", "--tenant", NORTH];
    refuses(&[&named[..], &audience].concat(), "has the tenant in its name");
    refuses(&["--issuer", "http://id.example.com"], "is not https");
    refuses(&with(&["--audience", "x", "--dev-host", "y"]), "--dev-host is for --dev alone");
    refuses(&with(&["--audience", "x", "--no-sample"]), "--no-sample is for --dev alone");
    let path = with(&["--audience", "x", "--public-url", "https://example.com/muster"]);
    refuses(&path, "is not just http or https, a host and its port");
    let host = with(&["--audience", "x", "--allowed-host", "https://example.com"]);
    refuses(&host, "is no host");
    let ca = with(&["--audience", "x", "--authority-ca", "/nowhere/ca.pem"]);
    refuses(&ca, "--authority-ca: /nowhere/ca.pem: No such file");
    let no_ca = with(&["--audience", "x", "--authority-ca", "/dev/null"]);
    refuses(&no_ca, "/dev/null holds no certificate");
    let tls = with(&["--audience", "x", "--tls-listen", "127.0.0.1:0"]);
    refuses(&tls, "--tls-listen needs a certificate: give --tls-cert and --tls-key");
    let files = with(&["--audience", "x", "--tls-cert", "c.pem", "--tls-key", "k.pem"]);
    refuses(&files, "give --tls-listen");
}

#[tokio::test]
async fn nothing_of_dev_is_made() {
    let authority = Authority::start(&[&Key::rsa("k1")]).await;
    let options = authority.options();
    let service = Muster::start(&options, &[]).await;
    let mut files: Vec<String> = std::fs::read_dir(service.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("std"))
        .collect();
    files.sort();
    assert_eq!(files, ["lock", "muster.db", "muster.db-shm", "muster.db-wal"]);
    assert_eq!(service.admin(&["tenant", "list", "--output", "json"]).trim(), "[]");
    let greeting = service.greeting();
    assert!(greeting.contains(&authority.issuer()), "{greeting}");
    assert!(greeting.contains("muster admin tenant add"), "{greeting}");
    assert!(!greeting.contains("https://"), "nobody speaks TLS: {greeting}");
}

#[tokio::test]
async fn the_environment_says_it_as_well() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    let environment = [
        ("MUSTER_ISSUER", format!("{},https://id.example.com", authority.issuer())),
        ("MUSTER_AUDIENCE", "api://other,api://muster".to_owned()),
        ("MUSTER_TENANT", NORTH.to_owned()),
    ];
    let data = tempfile::TempDir::new().unwrap();
    let service = Muster::start_in(data, &environment, &[] as &[&str], &[NORTH]).await;
    service.admits(&Token::of(&authority.issuer()).sign(&key)).await;
}

#[tokio::test]
async fn tls_is_spoken_with_the_files_that_were_given() {
    let (key, data) = (Key::rsa("k1"), tempfile::TempDir::new().unwrap());
    let authority = Authority::start(&[&key]).await;
    let pair = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let file = |name: &str, content: String| {
        let path = data.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("cert.pem", pair.cert.pem());
    let private = file("key.pem", pair.signing_key.serialize_pem());
    let mut options = authority.options();
    options.extend(["--tenant", NORTH, "--tls-listen", "127.0.0.1:0"].map(str::to_owned));
    options.extend(["--tls-cert", &certificate, "--tls-key", &private].map(str::to_owned));
    let service = Muster::start_in(data, &[], &options, &[NORTH]).await;
    let greeting = service.greeting();
    let (_, address) = greeting.split_once("https://127.0.0.1:").unwrap();
    let port = address.split_whitespace().next().unwrap();
    let ca = reqwest::Certificate::from_pem(pair.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    let answer = client.get(format!("https://localhost:{port}/beta")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
}
