//! refinery: `V1__name.sql`, and `U1__name.sql` for those whose order does not count.

use super::layout::Piece;
use super::numbered::{Version, number};
use super::{Conversion, Entry, SourceFile, Tool, refused};
use crate::migration::Result;

pub(super) fn convert(files: &[SourceFile], history: &[Entry]) -> Result<Conversion> {
    let mut pieces = Vec::new();
    for file in files.iter().filter(|file| file.name().ends_with(".sql")) {
        let stem = file.name().trim_end_matches(".sql");
        let parsed = stem
            .strip_prefix(['V', 'U'])
            .and_then(|rest| rest.split_once("__"))
            .and_then(|(version, name)| Some((Version::parse(version)?, name)));
        let Some((version, name)) = parsed else {
            return Err(refused(&file.path, "its name is not like V1__name.sql"));
        };
        let piece = Piece {
            name: name.to_owned(),
            up: file.text()?.to_owned(),
            from: file.path.clone(),
            ..Piece::default()
        };
        pieces.push((version, piece));
    }
    pieces.sort_by(|(a, _), (b, _)| a.cmp(b));
    let applied: Option<Vec<Version>> = history
        .iter()
        .map(|entry| Version::parse(&entry.version))
        .collect();
    number(Tool::Refinery, &pieces, &applied.unwrap_or_default())
}
