//! Asks for a case, sees that the answer is right, and keeps how long each took.
//!
//! It must not know what the cases are.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::expect::{Case, Expect};
use crate::fill::Filling;
use crate::options::Options;
use crate::support::{Failure, say};

/// A slow case is asked for until so much time has passed, and a few times in any case.
const ENOUGH: Duration = Duration::from_secs(10);
const LEAST_ROUNDS: usize = 3;

/// Everything that was measured.
pub(crate) struct Run<'o> {
    options: &'o Options,
    /// How long the register took to be filled, if it was.
    pub(crate) filling: Option<Filling>,
    pub(crate) figures: Vec<Figures>,
    failures: Vec<Failure>,
}

/// How long one case took, in nanoseconds, sorted.
pub(crate) struct Figures {
    pub(crate) name: Cow<'static, str>,
    pub(crate) matches: String,
    pub(crate) times: Vec<u32>,
}

impl<'o> Run<'o> {
    pub(crate) fn new(options: &'o Options, filling: Option<Filling>) -> Self {
        Self { options, filling, figures: Vec::new(), failures: Vec::new() }
    }

    /// Says what comes next. `false` when nobody wants it.
    pub(crate) fn begins(&self, name: &str) -> bool {
        let is_wanted = self.options.wants(name);
        if is_wanted && self.options.progress {
            say(name);
        }
        is_wanted
    }

    /// Measures one case. A wrong answer is no figure, and does not keep others from being taken.
    pub(crate) async fn case(&mut self, client: &mut Client, case: &Case<'_>) {
        if self.begins(&case.name) {
            let rounds = self.options.rounds.get();
            let times = times(client, case, rounds).await;
            self.keep(case.name.clone(), case.expect.shown(), times);
        }
    }

    /// Keeps the times of a case, or why there are none.
    pub(crate) fn keep(
        &mut self,
        name: Cow<'static, str>,
        matches: String,
        times: Result<Vec<Duration>, Failure>,
    ) {
        match times {
            Ok(times) => {
                let nanoseconds = |time: &Duration| u32::try_from(time.as_nanos());
                let mut times: Vec<u32> =
                    times.iter().map(|time| nanoseconds(time).unwrap_or(u32::MAX)).collect();
                times.sort_unstable();
                self.figures.push(Figures { name, matches, times });
            }
            Err(failure) => self.failures.push(format!("{name}: {failure}")),
        }
    }

    /// Whether every answer was right.
    pub(crate) fn outcome(&self) -> Result<(), Failure> {
        match self.failures.as_slice() {
            [] => Ok(()),
            failures => Err(format!("not everything was answered right:\n{}", failures.join("\n"))),
        }
    }
}

async fn times(
    client: &mut Client,
    case: &Case<'_>,
    rounds: usize,
) -> Result<Vec<Duration>, Failure> {
    check(client, case).await?;
    let began = Instant::now();
    let mut times = Vec::with_capacity(rounds);
    while times.len() < rounds && (times.len() < LEAST_ROUNDS || began.elapsed() < ENOUGH) {
        let answer = client.get(&case.target).await?;
        case.expect.check(&answer)?;
        times.push(answer.took);
    }
    Ok(times)
}

/// Before the first round: of a list also how many rows match it, which a page does not show.
async fn check(client: &mut Client, case: &Case<'_>) -> Result<(), Failure> {
    let mut target = case.target.clone();
    if matches!(case.expect, Expect::Page { .. }) && !target.contains("$count=true") {
        target += if target.contains('?') { "&$count=true" } else { "?$count=true" };
    }
    case.expect.check(&client.get(&target).await?)
}
