//! The comments that divide a file into UP and DOWN, and those that say how to run it: our own, dbmate's, goose's,
//! sqlx's and Atlas'.

use crate::lexer::{LineIndex, TokenKind, tokens};

use super::{MigrationError, Problem, Result};

/// How a file of sqlx's begins that is not to be run in a transaction.
const SQLX_NO_TRANSACTION: &str = "-- no-transaction";

/// What the marker lines of a file say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where the DOWN marker's line begins and where the next one does.
    pub(super) down: Option<Down>,
    /// UP asks not to be run in a transaction.
    pub(super) up_without_transaction: bool,
    /// DOWN asks not to be run in a transaction, in a marker that stands outside it.
    pub(super) down_without_transaction: bool,
}

/// The DOWN part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Down {
    /// Where UP ends: the start of the marker's line.
    pub(super) up_end: usize,
    /// Where DOWN begins: the line after the marker.
    pub(super) start: usize,
    /// Whether it is commented out.
    pub(super) commented: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Ponte,
    Dbmate,
    Goose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Up { family: Family, transaction: bool },
    Down { family: Family, transaction: bool },
    NoTransaction(Family),
    Substitution,
}

/// Finds the markers: line comments that begin their line, outside of strings, comments and rows.
pub(super) fn layout(file: &str, text: &str) -> Result<Layout> {
    let sqlx = text.starts_with(SQLX_NO_TRANSACTION);
    let mut layout = Layout {
        up_without_transaction: sqlx,
        down_without_transaction: sqlx,
        ..Layout::default()
    };
    let mut family_of_up = None;
    for token in tokens(text).filter(|token| token.kind == TokenKind::LineComment) {
        let line_start = text[..token.span.start].rfind('\n').map_or(0, |feed| feed + 1);
        let begins_line = text[line_start..token.span.start].trim().is_empty();
        let Some(marker) = marker(token.text(text)).filter(|_| begins_line) else {
            continue;
        };
        let refuse = |message: &str| {
            let position = LineIndex::new(text).position(text, token.span.start);
            MigrationError::new(Problem::FileText, format!("cannot read {file}: {message}"))
                .at(file, Some(position))
        };
        match marker {
            Marker::Up { .. } if family_of_up.is_some() => return Err(refuse("it has two UP markers")),
            Marker::Up { .. } if layout.down.is_some() => {
                return Err(refuse("its DOWN part stands before UP"));
            }
            Marker::Up { family, transaction } => {
                family_of_up = Some(family);
                layout.up_without_transaction |= !transaction;
            }
            Marker::Down { .. } if layout.down.is_some() => return Err(refuse("it has two DOWN markers")),
            Marker::Down { family, .. } if family_of_up.is_some_and(|up| up != family) => {
                return Err(refuse("its UP and DOWN markers belong to two different tools"));
            }
            Marker::Down { family, transaction } => {
                let start = token.span.end + usize::from(token.span.end < text.len());
                layout.down_without_transaction |= !transaction;
                layout.down = Some(Down {
                    up_end: line_start,
                    start,
                    commented: family == Family::Ponte,
                });
                if family == Family::Ponte {
                    // The rest of the file is commented out, and its markers are DOWN's own.
                    return Ok(layout);
                }
            }
            Marker::NoTransaction(Family::Goose) => {
                layout.up_without_transaction = true;
                layout.down_without_transaction = true;
            }
            Marker::NoTransaction(_) => {
                layout.down_without_transaction |= family_of_up.is_none() || layout.down.is_some();
                layout.up_without_transaction |= layout.down.is_none();
            }
            Marker::Substitution => {
                return Err(refuse(
                    "it asks for environment variables to be filled in, which is not done here",
                ));
            }
        }
    }
    Ok(layout)
}

/// The reason that a file gives for having no way back: `-- ponte: irreversible the rows are gone`, wherever it stands.
pub(super) fn irreversible(text: &str) -> Option<String> {
    reason_in(text, IRREVERSIBLE)
}

/// The reason that a file gives for not being tried with rows: `-- ponte: without-rows the table is empty until 012`.
pub(super) fn without_rows(text: &str) -> Option<String> {
    reason_in(text, "without-rows")
}

const IRREVERSIBLE: &str = "irreversible";

fn reason_in(text: &str, word: &str) -> Option<String> {
    let mut comments = tokens(text).filter(|token| token.kind == TokenKind::LineComment);
    comments.find_map(|token| reason(token.text(text), word))
}

fn reason(comment: &str, word: &str) -> Option<String> {
    let body = comment.trim_start_matches(['-', ' ']);
    let rest = body.strip_prefix("ponte:")?.trim_start().strip_prefix(word)?;
    Some(rest.trim_start_matches([':', ',', ' ']).trim().to_owned())
}

/// Whether a line of a commented-out DOWN part says that there is no way back.
pub(super) fn is_irreversible(line: &str) -> bool {
    line.trim().starts_with("--") && reason(line.trim(), IRREVERSIBLE).is_some()
}

/// Whether a line of a commented-out DOWN part is the request not to run it in a transaction.
pub(super) fn is_no_transaction(line: &str) -> bool {
    line.trim().starts_with("--") && marker(line.trim()) == Some(Marker::NoTransaction(Family::Ponte))
}

fn marker(comment: &str) -> Option<Marker> {
    let body = comment.trim_start_matches('-').trim();
    let words: Vec<String> = body
        .split(|c: char| c.is_whitespace() || c == ':')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let transaction = !words.windows(2).any(|pair| pair == ["transaction", "false"]);
    let ponte = Family::Ponte;
    match words.as_slice() {
        ["up", "operations", ..] => Some(Marker::Up {
            family: ponte,
            transaction: true,
        }),
        ["down", "operations", ..] => Some(Marker::Down {
            family: ponte,
            transaction: true,
        }),
        ["ponte", "no-transaction", ..] | ["atlas", "txmode", "none"] => Some(Marker::NoTransaction(ponte)),
        ["migrate", "up", ..] => Some(Marker::Up {
            family: Family::Dbmate,
            transaction,
        }),
        ["migrate", "down", ..] => Some(Marker::Down {
            family: Family::Dbmate,
            transaction,
        }),
        ["+goose", "up"] => Some(Marker::Up {
            family: Family::Goose,
            transaction: true,
        }),
        ["+goose", "down"] => Some(Marker::Down {
            family: Family::Goose,
            transaction: true,
        }),
        ["+goose", "no", "transaction"] => Some(Marker::NoTransaction(Family::Goose)),
        ["+goose", "envsub", "on"] => Some(Marker::Substitution),
        _ => None,
    }
}
