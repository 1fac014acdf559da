//! The stream of tokens of a whole file: what a semicolon means, and where the rows of a COPY are.

use super::{Token, TokenKind, Unterminated, scan};

/// Cuts a text into tokens; their spans put together are the text.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens {
        text,
        at: 0,
        statement: Current::default(),
        copy: Copy::None,
    }
}

/// See [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    statement: Current<'a>,
    copy: Copy,
}

/// Where we stand with the rows of a `COPY … FROM stdin`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Copy {
    /// Nothing to expect.
    None,
    /// The statement has ended; the rows begin with the next line.
    AfterThisLine,
    /// The rows begin here.
    Here,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.at == self.text.len() {
            return None;
        }
        let (kind, end) = match self.copy {
            Copy::None => self.sql(),
            Copy::AfterThisLine => self.rest_of_copy_line(),
            Copy::Here => self.copy_rows(),
        };
        let span = self.at..end;
        self.at = end;
        Some(Token { kind, span })
    }
}

impl Tokens<'_> {
    fn sql(&mut self) -> (TokenKind, usize) {
        let (kind, end) = scan::token_at(self.text, self.at);
        let text = &self.text[self.at..end];
        if kind == TokenKind::Punctuation && text == ";" && self.statement.ends_at_semicolon() {
            if self.statement.is_copy_from_stdin() {
                self.copy = Copy::AfterThisLine;
            }
            self.statement = Current::default();
            return (TokenKind::Terminator, end);
        }
        if !kind.is_trivia() && kind != TokenKind::MetaCommand {
            self.statement.see(kind, text);
        }
        (kind, end)
    }

    /// Between the semicolon of the COPY and its first row there may be spaces and a comment; anything else is not ours
    /// to guess about, and [`split`](super::split) refuses it.
    fn rest_of_copy_line(&mut self) -> (TokenKind, usize) {
        let end = scan::line_end(self.text.as_bytes(), self.at);
        let rest = &self.text[self.at..end];
        if rest.trim().is_empty() {
            self.copy = Copy::Here;
            return (TokenKind::Whitespace, end);
        }
        let (kind, end) = scan::token_at(self.text, self.at);
        if !kind.is_trivia() {
            self.copy = Copy::None;
            return self.sql();
        }
        (kind, end)
    }

    fn copy_rows(&mut self) -> (TokenKind, usize) {
        self.copy = Copy::None;
        let bytes = self.text.as_bytes();
        let mut line = self.at;
        while line < bytes.len() {
            let end = scan::line_end(bytes, line);
            if self.text[line..end].trim_end_matches(['\r', '\n']) == "\\." {
                return (TokenKind::CopyData, end);
            }
            line = end;
        }
        (TokenKind::Unterminated(Unterminated::CopyData), bytes.len())
    }
}

/// As many first words as it takes to know `CREATE OR REPLACE FUNCTION`.
const HEAD_MAX: usize = 4;

/// What has been seen of the statement at hand, as far as its end depends on it.
#[derive(Debug, Clone, Default)]
struct Current<'a> {
    head: Vec<&'a str>,
    /// Open parentheses.
    parens: usize,
    /// An open `BEGIN ATOMIC`, and every `CASE` open inside it.
    blocks: usize,
    /// The text of the token before, where it was a word or punctuation.
    previous: &'a str,
    /// `FROM STDIN` was seen outside parentheses.
    from_stdin: bool,
}

impl<'a> Current<'a> {
    fn ends_at_semicolon(&self) -> bool {
        self.parens == 0 && self.blocks == 0
    }

    fn is_copy_from_stdin(&self) -> bool {
        self.from_stdin && self.head.first().is_some_and(|word| is(word, "copy"))
    }

    fn see(&mut self, kind: TokenKind, text: &'a str) {
        match (kind, text) {
            (TokenKind::Punctuation, "(") => self.parens += 1,
            (TokenKind::Punctuation, ")") => self.parens = self.parens.saturating_sub(1),
            (TokenKind::Word, _) => self.see_word(text),
            _ => {}
        }
        if self.head.len() < HEAD_MAX {
            self.head.push(text);
        }
        self.previous = if matches!(kind, TokenKind::Word | TokenKind::Punctuation) {
            text
        } else {
            ""
        };
    }

    fn see_word(&mut self, word: &str) {
        if self.parens == 0 && is(word, "stdin") && is(self.previous, "from") {
            self.from_stdin = true;
        }
        if self.blocks == 0 {
            let opens = is(word, "atomic") && is(self.previous, "begin");
            self.blocks = usize::from(opens && self.parens == 0 && self.creates_routine());
        } else if is(self.previous, "as") || self.previous == "." {
            // A column label or a qualified name: `AS end`, `t.case`.
        } else if is(word, "case") {
            self.blocks += 1;
        } else if is(word, "end") {
            self.blocks -= 1;
        }
    }

    fn creates_routine(&self) -> bool {
        let routine = |word: &&str| is(word, "function") || is(word, "procedure");
        match self.head.as_slice() {
            [create, or, replace, what] if is(or, "or") => {
                is(create, "create") && is(replace, "replace") && routine(what)
            }
            [create, what, ..] => is(create, "create") && routine(what),
            _ => false,
        }
    }
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}
