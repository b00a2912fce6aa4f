//! The clouds of Microsoft: what Entra ID and Graph are called in each. Must not know tokens.

use std::str::FromStr;

use super::issuer::Issuer;
use super::remote::Source;

/// Microsoft Graph by its application id, which is the same in all clouds.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";
/// Microsoft Graph in the global cloud, by address and by application id: tokens carry either.
pub(crate) const GRAPH: [&str; 2] = ["https://graph.microsoft.com", GRAPH_ID];

/// A cloud of Microsoft.
#[derive(Clone, Copy, Debug)]
pub struct Cloud(&'static Row);

/// What the names of a cloud are.
#[derive(Debug)]
struct Row {
    name: &'static str,
    /// The host that people and programs sign in at.
    login: &'static str,
    /// The issuers in tokens of version 1.0 and 2.0. Documents name them so, whatever host they
    /// are read from.
    issuers: [&'static str; 2],
    graph: &'static str,
}

static CLOUDS: [Row; 4] = [
    Row {
        name: "global",
        login: "login.microsoftonline.com",
        issuers: ["https://sts.windows.net/{tid}/", "https://login.microsoftonline.com/{tid}/v2.0"],
        graph: "https://graph.microsoft.com",
    },
    Row {
        name: "usgov",
        login: "login.microsoftonline.us",
        issuers: ["https://sts.windows.net/{tid}/", "https://login.microsoftonline.us/{tid}/v2.0"],
        graph: "https://graph.microsoft.us",
    },
    Row {
        name: "usgov-dod",
        login: "login.microsoftonline.us",
        issuers: ["https://sts.windows.net/{tid}/", "https://login.microsoftonline.us/{tid}/v2.0"],
        graph: "https://dod-graph.microsoft.us",
    },
    Row {
        name: "china",
        login: "login.chinacloudapi.cn",
        issuers: [
            "https://sts.chinacloudapi.cn/{tid}/",
            "https://login.partner.microsoftonline.cn/{tid}/v2.0",
        ],
        graph: "https://microsoftgraph.chinacloudapi.cn",
    },
];

/// Where the discovery documents of both versions are, behind the host.
const DISCOVERY: [&str; 2] =
    ["common/.well-known/openid-configuration", "common/v2.0/.well-known/openid-configuration"];

impl FromStr for Cloud {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        CLOUDS.iter().find(|row| row.name == text).map(Self).ok_or_else(|| {
            let names: Vec<&str> = CLOUDS.iter().map(|row| row.name).collect();
            format!("'{text}' is none of {}", names.join(", "))
        })
    }
}

impl Cloud {
    /// The issuers of Entra ID for all its tenants.
    pub(crate) fn sources(self) -> impl Iterator<Item = Source> {
        self.0.issuers.iter().zip(DISCOVERY).map(move |(issuer, path)| Source {
            issuer: Issuer::pattern(issuer),
            discovery: format!("https://{}/{path}", self.0.login),
        })
    }

    /// Where callers get their tokens, as Graph says it.
    pub(crate) fn authority(self) -> String {
        format!("https://{}/common/oauth2/authorize", self.0.login)
    }

    /// The names of Graph.
    pub(crate) fn audiences(self) -> Vec<String> {
        vec![self.0.graph.to_owned(), GRAPH_ID.to_owned()]
    }
}
