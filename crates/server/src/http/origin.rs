//! The address that a client called, which links in answers follow, and whether it is one of ours.
//! Must not know what is linked.

use std::net::IpAddr;

use http::request::Parts;
use http::uri::Authority;
use http::{Uri, Version, header};

use super::Peer;
use super::error::ApiError;

/// The names of this machine for itself.
pub(crate) const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The addresses under which the service is called.
#[derive(Clone, Debug)]
pub enum Origins {
    /// Only by these names, besides those of this machine for itself. Any other is a page in a
    /// browser that was made to call here (DNS rebinding), or a mistake.
    Local(Vec<String>),
    /// By whatever name; but links only ever hold one that is known.
    Public {
        /// Where the service says that it is: scheme, host and port.
        url: Option<String>,
        /// Further hosts, with their ports if these are not the scheme's, that links may follow.
        hosts: Vec<String>,
    },
}

impl Origins {
    /// Whether a host, with or without a port, is this machine by one of the names it is called by.
    pub(crate) fn is_this_machine(&self, host: &str) -> bool {
        matches!(self, Self::Local(names) if is_local(names, host))
    }

    /// A service for everybody, called by this address and these further hosts.
    ///
    /// # Errors
    /// The address has more than scheme, host and port, or a host is none.
    pub(crate) fn public(url: Option<&str>, hosts: &[String]) -> Result<Self, String> {
        if let Some(host) = hosts.iter().find(|host| host.parse::<Authority>().is_err()) {
            return Err(format!(
                "'{host}' is no host: give a name and, where it has one, its port"
            ));
        }
        let url = url.map(bare_origin).transpose()?;
        Ok(Self::Public { url, hosts: hosts.to_vec() })
    }

    /// The address that the client called, for links: scheme, host and port.
    ///
    /// # Errors
    /// The host is not one that is served, or not named as HTTP asks.
    pub(super) fn origin(&self, head: &Parts, peer: Option<Peer>) -> Result<String, ApiError> {
        let scheme = if peer.is_some_and(|peer| peer.is_secure) { "https" } else { "http" };
        Ok(match (self, called(head)?) {
            (Self::Local(names), Some(host)) if !is_local(names, host) => {
                return Err(not_served(names, host));
            }
            // Under the public host, too: whoever ends TLS before us calls by another scheme.
            (Self::Public { url, hosts }, Some(host)) if !is_known(hosts, peer, host) => {
                url.clone().unwrap_or_else(|| listener(scheme, peer))
            }
            (Self::Public { url: Some(url), .. }, None) => url.clone(),
            // HTTP/1.0 names no host.
            (_, None) => listener(scheme, peer),
            (_, Some(host)) => format!("{scheme}://{host}"),
        })
    }
}

/// An address with nothing but scheme, host and port.
fn bare_origin(text: &str) -> Result<String, String> {
    let no_origin = || format!("'{text}' is not just http or https, a host and its port");
    let url: Uri = text.parse().map_err(|_| no_origin())?;
    let is_bare = url.path() == "/" && url.query().is_none() && !text.contains(['@', '#']);
    match (url.scheme_str(), url.authority()) {
        (Some(scheme @ ("http" | "https")), Some(host)) if is_bare => {
            Ok(format!("{scheme}://{host}"))
        }
        _ => Err(no_origin()),
    }
}

/// The host and port that the client named: in the target, which counts more (RFC 9112, 3.2.2) and
/// is where HTTP/2 has it, or in `Host`.
fn called(head: &Parts) -> Result<Option<&str>, ApiError> {
    // HTTP/1.1 has one `Host`, whatever stands in the target (RFC 9112, 3.2).
    let given = head.headers.get_all(header::HOST).iter().count();
    if given > 1 || (given == 0 && head.version == Version::HTTP_11) {
        let message = format!("The header 'Host' is there {given} times; send it once.");
        return Err(ApiError::bad_request(message));
    }
    let named = head.uri.authority().map(Authority::as_str);
    let header = head.headers.get(header::HOST);
    Ok(named.or_else(|| header.map(|host| host.to_str().unwrap_or_default())))
}

fn listener(scheme: &str, peer: Option<Peer>) -> String {
    match peer {
        Some(peer) => format!("{scheme}://{}", peer.local),
        None => format!("{scheme}://localhost"),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_local(names: &[String], host: &str) -> bool {
    let name = without_port(host);
    let mut served = LOOPBACK.iter().copied().chain(names.iter().map(String::as_str));
    served.any(|known| known.eq_ignore_ascii_case(name)) || is_loopback(name)
}

/// Whether it is an address of this machine's own: no name server can point one elsewhere.
fn is_loopback(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn not_served(names: &[String], host: &str) -> ApiError {
    let served: Vec<&str> =
        LOOPBACK.iter().copied().chain(names.iter().map(String::as_str)).collect();
    let shown: String = without_port(host).chars().take(100).collect();
    ApiError::bad_request(format!(
        "The host '{shown}' is not served: call {} instead.",
        served.join(" or ")
    ))
}

fn is_known(hosts: &[String], peer: Option<Peer>, host: &str) -> bool {
    let listener = peer.map(|peer| peer.local.to_string());
    let mut known = hosts.iter().map(String::as_str).chain(listener.as_deref());
    known.any(|known| known.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(origins: &Origins, target: &str, host: Option<&str>) -> Result<String, String> {
        let mut request = http::Request::builder().uri(target);
        request = match host {
            Some(host) => request.header(header::HOST, host),
            None => request.version(Version::HTTP_10),
        };
        let (head, ()) = request.body(()).unwrap().into_parts();
        let peer = Peer {
            remote: "127.0.0.1:50000".parse().unwrap(),
            local: "127.0.0.1:8080".parse().unwrap(),
            is_secure: target.starts_with("https"),
        };
        origins.origin(&head, Some(peer)).map_err(|error| error.message)
    }

    #[test]
    fn a_local_service_answers_to_names_of_this_machine_alone() {
        let local = Origins::Local(vec!["muster.test".to_owned()]);
        let origin = |host| origin(&local, "/beta", Some(host));
        assert_eq!(origin("localhost:8080"), Ok("http://localhost:8080".to_owned()));
        assert_eq!(origin("[::1]:8080"), Ok("http://[::1]:8080".to_owned()));
        assert_eq!(origin("127.1.2.3"), Ok("http://127.1.2.3".to_owned()));
        assert_eq!(origin("Muster.test"), Ok("http://Muster.test".to_owned()));
        for foreign in ["evil.example", "localhost.evil.example", "localhost:80:80", ""] {
            assert!(origin(foreign).unwrap_err().contains("is not served"), "{foreign}");
        }
    }

    #[test]
    fn the_target_counts_more_than_the_header() {
        let local = Origins::Local(Vec::new());
        let called = origin(&local, "https://localhost:8443/beta", Some("evil.example"));
        assert_eq!(called, Ok("https://localhost:8443".to_owned()));
        assert!(origin(&local, "http://evil.example/beta", Some("localhost")).is_err());
    }

    #[test]
    fn a_public_service_links_to_known_hosts_alone() {
        let url = Some("https://muster.example.com".to_owned());
        let public = Origins::Public { url, hosts: vec!["inner.example.com:8080".to_owned()] };
        let called = |host| origin(&public, "/beta", host).unwrap();
        assert_eq!(called(Some("inner.example.com:8080")), "http://inner.example.com:8080");
        assert_eq!(called(Some("127.0.0.1:8080")), "http://127.0.0.1:8080");
        assert_eq!(called(Some("evil.example")), "https://muster.example.com");
        assert_eq!(called(None), "https://muster.example.com");
        let unnamed = Origins::Public { url: None, hosts: Vec::new() };
        let called = origin(&unnamed, "/beta", Some("evil.example"));
        assert_eq!(called, Ok("http://127.0.0.1:8080".to_owned()));
    }
}
