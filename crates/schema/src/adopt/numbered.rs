//! Versions of other tools as numbers: kept where they are numbers, else handed out in the order of the versions.

use std::cmp::Ordering;

use super::layout::Piece;
use super::{Conversion, Tool, missing};
use crate::migration::{Result, Revision};

/// Digits of a number that is handed out here.
const WIDTH: usize = 3;

/// A version such as `1`, `1.2` or `2024_01`; trailing zeros do not count.
#[derive(Debug, Clone)]
pub(super) struct Version {
    parts: Vec<Revision>,
    spelling: String,
}

impl Version {
    /// Digits with dots or underscores between them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<Revision>> = text.split(['.', '_']).map(Revision::parse).collect();
        Some(Self {
            parts: parts?,
            spelling: text.to_owned(),
        })
    }

    /// As the tool spells it.
    pub(super) fn as_str(&self) -> &str {
        &self.spelling
    }

    fn significant(&self) -> &[Revision] {
        let is_zero = |part: &&Revision| part.as_str().bytes().all(|b| b == b'0');
        let zeros = self.parts[1..].iter().rev().take_while(is_zero).count();
        &self.parts[..self.parts.len() - zeros]
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.significant().cmp(other.significant())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// Gives every piece its number. `pieces` are in the order in which they are applied.
pub(super) fn number(tool: Tool, pieces: &[(Version, Piece)], applied: &[Version]) -> Result<Conversion> {
    let unknown: Vec<String> = applied
        .iter()
        .filter(|version| !pieces.iter().any(|(known, _)| known == *version))
        .map(|version| version.as_str().to_owned())
        .collect();
    if !unknown.is_empty() {
        return Err(missing(tool, &unknown));
    }
    let plain = pieces.iter().all(|(version, _)| version.parts.len() == 1);
    let mut conversion = Conversion::default();
    for (index, (version, piece)) in pieces.iter().enumerate() {
        let (revision, piece) = if plain {
            (version.parts[0].clone(), piece.clone())
        } else {
            let name = format!("v{}_{}", version.as_str().replace('.', "_"), piece.name);
            (
                in_sequence(index),
                Piece {
                    name,
                    ..piece.clone()
                },
            )
        };
        if applied.contains(version) {
            conversion.applied.push(revision.clone());
        }
        conversion.files.push(piece.numbered(&revision));
    }
    if !plain {
        conversion.notes.push(format!(
            "the versions of {tool} are not whole numbers: the files are numbered in their order, and carry the version in their names"
        ));
    }
    Ok(conversion)
}

/// `001` for the first.
pub(super) fn in_sequence(index: usize) -> Revision {
    let digits = format!("{:0WIDTH$}", index + 1);
    Revision::parse(&digits).unwrap_or_else(Revision::zero)
}
