//! What tests of the write path stand on: writes, and the answers they wait for, without a thread
//! or a runtime, so that a test alone decides what happens when. Must not know an engine.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use model::{Draft, Field, IdentityId, Patch, Rules, TenantId};
use uuid::Uuid;

use crate::queue::Queue;
use crate::{Actor, Audit, Operation, Outcome, Precondition, Write, WriteError};

/// The tenant that all writes are for.
pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(0x7e7a));

type Answer = Result<Outcome, WriteError>;

/// A write that somebody waits for.
pub(crate) fn write(operation: Operation) -> Write {
    let audit = Audit {
        actor: Actor::System,
        ip: None,
        request_id: Uuid::now_v7(),
        client_request_id: None,
    };
    let deadline = Instant::now() + Duration::from_secs(600);
    Write { tenant: TENANT, audit, deadline, operation }
}

/// A write whose deadline has passed.
pub(crate) fn expired(operation: Operation) -> Write {
    Write { deadline: Instant::now(), ..write(operation) }
}

pub(crate) fn create(identifier: &str) -> Operation {
    Operation::Create(draft(identifier))
}

/// An import of rows that are all new.
pub(crate) fn import(prefix: &str, count: usize) -> Operation {
    let rows = (0..count).map(|n| draft(&format!("{prefix}-{n}"))).collect();
    Operation::Import { rows, overwrite: false }
}

pub(crate) fn describe(id: IdentityId, description: &str) -> Operation {
    let description = Field::Value(description.to_owned());
    update(id, Patch { description, ..Patch::default() })
}

pub(crate) fn update(id: IdentityId, patch: Patch) -> Operation {
    let precondition = Precondition::default();
    Operation::Update { id, precondition, patch, rules: Rules::Documented }
}

fn draft(identifier: &str) -> Draft {
    let patch = Patch { identifier: Some(identifier.to_owned()), ..Patch::default() };
    Draft::new(patch, Rules::Documented).unwrap()
}

/// A write that has been handed to the queue.
pub(crate) struct Waiting<'a>(Pin<Box<dyn Future<Output = Answer> + 'a>>);

/// Hands a write to the queue. An error is an answer that came at once.
pub(crate) fn hand_in(queue: &Queue, write: Write) -> Result<Waiting<'_>, WriteError> {
    let mut waiting = Waiting(Box::pin(queue.write(write)));
    match waiting.answer() {
        None => Ok(waiting),
        Some(Err(error)) => Err(error),
        Some(Ok(outcome)) => panic!("answered before it was decided: {outcome:?}"),
    }
}

impl Waiting<'_> {
    /// The answer, if it is there.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }
}
