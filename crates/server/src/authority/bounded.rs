//! A map of short-lived things that cannot grow without end. The time is an argument. Must not
//! know what it holds.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Entries that all live equally long, and of which there are never more than so many: when it is
/// full, the oldest makes room.
#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    life_s: i64,
    most: usize,
    entries: HashMap<K, Entry<V>>,
    /// Keys in the order in which they came, with the end of their lives. Some have gone since.
    order: VecDeque<(i64, K)>,
}

#[derive(Debug)]
struct Entry<V> {
    ends: i64,
    value: V,
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    pub(super) fn new(life_s: i64, most: usize) -> Self {
        Self { life_s, most, entries: HashMap::new(), order: VecDeque::new() }
    }

    /// Adds an entry, in the place of one with the same key.
    pub(super) fn insert(&mut self, key: K, value: V, now: i64) {
        while self.order.len() >= self.most || self.order.front().is_some_and(|(e, _)| *e <= now) {
            let Some((ends, oldest)) = self.order.pop_front() else { break };
            // The key may have come again since.
            if self.entries.get(&oldest).is_some_and(|entry| entry.ends == ends) {
                self.entries.remove(&oldest);
            }
        }
        let ends = now.saturating_add(self.life_s);
        self.entries.insert(key.clone(), Entry { ends, value });
        self.order.push_back((ends, key));
    }

    /// An entry whose life has not ended.
    pub(super) fn get_mut(&mut self, key: &K, now: i64) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        (entry.ends > now).then_some(&mut entry.value)
    }

    /// Removes an entry.
    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_with_its_life() {
        let mut map = Bounded::new(60, 10);
        map.insert("a", 1, 1_000);
        assert_eq!(map.get_mut(&"a", 1_059), Some(&mut 1));
        assert_eq!(map.get_mut(&"a", 1_060), None);
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut map = Bounded::new(60, 2);
        for (key, now) in [("a", 0), ("b", 1), ("c", 2)] {
            map.insert(key, (), now);
        }
        assert!(map.get_mut(&"a", 3).is_none());
        assert!(map.get_mut(&"b", 3).is_some() && map.get_mut(&"c", 3).is_some());
    }

    #[test]
    fn entries_that_come_and_go_leave_nothing_behind() {
        let mut map = Bounded::new(60, 100);
        for key in 0..10_000 {
            map.insert(key, (), 0);
            map.remove(&key);
        }
        assert!(map.entries.is_empty() && map.order.len() <= 100);
    }

    #[test]
    fn an_entry_that_came_again_lives_on() {
        let mut map = Bounded::new(60, 10);
        map.insert("a", 1, 0);
        map.insert("a", 2, 30);
        map.insert("b", 3, 70);
        assert_eq!(map.get_mut(&"a", 70), Some(&mut 2));
    }
}
