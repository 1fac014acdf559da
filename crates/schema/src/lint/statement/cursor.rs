//! Reading the words of a statement from left to right.

use std::ops::Range;

use super::Name;
use crate::lexer::{self, Token, TokenKind};

/// A place among the words of a statement, and where they end.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

/// The tokens of a statement that are neither white space nor comments.
pub(super) fn significant(text: &str) -> Vec<Token> {
    lexer::tokens(text)
        .filter(|token| !token.kind.is_trivia())
        .collect()
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, tokens }
    }

    /// Whether these key words come next.
    pub(super) fn sees(&self, phrase: &str) -> bool {
        self.length_of(phrase).is_some()
    }

    /// Passes over these key words where they come next.
    pub(super) fn eat(&mut self, phrase: &str) -> bool {
        match self.length_of(phrase) {
            Some(length) => {
                self.tokens = &self.tokens[length..];
                true
            }
            None => false,
        }
    }

    /// Passes over the first of these phrases that comes next.
    pub(super) fn eat_any<'p>(&mut self, phrases: &[&'p str]) -> Option<&'p str> {
        phrases.iter().copied().find(|phrase| self.eat(phrase))
    }

    fn length_of(&self, phrase: &str) -> Option<usize> {
        let words = phrase.split(' ');
        let mut length = 0;
        for word in words {
            let token = self.tokens.get(length)?;
            if !token.text(self.text).eq_ignore_ascii_case(word) {
                return None;
            }
            length += 1;
        }
        Some(length)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Passes over one token, or over everything up to the bracket that closes it.
    pub(super) fn skip(&mut self) {
        let length = self.group().max(1).min(self.tokens.len());
        self.tokens = &self.tokens[length..];
    }

    /// How many tokens the bracketed group has that begins here; none where no bracket does.
    fn group(&self) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate() {
            match token.text(self.text) {
                "(" | "[" if token.kind == TokenKind::Punctuation => depth += 1,
                ")" | "]" if token.kind == TokenKind::Punctuation => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return if index == 0 { 0 } else { index + 1 };
            }
        }
        self.tokens.len()
    }

    /// The inside of the brackets that open here.
    pub(super) fn brackets(&mut self) -> Option<Self> {
        if !self.sees("(") {
            return None;
        }
        let length = self.group();
        let inside = Self::new(self.text, &self.tokens[1..length.saturating_sub(1).max(1)]);
        self.tokens = &self.tokens[length..];
        Some(inside)
    }

    /// What lies between commas that are in no brackets.
    pub(super) fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self.clone();
        let mut start = self.clone();
        while !rest.is_empty() {
            if rest.sees(",") {
                parts.push(start.up_to(&rest));
                rest.skip();
                start = rest.clone();
            } else {
                rest.skip();
            }
        }
        if !start.is_empty() {
            parts.push(start);
        }
        parts
    }

    /// What lies between this place and a later one.
    pub(super) fn up_to(&self, later: &Self) -> Self {
        let length = self.tokens.len() - later.tokens.len();
        Self::new(self.text, &self.tokens[..length])
    }

    /// Whether the key words stand somewhere from here on, outside of brackets.
    pub(super) fn has(&self, phrase: &str) -> bool {
        let mut rest = self.clone();
        while !rest.is_empty() {
            if rest.sees(phrase) {
                return true;
            }
            rest.skip();
        }
        false
    }

    /// Passes over everything before these key words, outside of brackets. Stays where it is if they do not come.
    pub(super) fn seek(&mut self, phrase: &str) -> bool {
        let mut rest = self.clone();
        while !rest.is_empty() {
            if rest.sees(phrase) {
                *self = rest;
                return true;
            }
            rest.skip();
        }
        false
    }

    /// The text from here to the end.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.span()]
    }

    /// Where that text is, in bytes of the statement.
    pub(super) fn span(&self) -> Range<usize> {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => first.span.start..last.span.end,
            _ => self.text.len()..self.text.len(),
        }
    }

    /// The words from here on, in lower case.
    pub(super) fn words(&self) -> Vec<String> {
        let words = self.tokens.iter().filter(|token| token.kind == TokenKind::Word);
        words
            .map(|token| token.text(self.text).to_ascii_lowercase())
            .collect()
    }

    /// An identifier as the catalog holds it, and as it is spelled.
    fn identifier(&mut self) -> Option<(String, &'a str)> {
        let token = self.tokens.first()?;
        let spelling = token.text(self.text);
        let stored = match token.kind {
            TokenKind::Word => spelling.to_ascii_lowercase(),
            TokenKind::QuotedIdent => spelling
                .strip_prefix('"')?
                .strip_suffix('"')?
                .replace("\"\"", "\""),
            _ => return None,
        };
        self.tokens = &self.tokens[1..];
        Some((stored, spelling))
    }

    /// A name with or without a schema.
    pub(super) fn name(&mut self) -> Option<Name> {
        let (mut name, first) = self.identifier()?;
        let mut spelling = first.to_owned();
        let mut schema = None;
        while self.eat(".") {
            let (next, text) = self.identifier()?;
            schema = Some(std::mem::replace(&mut name, next));
            spelling = format!("{spelling}.{text}");
        }
        Some(Name {
            schema,
            name,
            spelling,
        })
    }

    /// The names of a list.
    pub(super) fn names(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        loop {
            self.eat("only");
            let Some(name) = self.name() else {
                return names;
            };
            names.push(name);
            self.eat("*");
            if self.sees("(") {
                // The arguments of a function.
                self.skip();
            }
            if !self.eat(",") {
                return names;
            }
        }
    }
}
