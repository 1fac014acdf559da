//! `host=db.example.com user='o\'brien' password=it\'s`, read as libpq reads it.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::conninfo::settings::{Origin, Settings, invalid};
use crate::error::Result;

/// Reads the whole string.
pub(crate) fn parse(text: &str) -> Result<Settings> {
    let mut settings = Settings::default();
    let mut chars = text.char_indices().peekable();
    loop {
        skip_blanks(&mut chars);
        let Some((start, _)) = chars.peek().copied() else {
            return Ok(settings);
        };
        let name = read_name(&mut chars);
        skip_blanks(&mut chars);
        if chars.next_if(|(_, c)| *c == '=').is_none() {
            // The word itself is not repeated: it may be the rest of a password with a blank in it.
            return Err(invalid(format!(
                "the word at character {} is not followed by =",
                start + 1
            ))
            .hint("write keyword=value pairs or a postgresql:// URL, and quote values with blanks"));
        }
        skip_blanks(&mut chars);
        let value = match chars.next_if(|(_, c)| *c == '\'') {
            Some((quote, _)) => read_quoted(&mut chars, quote)?,
            None => read_plain(&mut chars),
        };
        settings.assign(&name, value, Origin::ConnectionString)?;
    }
}

fn skip_blanks(chars: &mut Peekable<CharIndices<'_>>) {
    while chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
}

fn read_name(chars: &mut Peekable<CharIndices<'_>>) -> String {
    let mut name = String::new();
    while let Some((_, c)) = chars.next_if(|(_, c)| *c != '=' && !c.is_ascii_whitespace()) {
        name.push(c);
    }
    name
}

/// Up to the next blank; a backslash takes the character after it as it is.
fn read_plain(chars: &mut Peekable<CharIndices<'_>>) -> String {
    let mut value = String::new();
    while let Some((_, c)) = chars.next_if(|(_, c)| !c.is_ascii_whitespace()) {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    value
}

/// Up to the closing quote; a backslash takes the character after it as it is.
fn read_quoted(chars: &mut Peekable<CharIndices<'_>>, quote: usize) -> Result<String> {
    let mut value = String::new();
    while let Some((_, c)) = chars.next() {
        match c {
            '\'' => return Ok(value),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    Err(invalid(format!(
        "the quote at character {} is not closed",
        quote + 1
    )))
}
