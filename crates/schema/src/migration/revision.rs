//! The number of a migration, of any width.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A revision as its file spells it (`001`, `20250101120000`). Compared as a number: `1`, `01` and `001` are one revision.
#[derive(Debug, Clone)]
pub struct Revision {
    spelling: String,
}

impl Revision {
    /// Takes decimal digits, at least one and nothing else.
    pub fn parse(digits: &str) -> Option<Self> {
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| Self {
            spelling: digits.to_owned(),
        })
    }

    /// Below every file.
    pub(crate) fn zero() -> Self {
        Self {
            spelling: "0".to_owned(),
        }
    }

    /// The one that numbering begins with.
    pub fn first() -> Self {
        Self {
            spelling: "001".to_owned(),
        }
    }

    /// As the file spells it.
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// The one after it, in the same width.
    #[must_use]
    pub fn next(&self) -> Self {
        let mut digits: Vec<u8> = self.spelling.bytes().collect();
        for digit in digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return Self::from_digits(&digits);
            }
            *digit = b'0';
        }
        digits.insert(0, b'1');
        Self::from_digits(&digits)
    }

    fn from_digits(digits: &[u8]) -> Self {
        Self {
            spelling: digits.iter().map(|digit| char::from(*digit)).collect(),
        }
    }

    fn significant(&self) -> &str {
        self.spelling.trim_start_matches('0')
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelling)
    }
}

impl Ord for Revision {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for Revision {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Revision {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for Revision {}

impl Hash for Revision {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.significant().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(digits: &str) -> Revision {
        Revision::parse(digits).unwrap()
    }

    #[test]
    fn revisions_are_ordered_as_numbers_whatever_their_width() {
        assert!(revision("9") < revision("10"));
        assert!(revision("0099") < revision("100"));
        assert!(revision("20250101120000") > revision("999"));
        assert_eq!(revision("1"), revision("001"));
        assert_eq!(revision("0"), revision("000"));
    }

    #[test]
    fn the_next_revision_keeps_the_width_until_it_overflows() {
        assert_eq!(revision("009").next().as_str(), "010");
        assert_eq!(revision("999").next().as_str(), "1000");
    }

    #[test]
    fn only_digits_make_a_revision() {
        assert!(Revision::parse("").is_none());
        assert!(Revision::parse("1a").is_none());
        assert!(Revision::parse("-1").is_none());
    }
}
