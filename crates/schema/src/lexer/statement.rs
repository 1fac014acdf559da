//! A file of SQL as the statements to send, one message each.

use std::fmt;
use std::ops::Range;

use super::{LineIndex, Position, Token, TokenKind, Unterminated, tokens};

/// One statement of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// From its first token to its last, without the semicolon.
    pub span: Range<usize>,
    /// Where it begins.
    pub start: Position,
    /// The rows that follow a `COPY … FROM stdin`, without the closing `\.` line.
    pub copy_rows: Option<Range<usize>>,
}

impl Statement {
    /// The statement's own text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.span.clone()]
    }

    /// Its tokens without white space and comments; spans are relative to the statement.
    pub fn tokens<'a>(&self, source: &'a str) -> impl Iterator<Item = Token> + 'a {
        tokens(&source[self.span.clone()]).filter(|token| !token.kind.is_trivia())
    }

    /// Whether it is a `COPY` that has these two words outside parentheses: `FROM STDIN`, `TO STDOUT`.
    pub(crate) fn copies(&self, source: &str, direction: &str, stream: &str) -> bool {
        let text = self.text(source);
        let mut depth = 0_usize;
        let mut after_direction = false;
        for (index, token) in self.tokens(source).enumerate() {
            let word = token.text(text);
            match (index, word) {
                (0, first) if !first.eq_ignore_ascii_case("copy") => return false,
                (_, "(") => depth += 1,
                (_, ")") => depth = depth.saturating_sub(1),
                _ if depth == 0 && after_direction && word.eq_ignore_ascii_case(stream) => return true,
                _ => {}
            }
            after_direction = word.eq_ignore_ascii_case(direction);
        }
        false
    }
}

/// A text that cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitError {
    /// What is wrong.
    pub kind: SplitErrorKind,
    /// Where it begins.
    pub position: Position,
}

/// Why a text cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitErrorKind {
    /// Something is opened and never closed.
    Unterminated(Unterminated),
    /// A parenthesis or a `BEGIN ATOMIC` is still open where the text ends, so that its last semicolons ended nothing.
    OpenAtEnd,
    /// A command for psql that has no meaning here.
    MetaCommand(String),
    /// A `COPY … FROM stdin` without rows on the lines after it.
    CopyWithoutRows,
}

impl fmt::Display for SplitErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unterminated(Unterminated::String) => f.write_str("a string begins here and never ends"),
            Self::Unterminated(Unterminated::QuotedIdent) => {
                f.write_str("a quoted name begins here and never ends")
            }
            Self::Unterminated(Unterminated::DollarString) => {
                f.write_str("a dollar-quoted string begins here and never ends")
            }
            Self::Unterminated(Unterminated::BlockComment) => {
                f.write_str("a comment begins here and never ends")
            }
            Self::Unterminated(Unterminated::CopyData) => {
                f.write_str("the rows of COPY begin here and no line with \\. ends them")
            }
            Self::OpenAtEnd => f.write_str("a parenthesis or BEGIN ATOMIC of this statement is never closed"),
            Self::MetaCommand(command) => write!(f, "{command} is a command of psql, not SQL"),
            Self::CopyWithoutRows => f.write_str("the rows of COPY have to begin on the next line"),
        }
    }
}

/// Cuts a text into its statements. Empty ones vanish, as they do in psql.
pub fn split(text: &str) -> Result<Vec<Statement>, SplitError> {
    let mut cutter = Cutter {
        text,
        lines: LineIndex::new(text),
        statements: Vec::new(),
        open: None,
        inner_semicolon: false,
        awaits_rows: None,
    };
    for token in tokens(text) {
        cutter.take(&token)?;
    }
    cutter.finish()
}

struct Cutter<'a> {
    text: &'a str,
    lines: LineIndex,
    statements: Vec<Statement>,
    /// The statement at hand, from its first token to its last so far.
    open: Option<Range<usize>>,
    /// Whether a semicolon was passed over inside it.
    inner_semicolon: bool,
    /// Where the COPY began whose rows have to come now.
    awaits_rows: Option<Position>,
}

impl Cutter<'_> {
    fn take(&mut self, token: &Token) -> Result<(), SplitError> {
        let brings_rows = matches!(
            token.kind,
            TokenKind::CopyData | TokenKind::Unterminated(Unterminated::CopyData)
        );
        if let Some(copy) = self
            .awaits_rows
            .filter(|_| !token.kind.is_trivia() && !brings_rows)
        {
            return Err(copy_without_rows(copy));
        }
        match token.kind {
            kind if kind.is_trivia() => Ok(()),
            TokenKind::Unterminated(what) => {
                Err(self.error(SplitErrorKind::Unterminated(what), token.span.start))
            }
            TokenKind::MetaCommand => self.meta_command(token),
            TokenKind::Terminator => {
                self.close();
                Ok(())
            }
            TokenKind::CopyData => {
                self.attach_rows(token);
                Ok(())
            }
            _ => {
                self.extend(token);
                Ok(())
            }
        }
    }

    fn extend(&mut self, token: &Token) {
        self.inner_semicolon |= token.text(self.text) == ";";
        match &mut self.open {
            Some(span) => span.end = token.span.end,
            None => self.open = Some(token.span.clone()),
        }
    }

    fn close(&mut self) {
        self.inner_semicolon = false;
        if let Some(span) = self.open.take() {
            let statement = Statement {
                start: self.lines.position(self.text, span.start),
                span,
                copy_rows: None,
            };
            let copies = statement.copies(self.text, "from", "stdin");
            self.awaits_rows = copies.then_some(statement.start);
            self.statements.push(statement);
        }
    }

    fn attach_rows(&mut self, token: &Token) {
        self.awaits_rows = None;
        let rows = token.text(self.text);
        let without_end = rows.trim_end_matches(['\r', '\n']).trim_end_matches("\\.");
        if let Some(statement) = self.statements.last_mut() {
            statement.copy_rows = Some(token.span.start..token.span.start + without_end.len());
        }
    }

    fn meta_command(&self, token: &Token) -> Result<(), SplitError> {
        let text = token.text(self.text);
        if is_harmless(text) {
            return Ok(());
        }
        let command = text.split_whitespace().next().unwrap_or(text);
        Err(self.error(SplitErrorKind::MetaCommand(command.to_owned()), token.span.start))
    }

    fn finish(mut self) -> Result<Vec<Statement>, SplitError> {
        if let Some(span) = &self.open
            && self.inner_semicolon
        {
            return Err(self.error(SplitErrorKind::OpenAtEnd, span.start));
        }
        self.close();
        match self.awaits_rows {
            Some(copy) => Err(copy_without_rows(copy)),
            None => Ok(self.statements),
        }
    }

    fn error(&self, kind: SplitErrorKind, offset: usize) -> SplitError {
        SplitError {
            kind,
            position: self.lines.position(self.text, offset),
        }
    }
}

/// What pg_dump writes and what only changes how psql prints.
fn is_harmless(command: &str) -> bool {
    let mut words = command.split_whitespace();
    match words.next() {
        Some("\\restrict" | "\\unrestrict" | "\\echo" | "\\qecho" | "\\warn" | "\\timing" | "\\pset") => true,
        Some("\\set") => matches!(
            words.next(),
            Some("ON_ERROR_STOP" | "QUIET" | "VERBOSITY" | "ECHO" | "SHOW_CONTEXT")
        ),
        _ => false,
    }
}

fn copy_without_rows(copy: Position) -> SplitError {
    SplitError {
        kind: SplitErrorKind::CopyWithoutRows,
        position: copy,
    }
}
