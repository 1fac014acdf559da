//! PostgreSQL's own lexical rules, so that a file of SQL can be cut into statements exactly where `psql` cuts it.
//!
//! Cutting at semicolons is wrong in a dozen places: strings of five kinds, dollar quotes, nested comments, rule actions in
//! parentheses, `BEGIN ATOMIC` bodies, rows of `COPY … FROM stdin`. So there are two layers here. [`scan`](self) knows one
//! token at a time and nothing before it; [`Tokens`] drives it and keeps what the cut depends on: parentheses, bodies, and
//! whether the statement at hand is a COPY. [`split`] folds that stream into [`Statement`]s.
//!
//! Every byte of the input belongs to exactly one token, and nothing here fails or panics on any text: what never ends
//! becomes a [`TokenKind::Unterminated`] token, and only [`split`] makes an error of it.
//!
//! `standard_conforming_strings` is taken to be on, as it is by default everywhere; the runner sets it.

mod position;
mod scan;
mod statement;
mod tokens;

pub use position::{LineIndex, Position};
pub use statement::{SplitError, SplitErrorKind, Statement, split};
pub use tokens::{Tokens, tokens};

use std::ops::Range;

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Spaces, tabs, line ends.
    Whitespace,
    /// `-- …` up to the line end, which is not part of it.
    LineComment,
    /// `/* … */`, nested.
    BlockComment,
    /// A key word or an unquoted identifier.
    Word,
    /// `"…"` or `U&"…"`.
    QuotedIdent,
    /// `'…'`, `E'…'`, `U&'…'`, `B'…'`, `X'…'`, with the continuation on the next lines that the standard allows.
    String,
    /// `$tag$ … $tag$`.
    DollarString,
    /// `1`, `1.5e-3`, `0xFF`, `1_000`.
    Number,
    /// `$1`.
    Param,
    /// `<=`, `->>`, `::`, and all their kin.
    Operator,
    /// One of `( ) [ ] , .`, or a semicolon that does not end the statement.
    Punctuation,
    /// A semicolon that ends the statement.
    Terminator,
    /// `\…` up to the line end: a command for psql, not for the server.
    MetaCommand,
    /// The rows after `COPY … FROM stdin;`, with the closing `\.` line.
    CopyData,
    /// A byte that begins nothing (a control character, say); the server will complain about it.
    Stray,
    /// Something that begins and never ends; it reaches to the end of the text.
    Unterminated(Unterminated),
}

impl TokenKind {
    /// Whether the server skips it.
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::LineComment | Self::BlockComment)
    }
}

/// What was opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unterminated {
    /// A string in single quotes.
    String,
    /// An identifier in double quotes.
    QuotedIdent,
    /// A `$tag$` string.
    DollarString,
    /// A `/*` comment.
    BlockComment,
    /// Rows of COPY without the `\.` line.
    CopyData,
}

/// A stretch of the text; spans of consecutive tokens touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is, in bytes.
    pub span: Range<usize>,
}

impl Token {
    /// The token's own text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.span.clone()]
    }
}
