//! Whether a tenant has a licence, from a snapshot that is never older than half a second.

use std::sync::Arc;
use std::time::Duration;

use model::TenantId;
use moka::sync::Cache;
use store::{Store, StoreError};

/// How long an answer is believed. A withdrawn licence is felt within a second, in all processes.
const BELIEVED_FOR: Duration = Duration::from_millis(500);
/// Tenants whose answers are kept.
const KEPT: u64 = 100_000;

/// The licences of tenants.
#[derive(Debug)]
pub struct Licences {
    store: Arc<Store>,
    seen: Cache<TenantId, bool>,
}

impl Licences {
    /// Licences as the store knows them.
    pub fn new(store: Arc<Store>) -> Self {
        let seen = Cache::builder().max_capacity(KEPT).time_to_live(BELIEVED_FOR).build();
        Self { store, seen }
    }

    /// Whether the register serves this tenant. One that it does not have is not served.
    ///
    /// # Errors
    /// The store is away.
    pub async fn licensed(&self, tenant: TenantId) -> Result<bool, StoreError> {
        if let Some(licensed) = self.seen.get(&tenant) {
            return Ok(licensed);
        }
        let licensed = self.store.tenant(tenant).await?.is_some_and(|tenant| tenant.licensed);
        self.seen.insert(tenant, licensed);
        Ok(licensed)
    }
}
