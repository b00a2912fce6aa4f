//! Options of `muster serve` that say whose tokens are believed, and where the service is called.

use std::path::PathBuf;

use clap::Args;
use model::TenantId;

use crate::auth::{Cloud, Issuer};

/// The authority outside that issues the tokens of callers.
#[derive(Args, Clone, Debug)]
pub struct AuthorityArgs {
    /// Believes the tokens of Microsoft Entra ID in a cloud, for all tenants that the register has:
    /// global, usgov, usgov-dod or china.
    #[arg(long, value_name = "CLOUD", env = "MUSTER_CLOUD")]
    pub(crate) cloud: Option<Cloud>,

    /// Believes the tokens of an OpenID provider whose discovery document is at this address; may
    /// be given several times. `{tid}` in it stands for the tenant's id.
    #[arg(long, value_name = "URL", env = "MUSTER_ISSUER", value_delimiter = ',')]
    pub(crate) issuer: Vec<Issuer>,

    /// Name of this service that tokens are made out to (`aud`); may be given several times.
    /// [default with --cloud: Microsoft Graph in that cloud]
    #[arg(long, value_name = "NAME", env = "MUSTER_AUDIENCE", value_delimiter = ',')]
    pub(crate) audience: Vec<String>,

    /// Tenant of an issuer whose tokens name none: once for all issuers, or once for each in their
    /// order.
    #[arg(long, value_name = "TENANT", env = "MUSTER_TENANT", value_delimiter = ',')]
    pub(crate) tenant: Vec<TenantId>,

    /// Claim with the tenant's id. A claim is given by its name, or by a path of names joined by
    /// dots; these options may be given several times. [default: tid]
    #[arg(long, value_name = "CLAIM", env = "MUSTER_CLAIM_TENANT", value_delimiter = ',')]
    pub(crate) claim_tenant: Vec<String>,

    /// Claim with scopes. [default: scp, and with --issuer also scope]
    #[arg(long, value_name = "CLAIM", env = "MUSTER_CLAIM_SCOPES", value_delimiter = ',')]
    pub(crate) claim_scopes: Vec<String>,

    /// Claim with roles, such as realm_access.roles or resource_access.muster.roles of Keycloak.
    /// [default: roles]
    #[arg(long, value_name = "CLAIM", env = "MUSTER_CLAIM_ROLES", value_delimiter = ',')]
    pub(crate) claim_roles: Vec<String>,

    /// Claim with the id of a person. [default: oid, and with --issuer also sub]
    #[arg(long, value_name = "CLAIM", env = "MUSTER_CLAIM_USER", value_delimiter = ',')]
    pub(crate) claim_user: Vec<String>,

    /// Claim with the name of a person. [default: upn or preferred_username, and with --issuer also
    /// email]
    #[arg(long, value_name = "CLAIM", env = "MUSTER_CLAIM_USER_NAME", value_delimiter = ',')]
    pub(crate) claim_user_name: Vec<String>,

    /// Claim with the id of an application. [default: appid or azp, and with --issuer also
    /// client_id or cid]
    #[arg(long, value_name = "CLAIM", env = "MUSTER_CLAIM_APP", value_delimiter = ',')]
    pub(crate) claim_app: Vec<String>,

    /// File with root certificates in PEM that the authority's address is trusted by, besides those
    /// of the web.
    #[arg(long, value_name = "FILE", env = "MUSTER_AUTHORITY_CA")]
    pub(crate) authority_ca: Option<PathBuf>,

    /// Seconds after which the authority's keys are fetched again: so long is a withdrawn key
    /// believed at most.
    #[arg(long, value_name = "S", default_value_t = 300, env = "MUSTER_KEY_REFRESH_S",
          value_parser = clap::value_parser!(u64).range(1..=43_200))]
    pub(crate) key_refresh_s: u64,

    /// Address that the service is called by: scheme, host and port. Links in answers follow it.
    #[arg(long, value_name = "URL", env = "MUSTER_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,

    /// Further host that the service is called by, with its port where it has one, which links in
    /// answers may follow; may be given several times.
    #[arg(long, value_name = "HOST", env = "MUSTER_ALLOWED_HOST", value_delimiter = ',')]
    pub(crate) allowed_host: Vec<String>,
}

impl AuthorityArgs {
    /// The options that were given of those that only an authority outside gives a meaning.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        let options = [
            (self.cloud.is_some(), "--cloud"),
            (!self.issuer.is_empty(), "--issuer"),
            (!self.audience.is_empty(), "--audience"),
            (!self.tenant.is_empty(), "--tenant"),
            (!self.claim_tenant.is_empty(), "--claim-tenant"),
            (!self.claim_scopes.is_empty(), "--claim-scopes"),
            (!self.claim_roles.is_empty(), "--claim-roles"),
            (!self.claim_user.is_empty(), "--claim-user"),
            (!self.claim_user_name.is_empty(), "--claim-user-name"),
            (!self.claim_app.is_empty(), "--claim-app"),
            (self.authority_ca.is_some(), "--authority-ca"),
            (self.public_url.is_some(), "--public-url"),
            (!self.allowed_host.is_empty(), "--allowed-host"),
        ];
        options.into_iter().filter_map(|(is_given, name)| is_given.then_some(name))
    }
}
