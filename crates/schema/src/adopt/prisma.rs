//! Prisma: a directory per migration with `migration.sql` in it, and `down.sql` where somebody wrote one.

use std::collections::BTreeMap;

use super::layout::{Home, Piece};
use super::numbered::in_sequence;
use super::{Conversion, Entry, SourceFile, State, Tool, missing};
use crate::Ident;
use crate::migration::{Result, Revision};

pub(super) fn convert(schema: &Ident, files: &[SourceFile], history: &[Entry]) -> Result<Conversion> {
    let mut pieces: BTreeMap<String, Piece> = BTreeMap::new();
    for file in files {
        let Some((directory, name)) = file.path.rsplit_once('/') else {
            continue;
        };
        let directory = directory.rsplit('/').next().unwrap_or(directory);
        let piece = pieces.entry(directory.to_owned()).or_default();
        match name {
            "migration.sql" => {
                piece.up = file.text()?.to_owned();
                piece.from.clone_from(&file.path);
            }
            "down.sql" => piece.down = Some(file.text()?.to_owned()),
            _ => {}
        }
    }
    pieces.retain(|_, piece| !piece.from.is_empty());

    let mut last: BTreeMap<&str, State> = BTreeMap::new();
    for entry in history {
        last.insert(&entry.name, entry.state);
    }
    let applied: Vec<&str> = last
        .into_iter()
        .filter(|(_, state)| *state == State::Applied)
        .map(|(name, _)| name)
        .collect();
    let unknown: Vec<String> = applied
        .iter()
        .filter(|name| !pieces.contains_key(**name))
        .map(|name| (*name).to_owned())
        .collect();
    if !unknown.is_empty() {
        return Err(missing(Tool::Prisma, &unknown));
    }
    let home = Home::new(schema, "");
    let notes = home.map(|home| home.lead(pieces.values_mut()));
    let mut conversion = numbered(pieces, &applied);
    conversion.notes = notes.unwrap_or_default();
    Ok(conversion)
}

/// The digits in front of a directory's name are its number; where one has none, all are numbered in sequence.
fn numbered(pieces: BTreeMap<String, Piece>, applied: &[&str]) -> Conversion {
    let digits = |name: &str| {
        let count = name.bytes().take_while(u8::is_ascii_digit).count();
        Some((Revision::parse(&name[..count])?, name[count..].to_owned()))
    };
    let plain = pieces.keys().all(|name| digits(name).is_some());
    let mut conversion = Conversion::default();
    for (index, (directory, mut piece)) in pieces.into_iter().enumerate() {
        let (revision, name) = match digits(&directory) {
            Some(found) if plain => found,
            _ => (in_sequence(index), directory.clone()),
        };
        piece.name = name;
        if applied.contains(&directory.as_str()) {
            conversion.applied.push(revision.clone());
        }
        conversion.files.push(piece.numbered(&revision));
    }
    conversion.applied.sort();
    conversion
}
