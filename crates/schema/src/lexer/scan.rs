//! One token at a time, without any memory: the rules of the server's `scan.l`.

use super::TokenKind::{self, *};
use super::Unterminated as Open;

/// Characters that operators are made of.
const OPERATOR: &[u8] = b"~!@#^&|`?+-*/%<>=:";

/// The kind of the token that begins at `at`, and where it ends. `at` is before the end of the text and on a character
/// boundary; so is the end returned, which is always after `at`.
pub(super) fn token_at(text: &str, at: usize) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let next = bytes.get(at + 1).copied();
    match bytes[at] {
        b if is_space(b) => (Whitespace, run(bytes, at, is_space)),
        b'-' if next == Some(b'-') => (LineComment, run(bytes, at, |b| b != b'\n' && b != b'\r')),
        b'/' if next == Some(b'*') => block_comment(bytes, at),
        b'\'' => string(bytes, at, Backslash::Ordinary),
        b'e' | b'E' if next == Some(b'\'') => string(bytes, at + 1, Backslash::Escapes),
        b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if next == Some(b'\'') => {
            string(bytes, at + 1, Backslash::Ordinary)
        }
        b'u' | b'U' if next == Some(b'&') => match bytes.get(at + 2) {
            Some(b'\'') => string(bytes, at + 2, Backslash::Ordinary),
            Some(b'"') => quoted_ident(bytes, at + 2),
            _ => (Word, at + 1),
        },
        b'"' => quoted_ident(bytes, at),
        b'$' => dollar(bytes, at),
        b'0'..=b'9' => (Number, number(bytes, at)),
        b'.' if next.is_some_and(|b| b.is_ascii_digit()) => (Number, number(bytes, at)),
        b'(' | b')' | b'[' | b']' | b',' | b'.' | b';' => (Punctuation, at + 1),
        b'\\' => (MetaCommand, run(bytes, at, |b| b != b'\n' && b != b'\r')),
        b if is_ident_start(b) => (Word, run(bytes, at, is_ident)),
        b if OPERATOR.contains(&b) => (Operator, operator(bytes, at)),
        _ => (Stray, at + 1),
    }
}

/// Where a line that begins with `at` ends, its line feed included.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |feed| at + feed + 1)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_ident_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_ident(byte: u8) -> bool {
    is_ident_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// The end of the run of bytes from `at` on that satisfy `belongs`.
fn run(bytes: &[u8], at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    bytes[at..]
        .iter()
        .position(|b| !belongs(*b))
        .map_or(bytes.len(), |length| at + length)
}

fn block_comment(bytes: &[u8], at: usize) -> (TokenKind, usize) {
    let mut depth = 0_usize;
    let mut here = at;
    while here < bytes.len() {
        match &bytes[here..] {
            [b'/', b'*', ..] => {
                depth += 1;
                here += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                here += 2;
                if depth == 0 {
                    return (BlockComment, here);
                }
            }
            _ => here += 1,
        }
    }
    (Unterminated(Open::BlockComment), bytes.len())
}

/// Whether a backslash in a string means itself.
#[derive(Clone, Copy)]
enum Backslash {
    Ordinary,
    Escapes,
}

/// `quote` is the place of the opening quote. A string goes on if only white space with a line end, and comments, lie
/// between its closing quote and another opening one, and it goes on under the rules that it began with.
fn string(bytes: &[u8], quote: usize, backslash: Backslash) -> (TokenKind, usize) {
    let mut open = quote;
    loop {
        let Some(close) = string_close(bytes, open + 1, backslash) else {
            return (Unterminated(Open::String), bytes.len());
        };
        match continuation(bytes, close) {
            Some(next) => open = next,
            None => return (String, close),
        }
    }
}

/// The place after the closing quote of a string whose content begins at `at`.
fn string_close(bytes: &[u8], at: usize, backslash: Backslash) -> Option<usize> {
    let mut here = at;
    while here < bytes.len() {
        match (bytes[here], backslash) {
            (b'\\', Backslash::Escapes) => here += 2,
            (b'\'', _) if bytes.get(here + 1) == Some(&b'\'') => here += 2,
            (b'\'', _) => return Some(here + 1),
            _ => here += 1,
        }
    }
    None
}

/// The place of the quote that continues a string which ended before `at`.
fn continuation(bytes: &[u8], at: usize) -> Option<usize> {
    let mut here = at;
    let mut line_ended = false;
    loop {
        match &bytes[here..] {
            [b'\'', ..] if line_ended => return Some(here),
            [b'-', b'-', ..] => here = run(bytes, here, |b| b != b'\n' && b != b'\r'),
            [b, ..] if is_space(*b) => {
                line_ended |= matches!(b, b'\n' | b'\r');
                here += 1;
            }
            _ => return None,
        }
    }
}

fn quoted_ident(bytes: &[u8], quote: usize) -> (TokenKind, usize) {
    let mut here = quote + 1;
    while here < bytes.len() {
        match &bytes[here..] {
            [b'"', b'"', ..] => here += 2,
            [b'"', ..] => return (QuotedIdent, here + 1),
            _ => here += 1,
        }
    }
    (Unterminated(Open::QuotedIdent), bytes.len())
}

/// `$1`, `$$…$$`, `$tag$…$tag$`, or a lone dollar sign.
fn dollar(bytes: &[u8], at: usize) -> (TokenKind, usize) {
    if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        return (Param, run(bytes, at + 1, |b| b.is_ascii_digit()));
    }
    let tag_end = run(bytes, at + 1, |b| is_ident(b) && b != b'$');
    if bytes.get(tag_end) != Some(&b'$') {
        return (Stray, at + 1);
    }
    let delimiter = &bytes[at..=tag_end];
    let body = tag_end + 1;
    match bytes[body..]
        .windows(delimiter.len())
        .position(|w| w == delimiter)
    {
        Some(offset) => (DollarString, body + offset + delimiter.len()),
        None => (Unterminated(Open::DollarString), bytes.len()),
    }
}

/// Digits, one fraction, one exponent; `0x`, `0o`, `0b`; underscores between. What follows without a gap is junk to the
/// server, and a word here, which cuts at the same places.
fn number(bytes: &[u8], at: usize) -> usize {
    let digit = |b: u8| b.is_ascii_digit() || b == b'_';
    if let [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', first, ..] = &bytes[at..]
        && first.is_ascii_hexdigit()
    {
        return run(bytes, at + 2, |b| b.is_ascii_hexdigit() || b == b'_');
    }
    let mut end = run(bytes, at, digit);
    let range_follows = bytes[end..].starts_with(b"..");
    if bytes.get(end) == Some(&b'.') && !range_follows {
        end = run(bytes, end + 1, digit);
    }
    if let [b'e' | b'E', rest @ ..] = &bytes[end..] {
        let sign = usize::from(matches!(rest.first(), Some(b'+' | b'-')));
        if rest.get(sign).is_some_and(u8::is_ascii_digit) {
            end = run(bytes, end + 1 + sign, digit);
        }
    }
    end
}

/// The run of operator characters, cut short where a comment begins inside it.
fn operator(bytes: &[u8], at: usize) -> usize {
    let end = run(bytes, at, |b| OPERATOR.contains(&b));
    (at + 1..end)
        .find(|here| bytes[*here..].starts_with(b"--") || bytes[*here..].starts_with(b"/*"))
        .unwrap_or(end)
}
