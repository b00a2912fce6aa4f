//! The authority outside that a register trusts, as the command line says it. Must not know how
//! tokens are verified.

use std::time::Duration;

use crate::auth::{CaError, ClaimNames, Cloud, Fetcher, Issuer, Source, Terms, Trust};
use crate::cli::{AuthorityArgs, ServeArgs};
use crate::http::Origins;

/// Why what was said of the authority does not do.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// Nobody issues tokens.
    #[error(
        "no authority: nobody would issue the tokens that callers need. Give --cloud global (or \
         usgov, usgov-dod, china) for Microsoft Entra ID, --issuer URL and --audience NAME for any \
         other OpenID provider, or --dev for a register on this machine that issues its own"
    )]
    None,
    /// An option that means nothing under `--dev`.
    #[error("--dev issues its own tokens for this machine: leave it out, or leave {0} out")]
    NotUnderDev(&'static str),
    /// Two ways to say it.
    #[error("--cloud and --issuer are two ways to name the authority: leave one of them out")]
    Two,
    /// Tokens for whatever service would do.
    #[error(
        "--issuer needs --audience: the name of this service that tokens are made out to. \
         Otherwise tokens for any other service of the issuer would do here"
    )]
    NoAudience,
    /// Tokens of Entra ID name their tenant.
    #[error(
        "--tenant is for an --issuer whose tokens name no tenant: those of --cloud name theirs"
    )]
    TenantInCloud,
    /// Whose tenant is whose?
    #[error(
        "--tenant is given {tenants} times, and --issuer {issuers} times: give the tenant once \
         for all issuers, or once for each in their order"
    )]
    Tenants {
        /// How many tenants there are.
        tenants: usize,
        /// How many issuers there are.
        issuers: usize,
    },
    /// A tenant that is named twice.
    #[error("--issuer {0} has the tenant in its name: leave --tenant out")]
    TenantInName(Issuer),
    /// The service cannot be called so.
    #[error("--public-url and --allowed-host: {0}")]
    Address(String),
    /// The file of further roots does not do.
    #[error("--authority-ca: {0}")]
    Ca(#[from] CaError),
}

/// An authority that is there for others, too.
pub(super) struct Outside<'a> {
    args: &'a ServeArgs,
    named: Named<'a>,
    origins: Origins,
    fetcher: Fetcher,
}

enum Named<'a> {
    Cloud(Cloud),
    Issuers(&'a [Issuer]),
}

fn named(given: &AuthorityArgs) -> Result<Named<'_>, OutsideError> {
    match (given.cloud, given.issuer.as_slice()) {
        (None, []) => Err(OutsideError::None),
        (Some(_), [_, ..]) => Err(OutsideError::Two),
        (Some(_), []) if !given.tenant.is_empty() => Err(OutsideError::TenantInCloud),
        (Some(cloud), []) => Ok(Named::Cloud(cloud)),
        (None, _) if given.audience.is_empty() => Err(OutsideError::NoAudience),
        (None, issuers) => Ok(Named::Issuers(issuers)),
    }
}

fn origins(given: &AuthorityArgs) -> Result<Origins, OutsideError> {
    let origins = Origins::public(given.public_url.as_deref(), &given.allowed_host);
    origins.map_err(OutsideError::Address)
}

fn check_tenants(given: &AuthorityArgs) -> Result<(), OutsideError> {
    let (tenants, issuers) = (given.tenant.len(), given.issuer.len());
    if tenants > 1 && issuers > 0 && tenants != issuers {
        return Err(OutsideError::Tenants { tenants, issuers });
    }
    let named = given.issuer.iter().find(|issuer| issuer.names_tenant());
    match named {
        Some(issuer) if tenants > 0 => Err(OutsideError::TenantInName(issuer.clone())),
        _ => Ok(()),
    }
}

impl<'a> Outside<'a> {
    /// What was said, if it does.
    pub(super) fn of(args: &'a ServeArgs) -> Result<Self, OutsideError> {
        let given = &args.authority;
        let (named, origins) = (named(given)?, origins(given)?);
        check_tenants(given)?;
        let fetcher = Fetcher::new(given.authority_ca.as_deref())?;
        Ok(Self { args, named, origins, fetcher })
    }

    /// All that keeps what was said from doing.
    pub(super) fn faults(given: &AuthorityArgs) -> impl Iterator<Item = OutsideError> {
        let fetcher = Fetcher::new(given.authority_ca.as_deref());
        let faults = [
            named(given).err(),
            check_tenants(given).err(),
            origins(given).err(),
            fetcher.err().map(OutsideError::Ca),
        ];
        faults.into_iter().flatten()
    }

    /// The addresses that the service is called by.
    pub(super) fn origins(&self) -> Origins {
        self.origins.clone()
    }

    /// Begins to trust it. Asks for a runtime.
    pub(super) fn trusts(&self) -> Vec<Trust> {
        let every = Duration::from_secs(self.args.authority.key_refresh_s);
        let trust = |source, terms, authority| {
            Trust::outside(source, terms, authority, &self.fetcher, every)
        };
        match self.named {
            Named::Cloud(cloud) => {
                let terms = self.terms(ClaimNames::entra(), cloud.audiences());
                let terms = Terms { hashed_nonce: true, ..terms };
                cloud.sources().map(|at| trust(at, terms.clone(), cloud.authority())).collect()
            }
            Named::Issuers(issuers) => {
                let terms = self.terms(ClaimNames::open(), Vec::new());
                let tenants = self.args.authority.tenant.iter().copied().map(Some);
                let rest = self.args.authority.tenant.first().copied();
                let tenants = tenants.chain(std::iter::repeat(rest));
                let each = issuers.iter().zip(tenants);
                each.map(|(issuer, tenant)| {
                    let terms = Terms { tenant, ..terms.clone() };
                    let authority = issuer.of_all().into_owned();
                    trust(Source::of(issuer.clone()), terms, authority)
                })
                .collect()
            }
        }
    }

    fn terms(&self, mut names: ClaimNames, audiences: Vec<String>) -> Terms {
        let args = &self.args.authority;
        for (name, given) in [
            (&mut names.tenant, &args.claim_tenant),
            (&mut names.scopes, &args.claim_scopes),
            (&mut names.roles, &args.claim_roles),
            (&mut names.user, &args.claim_user),
            (&mut names.user_name, &args.claim_user_name),
            (&mut names.app, &args.claim_app),
        ] {
            if !given.is_empty() {
                name.clone_from(given);
            }
        }
        let audiences = if args.audience.is_empty() { audiences } else { args.audience.clone() };
        Terms { audiences, names, tenant: None, hashed_nonce: false }
    }
}
