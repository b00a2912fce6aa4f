//! Scopes: what an application asks for, and what of it a person or nobody gives. Must not know who
//! asks.

use super::error::{Fault, Refusal};
use super::people::Person;
use crate::auth::Permission;
use crate::http::Origins;

/// Microsoft Graph, by address and by application id.
const GRAPH: [&str; 2] = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];
/// All that was consented to for a resource.
const DEFAULT: &str = ".default";
/// What every application may ask for, and everybody gives: to know who they are.
const BASIC: &str = "User.Read";
/// Longest list of scopes.
const MAX_BYTES: usize = 4_096;

/// A scope of OpenID Connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// An id token.
    OpenId,
    /// The person's name in it.
    Profile,
    /// Their address in it.
    Email,
    /// A refresh token.
    OfflineAccess,
}

impl Identity {
    pub(super) const ALL: [Self; 4] =
        [Self::OpenId, Self::Profile, Self::Email, Self::OfflineAccess];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
        }
    }
}

/// One scope, and how it was written.
#[derive(Clone, Debug)]
struct Scope {
    written: String,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Identity(Identity),
    Default,
    Basic,
    Permission(Permission),
}

/// What an application asks for.
#[derive(Clone, Debug)]
pub(super) struct Scopes(Vec<Scope>);

/// What it gets.
#[derive(Debug)]
pub(super) struct Granted {
    /// As the access token says it.
    pub(super) scp: Vec<String>,
    /// As the answer says it: as it was asked.
    pub(super) shown: String,
}

impl Scopes {
    /// Reads a list (RFC 6749, 3.3).
    ///
    /// # Errors
    /// One of them is none that could be granted.
    pub(super) fn parse(text: &str, origins: &Origins) -> Result<Self, Refusal> {
        let mut scopes: Vec<Scope> = Vec::new();
        if text.len() > MAX_BYTES {
            return Err(bad(format!("The scopes have more than {MAX_BYTES} bytes.")));
        }
        for written in text.split(' ').filter(|written| !written.is_empty()) {
            let scope = Scope { written: written.to_owned(), meaning: meaning(written, origins)? };
            if !scopes.iter().any(|known| known.meaning == scope.meaning) {
                scopes.push(scope);
            }
        }
        let is_for_resource = |scope: &&Scope| !matches!(scope.meaning, Meaning::Identity(_));
        let of_resource = scopes.iter().filter(is_for_resource).count();
        if of_resource > 1 && scopes.iter().any(|scope| scope.meaning == Meaning::Default) {
            return Err(bad(
                "'.default' stands for all that is permitted: no other permission can stand \
                 beside it.",
            ));
        }
        if scopes.is_empty() {
            return Err(bad("There is no scope."));
        }
        Ok(Self(scopes))
    }

    /// Refuses whatever an application without a person cannot ask for.
    ///
    /// # Errors
    /// It is not `.default` of one resource.
    pub(super) fn only_default(&self) -> Result<(), Refusal> {
        match self.0.as_slice() {
            [Scope { meaning: Meaning::Default, .. }] => Ok(()),
            _ => Err(bad(
                "An application without a person asks for all its permissions at once: the scope \
                 is https://graph.microsoft.com/.default.",
            )),
        }
    }

    pub(super) fn has(&self, identity: Identity) -> bool {
        self.0.iter().any(|scope| scope.meaning == Meaning::Identity(identity))
    }

    /// Whether whoever gave these has given the others, too.
    pub(super) fn cover(&self, others: &Self) -> bool {
        let has_default = self.0.iter().any(|scope| scope.meaning == Meaning::Default);
        others.0.iter().all(|other| {
            let is_identity = matches!(other.meaning, Meaning::Identity(_));
            (has_default && !is_identity) || self.0.iter().any(|own| own.meaning == other.meaning)
        })
    }

    /// What a person gives.
    pub(super) fn granted_by(&self, person: &Person) -> Granted {
        let (mut scp, mut shown) = (Vec::new(), Vec::new());
        for scope in &self.0 {
            match scope.meaning {
                Meaning::Identity(identity) => {
                    if identity != Identity::OfflineAccess {
                        scp.push(identity.name().to_owned());
                    }
                    shown.push(scope.written.clone());
                }
                Meaning::Basic => {
                    scp.push(BASIC.to_owned());
                    shown.push(scope.written.clone());
                }
                Meaning::Permission(permission) if person.permissions.contains(&permission) => {
                    scp.push(permission.name().to_owned());
                    shown.push(scope.written.clone());
                }
                Meaning::Permission(_) => {}
                Meaning::Default => {
                    let prefix = scope.written.trim_end_matches(DEFAULT);
                    let all = person.permissions.iter().map(|permission| permission.name());
                    for name in std::iter::once(BASIC).chain(all) {
                        scp.push(name.to_owned());
                        shown.push(format!("{prefix}{name}"));
                    }
                    // Clients look for what they asked in what they got.
                    shown.push(scope.written.clone());
                }
            }
        }
        Granted { scp, shown: shown.join(" ") }
    }

    /// The permissions that are asked for; all, where none is named.
    pub(super) fn permissions(&self) -> Vec<Permission> {
        if self.0.iter().any(|scope| scope.meaning == Meaning::Default) {
            return Permission::ALL.to_vec();
        }
        let named = self.0.iter().filter_map(|scope| match scope.meaning {
            Meaning::Permission(permission) => Some(permission),
            Meaning::Identity(_) | Meaning::Default | Meaning::Basic => None,
        });
        named.collect()
    }

    /// As it was written.
    pub(super) fn text(&self) -> String {
        let written: Vec<&str> = self.0.iter().map(|scope| scope.written.as_str()).collect();
        written.join(" ")
    }
}

fn meaning(written: &str, origins: &Origins) -> Result<Meaning, Refusal> {
    if let Some(identity) = Identity::ALL.into_iter().find(|known| known.name() == written) {
        return Ok(Meaning::Identity(identity));
    }
    let name = match written.rsplit_once('/') {
        None => written,
        Some((resource, name)) if is_served(resource, origins) => name,
        Some((resource, _)) => {
            let resource: String = resource.chars().take(100).collect();
            let message = format!(
                "The resource principal named {resource} was not found in the tenant: ask for \
                 scopes of https://graph.microsoft.com."
            );
            return Err(Refusal::new(Fault::UnknownResource, message));
        }
    };
    if name == DEFAULT {
        return Ok(Meaning::Default);
    }
    if name.eq_ignore_ascii_case(BASIC) {
        return Ok(Meaning::Basic);
    }
    let known = |permission: &Permission| permission.name().eq_ignore_ascii_case(name);
    Permission::ALL.into_iter().find(known).map(Meaning::Permission).ok_or_else(|| {
        let shown: String = written.chars().take(100).collect();
        let names: Vec<&str> = Permission::ALL.into_iter().map(Permission::name).collect();
        bad(format!(
            "The scope '{shown}' does not exist here; these do: {}, {BASIC}, openid, profile, \
             email, offline_access, and https://graph.microsoft.com/.default for all.",
            names.join(", ")
        ))
    })
}

/// Whether a resource is Microsoft Graph, or this service by one of its names.
fn is_served(resource: &str, origins: &Origins) -> bool {
    let resource = resource.trim_end_matches('/');
    let host = resource.strip_prefix("https://").or_else(|| resource.strip_prefix("http://"));
    GRAPH.contains(&resource) || host.is_some_and(|host| origins.is_this_machine(host))
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(Fault::BadScope, message)
}

#[cfg(test)]
mod tests {
    use super::super::people::PEOPLE;
    use super::*;

    fn parse(text: &str) -> Result<Scopes, Refusal> {
        Scopes::parse(text, &Origins::Local(vec!["muster.test".to_owned()]))
    }

    fn person(name: &str) -> &'static Person {
        PEOPLE.iter().find(|person| person.name == name).unwrap()
    }

    #[test]
    fn a_resource_is_graph_or_this_service() {
        for known in [
            ".default",
            "https://graph.microsoft.com/.default",
            "https://graph.microsoft.com//.default",
            "00000003-0000-0000-c000-000000000000/.default",
            "https://localhost/.default",
            "https://localhost:8443/.default",
            "http://127.0.0.1:8080/.default",
            "https://[::1]/.default",
            "https://muster.test/.default",
        ] {
            assert!(parse(known).unwrap().only_default().is_ok(), "{known}");
        }
        for foreign in [
            "https://evil.example/.default",
            "https://localhost.evil.example/.default",
            "https://graph.microsoft.com.evil.example/User.Read",
            "ftp://localhost/.default",
            "/.default",
        ] {
            assert_eq!(parse(foreign).unwrap_err().fault, Fault::UnknownResource, "{foreign}");
        }
    }

    #[test]
    fn a_person_gives_what_is_theirs() {
        let all = "openid offline_access DeviceManagementServiceConfig.Read.All \
                   https://graph.microsoft.com/DeviceManagementServiceConfig.ReadWrite.All";
        let scopes = parse(all).unwrap();
        assert_eq!(
            scopes.granted_by(person("Reader")).scp,
            ["openid", "DeviceManagementServiceConfig.Read.All"]
        );
        assert_eq!(scopes.granted_by(person("Manager")).shown, all);
        assert_eq!(scopes.granted_by(person("Nobody")).shown, "openid offline_access");
    }

    #[test]
    fn default_is_all_that_a_person_has_and_says_so() {
        let scopes = parse("https://localhost/.default").unwrap();
        let granted = scopes.granted_by(person("Reader"));
        assert_eq!(granted.scp, ["User.Read", "DeviceManagementServiceConfig.Read.All"]);
        assert_eq!(
            granted.shown,
            "https://localhost/User.Read https://localhost/DeviceManagementServiceConfig.Read.All \
             https://localhost/.default"
        );
    }

    #[test]
    fn what_does_not_exist_is_refused_by_its_name() {
        let error = parse("openid DeviceManagementServiceConfig.Raed.All").unwrap_err();
        assert!(error.message.contains("Raed") && error.message.contains("ServiceConfig.Read.All"));
        for wrong in ["", "  ", ".default User.Read", "openid\u{a0}profile"] {
            assert_eq!(parse(wrong).unwrap_err().fault, Fault::BadScope, "{wrong}");
        }
    }

    #[test]
    fn a_renewal_covers_no_more_than_was_given() {
        let covers = |had: &str, asked: &str| parse(had).unwrap().cover(&parse(asked).unwrap());
        let (read, write) = (
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
        );
        assert!(covers(&format!("openid {read}"), read));
        assert!(covers(".default", write));
        assert!(!covers(read, write) && !covers(read, ".default"));
        assert!(!covers(read, &format!("{read} openid")));
        assert!(!covers(".default", "openid .default"));
    }
}
