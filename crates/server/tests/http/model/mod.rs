//! Random sequences of all operations against a plain model of the register that was written from
//! the contract. A single client gets the model's answers; of several at the same time, the order
//! of the history explains every answer.
//!
//! `MUSTER_MODEL_SEQUENCES` sets how many, `MUSTER_MODEL_SEED` repeats the choices of a failed run.

mod client;
mod order;
mod register;
mod steps;

use std::time::{SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::support::{Service, Token};
use client::Clients;
use order::explain;
use steps::Step;

/// What each client does, in its order.
type Sequence = Vec<Vec<Step>>;

each_engine!(one_client_gets_the_answers_of_the_model, async |service: &Service| {
    let one = prop::collection::vec(prop::collection::vec(steps::any(), 5..30), 1);
    check(service, &one, 250).await;
});

each_engine!(one_order_explains_the_answers_to_several_clients, async |service: &Service| {
    let several = prop::collection::vec(prop::collection::vec(steps::any(), 3..10), 2..6);
    check(service, &several, 150).await;
});

async fn check(service: &Service, sequences: &impl Strategy<Value = Sequence>, count: u64) {
    let count = setting("MUSTER_MODEL_SEQUENCES").unwrap_or(count);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = setting("MUSTER_MODEL_SEED").unwrap_or(u64::from(now.subsec_nanos()));
    for seed in first..first + count {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), random);
        let mut tree = sequences.new_tree(&mut runner).unwrap();
        if let Err(reason) = run(service, tree.current()).await {
            let (sequence, reason) = simplest(service, &mut tree, reason).await;
            panic!(
                "{reason}\nto repeat: MUSTER_MODEL_SEED={seed} MUSTER_MODEL_SEQUENCES=1\n\
                 the simplest sequence that fails: {sequence:#?}"
            );
        }
    }
}

/// Runs one sequence in a tenant of its own.
async fn run(service: &Service, sequence: Sequence) -> Result<(), String> {
    let tenant = service.add_tenant(true).await;
    let clients = Clients::new(service, Token::of(&tenant).sign());
    let calls = clients.run(sequence).await;
    explain(&service.history(&tenant).await, &calls)
}

/// Makes a sequence that fails as simple as it can be.
async fn simplest(
    service: &Service,
    tree: &mut impl ValueTree<Value = Sequence>,
    mut reason: String,
) -> (Sequence, String) {
    let mut simplest = tree.current();
    while tree.simplify() {
        while let Ok(()) = run(service, tree.current()).await {
            if !tree.complicate() {
                return (simplest, reason);
            }
        }
        simplest = tree.current();
        reason = run(service, simplest.clone()).await.err().unwrap_or(reason);
    }
    (simplest, reason)
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}
