//! Numbers that look random and are the same in every run (`SplitMix64`).
//!
//! It must not know what they decide.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * bound as u128;
        usize::try_from(product >> u64::BITS).unwrap_or_default()
    }

    /// One of the items, each as likely as the others.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// A number below `bound`, the smaller the likelier: half of them are in the first eighth.
    pub(crate) fn skewed(&mut self, bound: usize) -> usize {
        let share = self.below(1 << 20) as u128;
        usize::try_from((bound as u128 * share.pow(3)) >> 60).unwrap_or_default()
    }

    /// One of the names, by their shares in a thousand.
    pub(crate) fn share(&mut self, shares: &[(&'static str, usize)]) -> &'static str {
        let mut left = self.below(1_000);
        for (name, share) in shares {
            match left.checked_sub(*share) {
                None => return name,
                Some(rest) => left = rest,
            }
        }
        ""
    }
}
