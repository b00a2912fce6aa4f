//! What SQLite is asked, as the store's own trace tells it.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Every statement that ran since it was made, of all threads.
#[derive(Clone, Default)]
pub(crate) struct Traced(Arc<Mutex<Vec<String>>>);

impl Traced {
    /// Listens to the whole process, from now on.
    pub(crate) fn everywhere() -> Self {
        let traced = Self::default();
        tracing::subscriber::set_global_default(traced.clone()).unwrap();
        traced
    }

    pub(crate) fn statements(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Traced {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "store::sqlite"
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Statement(&self.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Statement<'t>(&'t Mutex<Vec<String>>);

impl Visit for Statement<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "statement" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}
