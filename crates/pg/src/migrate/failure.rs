//! A statement that the server rejected, shown where it stands in the file.

use std::fmt;
use std::ops::Range;

use ponte_schema::QualifiedName;
use ponte_schema::lexer::{LineIndex, Position, Statement, TokenKind, tokens};
use ponte_schema::migration::Script;
use tokio_postgres::error::{DbError, ErrorPosition};

use crate::error::server::message;

/// Lines of the statement shown above and below the place of the error.
const LINES_BEFORE: usize = 3;
const LINES_AFTER: usize = 1;

/// Lines of a file, and the place in them that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The file's number of the first line.
    pub first_line: u32,
    /// The lines, a DOWN part uncommented.
    pub lines: Vec<String>,
    /// Index of the line that the caret stands under.
    pub caret_line: usize,
    /// The columns of that line to mark, in characters from 0.
    pub caret: Range<usize>,
}

/// A statement that a function or a DO block ran, and the place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalQuery {
    /// The statement.
    pub query: String,
    /// The place, in characters from 1.
    pub position: u32,
}

/// What the server says about a statement of a migration, and where that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFailure {
    /// The file's name.
    pub file: String,
    /// The place of the error, or else of the statement; none where the commit failed.
    pub position: Option<Position>,
    /// The lines around it.
    pub snippet: Option<Snippet>,
    /// Five characters.
    pub sqlstate: String,
    /// The server's message, without the value that it quotes where a value is malformed.
    pub message: String,
    /// Its DETAIL, unless it quotes a row, as that of a violated constraint does.
    pub detail: Option<String>,
    /// Its HINT.
    pub hint: Option<String>,
    /// Its CONTEXT; not for COPY, where it holds a row.
    pub context: Option<String>,
    /// The statement inside a function that failed.
    pub internal: Option<InternalQuery>,
    /// Which statement of the script it is, from 0; none where the commit failed.
    pub statement: Option<usize>,
    /// The table that the server names.
    pub table: Option<QualifiedName>,
    /// The column that the server names.
    pub column: Option<String>,
    /// What the server quotes of a row.
    pub quoted: Quoted,
}

/// What the server quotes of a row: values, which are shown only where they are made up.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Quoted(Option<String>);

impl Quoted {
    fn of(error: &DbError) -> Self {
        let tail = error.message().strip_prefix(message(error));
        let value = tail
            .map(|tail| tail.trim_start_matches([':', ' ']))
            .filter(|tail| !tail.is_empty());
        let detail = error.detail().filter(|_| quotes_a_row(error));
        Self(detail.or(value).map(str::to_owned))
    }

    /// For databases that hold nothing but made-up rows.
    pub fn of_made_up_rows(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quoted(…)")
    }
}

impl SqlFailure {
    /// Of the given statement, or of the commit of the whole script.
    pub(crate) fn new(script: &Script, statement: Option<usize>, error: &DbError) -> Self {
        let index = statement;
        let statement = index.and_then(|index| script.statements().get(index));
        let place = statement.map(|statement| Place::find(script, statement, error));
        let is_copy = statement.is_some_and(|statement| statement.copy_rows.is_some());
        let internal = match error.position() {
            Some(ErrorPosition::Internal { position, query }) => Some(InternalQuery {
                query: query.clone(),
                position: *position,
            }),
            _ => None,
        };
        Self {
            file: script.file().to_owned(),
            position: place.as_ref().map(|place| place.in_file),
            snippet: place.map(|place| place.snippet),
            sqlstate: error.code().code().to_owned(),
            message: message(error).to_owned(),
            detail: error.detail().filter(|_| !quotes_a_row(error)).map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            context: error.where_().filter(|_| !is_copy).map(str::to_owned),
            internal,
            statement: index,
            table: error
                .table()
                .map(|table| QualifiedName::new(error.schema().unwrap_or_default(), table)),
            column: error.column().map(str::to_owned),
            quoted: Quoted::of(error),
        }
    }
}

/// Classes 22 (data exception) and 23 (integrity constraint violation).
fn quotes_a_row(error: &DbError) -> bool {
    matches!(error.code().code().get(..2), Some("22" | "23"))
}

impl fmt::Display for SqlFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SqlFailure {}

struct Place {
    in_file: Position,
    snippet: Snippet,
}

impl Place {
    fn find(script: &Script, statement: &Statement, error: &DbError) -> Self {
        let text = script.text();
        let marked = match error.position() {
            Some(ErrorPosition::Original(position)) => Some(token_span(statement, text, *position)),
            _ => error
                .where_()
                .and_then(|context| line_in_body(statement, text, context)),
        };
        let index = LineIndex::new(text);
        if let (Some(rows), Some(context)) = (&statement.copy_rows, error.where_())
            && let Some(row) = number_after(context, "line ")
        {
            let first = index.position(text, rows.start);
            let place = Position {
                line: first.line + row.saturating_sub(1),
                column: 1,
            };
            return Self {
                in_file: script.in_file(place),
                snippet: snippet(script, statement, &statement.span),
            };
        }
        let marked = marked.unwrap_or(statement.span.clone());
        Self {
            in_file: script.in_file(index.position(text, marked.start)),
            snippet: snippet(script, statement, &marked),
        }
    }
}

/// The token at a position that the server counts in characters from 1, as a span of the script.
fn token_span(statement: &Statement, text: &str, position: u32) -> Range<usize> {
    let own = statement.text(text);
    let chars = usize::try_from(position.saturating_sub(1)).unwrap_or(0);
    let offset = own.char_indices().nth(chars).map_or(own.len(), |(at, _)| at);
    let token = tokens(own).find(|token| token.span.contains(&offset));
    let end = match token {
        // A body in dollar quotes is marked to the end of the word only.
        Some(token) if token.kind == TokenKind::DollarString && token.span.start < offset => {
            let word = own[offset..]
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(0);
            offset + word.max(1).min(own.len() - offset)
        }
        Some(token) => token.span.end,
        None => own.len(),
    };
    statement.span.start + offset..statement.span.start + end.max(offset)
}

/// The line of a DO block that the server's context names. Only the number is read, so that the language of the
/// messages does not matter.
fn line_in_body(statement: &Statement, text: &str, context: &str) -> Option<Range<usize>> {
    let line = number_after(context, "inline_code_block")?;
    let own = statement.text(text);
    let body = statement
        .tokens(text)
        .find(|token| token.kind == TokenKind::DollarString)?;
    let in_body = &own[body.span.clone()];
    let skipped: usize = in_body
        .split_inclusive('\n')
        .take(usize::try_from(line).ok()?.checked_sub(1)?)
        .map(str::len)
        .sum();
    let rest = in_body.get(skipped..)?;
    let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let length = rest.lines().next().unwrap_or("").trim().len();
    let start = statement.span.start + body.span.start + skipped + indent;
    Some(start..start + length)
}

fn number_after(text: &str, marker: &str) -> Option<u32> {
    let rest = &text[text.find(marker)? + marker.len()..];
    let digits = rest.find(|c: char| c.is_ascii_digit())?;
    let number: String = rest[digits..].chars().take_while(char::is_ascii_digit).collect();
    number.parse().ok()
}

/// The lines of the statement around the marked span.
fn snippet(script: &Script, statement: &Statement, marked: &Range<usize>) -> Snippet {
    let text = script.text();
    let index = LineIndex::new(text);
    let line_of = |offset: usize| usize::try_from(index.position(text, offset).line - 1).unwrap_or(0);
    let (first, last, caret) = (
        line_of(statement.span.start),
        line_of(statement.span.end),
        line_of(marked.start),
    );
    let from = caret.saturating_sub(LINES_BEFORE).max(first);
    let to = (caret + LINES_AFTER).min(last);
    let lines: Vec<String> = text
        .lines()
        .skip(from)
        .take(to + 1 - from)
        .map(str::to_owned)
        .collect();
    let column = usize::try_from(index.position(text, marked.start).column - 1).unwrap_or(0);
    let first_marked_line = text[marked.clone()].lines().next().unwrap_or("");
    let first_position = Position {
        line: u32::try_from(from + 1).unwrap_or(u32::MAX),
        column: 1,
    };
    Snippet {
        first_line: script.in_file(first_position).line,
        lines,
        caret_line: caret - from,
        caret: column..column + first_marked_line.chars().count().max(1),
    }
}
