//! Rails: its migrations are Ruby, so the dump that it keeps of the schema (`db/structure.sql`) becomes the first file.

use super::layout::Piece;
use super::statements::without;
use super::{Conversion, Entry, SourceFile, Tool, missing};
use crate::migration::{MigrationError, Problem, Result, Revision};

const BOOKS: [&str; 2] = ["schema_migrations", "ar_internal_metadata"];
const SETTINGS: [&str; 4] = [
    "check_function_bodies",
    "xmloption",
    "default_tablespace",
    "default_table_access_method",
];

pub(super) fn convert(files: &[SourceFile], history: &[Entry]) -> Result<Conversion> {
    let Some(file) = files.iter().find(|file| file.name().ends_with(".sql")) else {
        return Err(MigrationError::new(
            Problem::AdoptFiles,
            "cannot take over from rails: its migrations are Ruby, and there is no db/structure.sql",
        )
        .hint("set config.active_record.schema_format = :sql, run bin/rails db:schema:dump, then: ponte migrate adopt --files db/structure.sql"));
    };
    let newest = history
        .iter()
        .filter_map(|entry| Revision::parse(&entry.version))
        .max();
    let Some(newest) = newest else {
        return Err(missing(Tool::Rails, &["nothing".to_owned()]));
    };
    let up = without(&file.path, file.text()?, |words| {
        words.iter().any(|word| BOOKS.contains(&word.as_str()))
            || is_passing_setting(words)
            || is_search_path(words)
    })?;
    let piece = Piece {
        name: "baseline".to_owned(),
        up,
        from: file.path.clone(),
        ..Piece::default()
    };
    Ok(Conversion {
        files: vec![piece.numbered(&newest)],
        applied: vec![newest],
        notes: vec![
            "everything that Rails had applied is one file now, without a DOWN part; its Ruby migrations are not read".to_owned(),
        ],
        ..Conversion::default()
    })
}

/// What pg_dump sets for itself. What objects come out of is kept: functions stand before the tables that they name.
fn is_passing_setting(words: &[String]) -> bool {
    let is_kept = |word: &String| SETTINGS.contains(&word.as_str());
    words.first().is_some_and(|word| word == "set") && !words.get(1).is_some_and(is_kept)
}

/// `SELECT pg_catalog.set_config('search_path', …)` at the top of every dump; the runner resets it anyway.
fn is_search_path(words: &[String]) -> bool {
    words.first().is_some_and(|word| word == "select") && words.iter().any(|word| word == "set_config")
}
