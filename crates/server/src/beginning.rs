//! What a development register begins with: files, samples, or nothing. It is kept as a snapshot,
//! so that the register can be put back to it. Must not know who asks for that.

use std::time::{Duration, Instant};

use model::TenantId;
use store::{
    Actor, Audit, BEGINNING, Clock, HistoryFilter, Operation, Outcome, Query, SnapshotStep, Store,
    StoreError, Write, WriteError,
};

use crate::sample;
use crate::seed::{Hear, Seed, SeedError};

/// The state before a beginning that is not complete. It stays behind only when a start broke off.
const BEFORE: &str = ".before-the-beginning";
const TENANT_NAME: &str = "Development";
/// How long a step may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why there is no beginning.
#[derive(Debug, thiserror::Error)]
pub enum BeginningError {
    /// The files do not do.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The samples, or a snapshot, cannot be stored.
    #[error("what the register begins with cannot be stored: {0}")]
    Write(#[from] WriteError),
}

/// What a register is to begin with.
pub(crate) enum Content<'a> {
    Nothing,
    Samples,
    Seed(Seed<'a>),
}

/// The register of a tenant, with what its parts need.
pub(crate) struct Beginning<'a> {
    pub(crate) store: &'a Store,
    pub(crate) clock: &'a Clock,
    pub(crate) tenant: TenantId,
}

impl Beginning<'_> {
    /// Sees to it that the tenant is there and its register has begun. Samples go into a new one
    /// only, files into every empty one: whoever names files means to have them.
    ///
    /// # Errors
    /// The files do not do, or the store is away.
    pub(crate) async fn see_to(
        &self,
        content: Content<'_>,
        hear: Hear<'_>,
    ) -> Result<(), BeginningError> {
        self.store.add_tenant(self.tenant, TENANT_NAME, true).await?;
        if self.has(BEFORE).await? && !self.has(BEGINNING).await? {
            tracing::warn!("the last start broke off, and is begun anew");
            self.step(SnapshotStep::Restore(BEFORE.to_owned())).await?;
        }
        let is_empty = self.is_empty().await?;
        let has_begun = self.has(BEGINNING).await? || !is_empty || self.has_history().await?;
        match content {
            Content::Seed(_) if !is_empty => {
                tracing::warn!(
                    "the register holds identities already: the seed is left out. Give --ephemeral, \
                     or another --data, for a register that begins with it"
                );
                Ok(())
            }
            Content::Nothing | Content::Samples if has_begun => Ok(()),
            Content::Nothing => self.step(SnapshotStep::Take(BEGINNING.to_owned())).await,
            Content::Samples => self.begin(None, hear).await,
            Content::Seed(seed) => {
                seed.check(hear).await?;
                self.begin(Some(seed), hear).await
            }
        }
    }

    /// Puts the content in. As long as that is not complete, the register has no beginning, and
    /// can be put back to where it was.
    async fn begin(&self, seed: Option<Seed<'_>>, hear: Hear<'_>) -> Result<(), BeginningError> {
        self.step(SnapshotStep::Take(BEFORE.to_owned())).await?;
        if self.has(BEGINNING).await? {
            self.step(SnapshotStep::Forget(BEGINNING.to_owned())).await?;
        }
        match seed {
            None => sample::add(self.store, self.clock, self.tenant).await?,
            Some(seed) => seed.store(self.store, self.clock, self.tenant, hear).await?,
        }
        self.step(SnapshotStep::Take(BEGINNING.to_owned())).await?;
        self.step(SnapshotStep::Forget(BEFORE.to_owned())).await
    }

    async fn step(&self, step: SnapshotStep) -> Result<(), BeginningError> {
        let request_id = self.clock.guid();
        let audit = Audit { actor: Actor::System, ip: None, request_id, client_request_id: None };
        let (tenant, deadline) = (self.tenant, Instant::now() + TIMEOUT);
        let operation = Operation::Snapshot(step);
        let done = self.store.write(Write { tenant, audit, deadline, operation }).await;
        Ok(done.map(|_: Outcome| ())?)
    }

    async fn has(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.store.snapshots(self.tenant).await?.iter().any(|snapshot| snapshot.name == name))
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        let deadline = Instant::now() + TIMEOUT;
        Ok(self.store.page(self.tenant, Query::by_key(1), deadline).await?.is_empty())
    }

    async fn has_history(&self) -> Result<bool, StoreError> {
        let filter = HistoryFilter { tenant: Some(self.tenant), id: None };
        Ok(!self.store.history(&filter, None, 1).await?.is_empty())
    }
}
