//! Which requests of a batch may begin: those whose dependencies have been answered, and of the
//! bulky ones only so many at once. Must not know what they ask for.

use super::MAX_BULKY;

/// How far all requests are.
#[derive(Debug)]
pub(super) struct Order(Vec<Progress>);

#[derive(Debug)]
struct Progress {
    depends_on: Vec<usize>,
    is_bulky: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Begun,
    Succeeded,
    Failed,
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may begin.
    May,
    /// It must not, because this one has failed.
    Failed(usize),
}

impl Order {
    /// Requests that all wait: for which others, and whether they are bulky.
    pub(super) fn new(requests: impl Iterator<Item = (Vec<usize>, bool)>) -> Self {
        let waiting =
            |(depends_on, is_bulky)| Progress { depends_on, is_bulky, state: State::Waiting };
        Self(requests.map(waiting).collect())
    }

    /// The first request about which something can be said, which counts as begun then.
    pub(super) fn next(&mut self) -> Option<(usize, Verdict)> {
        let (index, verdict) = (0..self.0.len())
            .find_map(|index| self.verdict(index).map(|verdict| (index, verdict)))?;
        self.set(index, State::Begun);
        Some((index, verdict))
    }

    /// A request that was begun has been answered.
    pub(super) fn done(&mut self, index: usize, failed: bool) {
        self.set(index, if failed { State::Failed } else { State::Succeeded });
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(progress) = self.0.get_mut(index) {
            progress.state = state;
        }
    }

    fn verdict(&self, index: usize) -> Option<Verdict> {
        let progress = self.0.get(index).filter(|progress| progress.state == State::Waiting)?;
        let is = |other: &usize, state| self.0.get(*other).is_some_and(|one| one.state == state);
        let failed = progress.depends_on.iter().find(|other| is(other, State::Failed));
        if let Some(failed) = failed {
            return Some(Verdict::Failed(*failed));
        }
        let is_free = progress.depends_on.iter().all(|other| is(other, State::Succeeded));
        let has_room = !progress.is_bulky || self.bulky_in_work() < MAX_BULKY;
        (is_free && has_room).then_some(Verdict::May)
    }

    fn bulky_in_work(&self) -> usize {
        self.0.iter().filter(|one| one.is_bulky && one.state == State::Begun).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(order: &mut Order) -> Vec<(usize, Verdict)> {
        std::iter::from_fn(|| order.next()).collect()
    }

    #[test]
    fn what_depends_on_nothing_begins_at_once() {
        let mut order =
            Order::new([(vec![], false), (vec![0], false), (vec![], false)].into_iter());
        assert_eq!(all(&mut order), [(0, Verdict::May), (2, Verdict::May)]);
        order.done(2, false);
        assert_eq!(all(&mut order), []);
        order.done(0, false);
        assert_eq!(all(&mut order), [(1, Verdict::May)]);
    }

    #[test]
    fn a_failure_is_told_before_other_dependencies_are_waited_for() {
        let mut order =
            Order::new([(vec![], false), (vec![], false), (vec![0, 1], false)].into_iter());
        assert_eq!(all(&mut order).len(), 2);
        order.done(1, true);
        assert_eq!(all(&mut order), [(2, Verdict::Failed(1))]);
    }

    #[test]
    fn bulky_requests_take_turns_and_hold_up_no_others() {
        let mut order = Order::new((0..MAX_BULKY + 3).map(|index| (vec![], index != 0)));
        let begun = all(&mut order);
        assert_eq!(begun.len(), 1 + MAX_BULKY);
        order.done(0, false);
        assert_eq!(all(&mut order), [], "a small one leaves no room for a bulky one");
        order.done(2, true);
        assert_eq!(all(&mut order), [(1 + MAX_BULKY, Verdict::May)]);
    }
}
