//! Where the metrics are served.

use std::net::TcpListener;

use crate::support::{Place, Server};

#[tokio::test]
async fn metrics_have_a_listener_of_their_own_that_serves_nothing_of_the_api() {
    let place = Place::new();
    let server = place.serve(&[]);
    let own = server.metrics.unwrap();
    let (status, content_type, text) = server.get(own, "/metrics").await;
    assert_eq!((status, content_type.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    assert!(text.contains("# TYPE muster_http_refused_total counter\n"), "{text}");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.get(own, path).await.0, 200, "{path}");
    }
    assert_eq!(server.get(own, "/beta").await.0, 404);
    assert_eq!(server.get(server.address, "/metrics").await.0, 400, "not on the API's");
}

#[tokio::test]
async fn metrics_may_be_served_beside_the_api() {
    let place = Place::new();
    let options = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
    let server =
        Server::start(place.command(&[&options[..], &["--metrics-listen", "api"]].concat()));
    assert_eq!(server.metrics, None);
    let (status, _, text) = server.get(server.address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("muster_build_info"), "{text}");
}

#[tokio::test]
async fn under_dev_nothing_is_measured_unless_asked_for() {
    let place = Place::new();
    let options = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
    let server = Server::start(place.command(&options));
    assert_eq!(server.metrics, None);
    assert_eq!(server.get(server.address, "/metrics").await.0, 400);
    assert_eq!(server.get(server.address, "/readyz").await.0, 200);
}

/// Otherwise a port is taken, and one that is not free is told.
#[test]
fn without_dev_the_port_is_the_usual_one() {
    // Whoever has it already serves as well.
    let _taken = TcpListener::bind("127.0.0.1:9464");
    let place = Place::new();
    let options = ["serve", "--issuer", "https://id.example.com", "--audience", "muster"];
    let ran = place.run(&[&options[..], &["--listen", "127.0.0.1:0"]].concat(), &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("cannot listen on 127.0.0.1:9464"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--metrics-listen"), "{}", ran.stderr);
}

#[test]
fn under_dev_metrics_are_for_this_machine_alone_too() {
    let ran = Place::new().run(&["serve", "--dev", "--metrics-listen", "0.0.0.0:0"], &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("0.0.0.0:0 can be reached by others"), "{}", ran.stderr);
}

/// Page in a browser that was made to call here (DNS rebinding).
#[tokio::test]
async fn foreign_hosts_are_refused_here_too() {
    let place = Place::new();
    let server = place.serve(&[]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (address, path) in [(server.metrics.unwrap(), "/metrics"), (server.address, "/readyz")] {
        let request = http.get(format!("http://{address}{path}")).header("host", "evil.example");
        assert_eq!(request.send().await.unwrap().status(), 400, "{path}");
    }
}
