//! What `--dev` has besides a register: a key, a tenant with something in it, an authority that
//! signs people in, a test bench, and the file with what scripts need.

use std::sync::Arc;

use axum::Router;
use model::TenantId;
use store::{Clock, Store, StoreError};

use super::{Server, StartError};
use crate::auth::{DEV_TENANT, Grant, Permission, SigningKey, TokenRequest, Trust};
use crate::authority::{Authority, OwnApp, PUBLIC_CLIENT, Parts};
use crate::beginning::{Beginning, Content};
use crate::cli::ServeArgs;
use crate::data_dir::DataDir;
use crate::dev_keys;
use crate::http::routes::VERSION;
use crate::http::{App, Origins, test_bench};
use crate::seed::{Hear, Seed};

/// How long the token in `dev.env` lives: a month, and every start makes a new one.
const TOKEN_LIFETIME_S: i64 = 30 * 24 * 3_600;

/// A development register's own.
pub(super) struct Dev {
    key: Arc<SigningKey>,
    tenant: TenantId,
    origins: Origins,
    authority: Authority,
}

impl Dev {
    /// Reads or makes all of it.
    pub(super) async fn prepare(
        args: &ServeArgs,
        data: &DataDir,
        store: &Arc<Store>,
        clock: &Clock,
        hear: Hear<'_>,
    ) -> Result<Self, StartError> {
        // Whoever waits for the file must not find that of an earlier start.
        data.remove_dev_env()?;
        let key: SigningKey = dev_keys::open_or_make(data.path(), store).await?;
        let app: OwnApp = dev_keys::open_or_make(data.path(), store).await?;
        let key = Arc::new(key);
        let tenant = DEV_TENANT.parse().map_err(StoreError::Damaged)?;
        let content = match args.seed.as_slice() {
            [] if args.no_sample => Content::Nothing,
            [] => Content::Samples,
            files => Content::Seed(Seed { files, rules: args.identifier_rules.into() }),
        };
        Beginning { store, clock, tenant }.see_to(content, hear).await?;
        let origins = Origins::Local(args.dev_host.clone());
        let parts = Parts {
            key: Arc::clone(&key),
            app,
            store: Arc::clone(store),
            clock: clock.clone(),
            origins: origins.clone(),
            redirects: args.dev_redirect_uri.clone(),
        };
        let authority = Authority::open(data.path(), parts)?;
        Ok(Self { key, tenant, origins, authority })
    }

    /// The hosts that are served.
    pub(super) fn origins(&self) -> Origins {
        self.origins.clone()
    }

    /// Whose tokens are believed.
    pub(super) fn trusts(&self) -> Vec<Trust> {
        vec![Trust::own(&self.key)]
    }

    /// What scripts need, but for where the server is.
    pub(super) fn settings(&self, clock: &Clock) -> Result<Vec<Setting>, StartError> {
        let grant = Grant::Roles(vec![Permission::ServiceConfigReadWrite.name().to_owned()]);
        let request = TokenRequest { tenant: self.tenant, grant, expires_in_s: TOKEN_LIFETIME_S };
        let (app_id, app_secret) = self.authority.app();
        Ok(vec![
            ("TENANT_ID", self.tenant.to_string()),
            ("TOKEN", self.key.token(&request, clock)?),
            ("CLIENT_ID", app_id.to_owned()),
            ("CLIENT_SECRET", app_secret.to_owned()),
            ("PUBLIC_CLIENT_ID", PUBLIC_CLIENT.to_owned()),
        ])
    }

    /// The pages and endpoints of the authority, and the test bench.
    pub(super) fn router(self, app: &Arc<App>) -> Router {
        self.authority.router().merge(test_bench::router(app))
    }
}

/// A name and its value, as `dev.env` has them.
pub(super) type Setting = (&'static str, String);

impl Server {
    /// Writes the file for scripts: where the server is, and what else they need.
    pub(super) fn write_dev_env(&self, others: Vec<Setting>) -> Result<(), StartError> {
        let mut settings = vec![("BASE_URL", self.base_url())];
        settings.extend(others);
        if let Some(origin) = self.tls_origin() {
            settings.push(("TLS_BASE_URL", format!("{origin}/{VERSION}")));
            settings.push(("AUTHORITY", origin));
        }
        settings.extend(self.ca_file.iter().map(|file| ("CA_FILE", file.display().to_string())));
        Ok(self.data.write_dev_env(&settings)?)
    }
}
