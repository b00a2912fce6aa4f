//! `muster token`: a bearer token of a register that runs with `--dev`. Its key lies in the data
//! directory, or in the database that several servers share.

use std::io::Write;

use clap::Parser;
use model::TenantId;
use store::{Clock, StoreUrl};

use super::{Beside, Failure};
use crate::auth::{DEV_TENANT, Grant, PERSONAL_TENANT, Permission, SigningKey, TokenRequest};
use crate::dev_keys;

/// Options of `muster token`.
#[derive(Debug, Parser)]
pub(super) struct TokenArgs {
    #[command(flatten)]
    beside: Beside,

    /// Application permission (`roles`); may be given several times. Without --role and --scope:
    /// DeviceManagementServiceConfig.ReadWrite.All.
    #[arg(long = "role", value_name = "ROLE", conflicts_with = "scopes")]
    roles: Vec<String>,

    /// Delegated permission (`scp`) of a signed-in person; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,

    /// Tenant that the token is for. [default: the tenant of --dev]
    #[arg(long, value_name = "TENANT", conflicts_with = "personal")]
    tenant: Option<TenantId>,

    /// Makes the token of a personal Microsoft account, which is always refused.
    #[arg(long)]
    personal: bool,

    /// Seconds until the token expires; negative for one that has expired already.
    #[arg(long, value_name = "S", default_value_t = 3_600, allow_hyphen_values = true)]
    expires_in: i64,
}

pub(super) fn run(args: &TokenArgs) -> Result<(), Failure> {
    let key: SigningKey = match &args.beside.place.store {
        Some(StoreUrl::Postgres(url)) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(dev_keys::of_database(url, &args.beside.place.pooling()))?
        }
        Some(StoreUrl::Sqlite(_)) | None => dev_keys::of_directory(args.beside.place.data())?,
    };
    let usual = || vec![Permission::ServiceConfigReadWrite.name().to_owned()];
    let grant = match (args.roles.is_empty(), args.scopes.is_empty()) {
        (_, false) => Grant::Scopes(args.scopes.clone()),
        (false, true) => Grant::Roles(args.roles.clone()),
        (true, true) if args.personal => Grant::Scopes(usual()),
        (true, true) => Grant::Roles(usual()),
    };
    let tenant = match args.tenant {
        Some(tenant) => tenant,
        None if args.personal => PERSONAL_TENANT.parse()?,
        None => DEV_TENANT.parse()?,
    };
    let request = TokenRequest { tenant, grant, expires_in_s: args.expires_in };
    writeln!(std::io::stdout(), "{}", key.token(&request, &Clock::system())?)?;
    Ok(())
}
