//! Numbers that several nodes hand out at the same time must not meet.
//!
//! Each node counts in a class of its own: the numbers that leave a certain rest when divided by a power of two. The first link
//! makes two classes, odd and even. A node that takes part in a further link gives half of its class to the newcomer. So
//! no two nodes can meet, however many there are and in whatever order they come, and nobody has to ask a third one.

/// What a sequence hands out: every `step`-th number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// How far apart the numbers are.
    pub step: i64,
    /// What is left when they are divided by the step.
    pub rest: i64,
}

impl Class {
    /// All numbers: what a sequence hands out that nobody has changed.
    pub const ALL: Self = Self { step: 1, rest: 0 };

    /// The class of a sequence that starts at `start`.
    pub fn of(step: i64, start: i64) -> Self {
        Self {
            step,
            rest: start.rem_euclid(step.max(1)),
        }
    }

    /// Whether no number is in both.
    pub fn apart_from(self, other: Self) -> bool {
        let common = self.step.min(other.step);
        self.rest % common != other.rest % common
    }

    /// The first number of the class from `n` on.
    pub fn first_from(self, n: i64) -> i64 {
        n + (self.rest - n).rem_euclid(self.step)
    }

    fn halves(self) -> Option<[Self; 2]> {
        let step = self.step.checked_mul(2)?;
        let upper = Self {
            step,
            rest: self.rest + self.step,
        };
        Some([Self { step, ..self }, upper])
    }
}

/// The classes of the two ends of a new link, first side first, given those that they have: `None` where they are apart
/// already, or where there are no numbers left to divide.
pub fn divide(first: Class, second: Class) -> Option<[Class; 2]> {
    if first.apart_from(second) {
        return None;
    }
    // One of them lies within the other, and the finer one is divided: then nobody else's numbers are touched.
    if first.step > second.step {
        return first.halves();
    }
    let [lower, upper] = second.halves()?;
    Some([upper, lower])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(step: i64, rest: i64) -> Class {
        Class { step, rest }
    }

    #[test]
    fn the_first_pair_counts_odd_and_even() {
        assert_eq!(divide(Class::ALL, Class::ALL), Some([class(2, 1), class(2, 0)]));
    }

    #[test]
    fn a_newcomer_gets_half_of_what_its_neighbour_had() {
        assert_eq!(divide(class(2, 1), Class::ALL), Some([class(4, 1), class(4, 3)]));
        assert_eq!(divide(Class::ALL, class(2, 1)), Some([class(4, 3), class(4, 1)]));
    }

    #[test]
    fn nodes_that_are_apart_stay_as_they_are() {
        assert_eq!(divide(class(2, 1), class(4, 2)), None);
    }

    /// However a tree of nodes grows, no two of them share a number.
    #[test]
    fn no_two_of_many_nodes_meet() {
        let mut nodes = vec![Class::ALL];
        for newcomer in 0..20_usize {
            let neighbour = newcomer * 7 % nodes.len();
            let [old, new] = divide(nodes[neighbour], Class::ALL).unwrap_or([Class::ALL; 2]);
            nodes[neighbour] = old;
            nodes.push(new);
        }
        for (i, one) in nodes.iter().enumerate() {
            for other in &nodes[i + 1..] {
                assert!(one.apart_from(*other), "{one:?} meets {other:?}");
            }
        }
    }

    #[test]
    fn the_first_number_of_a_class_is_not_before_where_it_starts() {
        for n in 0..10 {
            let first = class(4, 3).first_from(n);
            assert!(first >= n && first < n + 4 && first % 4 == 3, "{n}: {first}");
        }
    }
}
