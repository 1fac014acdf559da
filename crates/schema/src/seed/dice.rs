//! Numbers that look random and are the same for the same seed, on every machine and in every release.

/// A stream of numbers (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream that belongs to these numbers: seed, table, column, row.
    pub(super) fn new(parts: &[u64]) -> Self {
        let mix = |state, part: &u64| scramble(u64::wrapping_add(state, *part).wrapping_add(GOLDEN));
        Self(parts.iter().fold(0, mix))
    }

    /// Any number.
    pub(super) fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        scramble(self.0)
    }

    /// A number below `bound`; zero where that is zero.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        if bound == 0 {
            return 0;
        }
        let wide = (u128::from(self.any()) * u128::from(bound)) >> 64;
        usize::try_from(wide).unwrap_or(0)
    }

    /// One of them.
    pub(super) fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    /// True this many times in a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number between zero and one.
    pub(super) fn share(&mut self) -> f64 {
        let bits = (self.any() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number for a name, the same in every release.
pub(super) fn number_of(name: &str) -> u64 {
    let step = |state: u64, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    name.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_numbers_for_ever() {
        let mut dice = Dice::new(&[42, 7]);
        assert_eq!(
            [dice.any(), dice.any()],
            [Dice::new(&[42, 7]).any(), {
                let mut again = Dice::new(&[42, 7]);
                again.any();
                again.any()
            }]
        );
        assert_ne!(Dice::new(&[42, 8]).any(), Dice::new(&[42, 7]).any());
    }

    #[test]
    fn a_bound_is_never_reached() {
        let mut dice = Dice::new(&[1]);
        assert!((0..1000).all(|_| dice.below(3) < 3));
        assert_eq!(dice.below(0), 0);
    }
}
