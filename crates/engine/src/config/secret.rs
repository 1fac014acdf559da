//! Text that may hold a password, and the masking of text that was not supposed to.

use std::fmt;

/// A text that is only ever shown with its password masked. Printing and debugging are safe; [`Secret::expose`] is not.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one who connects with it. Never for a log, an error or a screen.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even the length of the password is anybody's business.
        let mut shown = masked(&self.0);
        shown.dedup_by(|a, b| *a == MASKED && *b == MASKED);
        for c in shown {
            if c == MASKED {
                f.write_str("****")?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

/// Words after which, with a `=`, a secret follows.
const SECRET_KEYS: [&str; 4] = ["password", "passwd", "secret", "token"];

/// Replaces every character of a password by `*`: in URLs (`scheme://user:password@host`) and after `password=`.
/// The length stays, so that a column in the text still points at the same thing.
pub fn mask_passwords(text: &str) -> String {
    let show = |c| if c == MASKED { '*' } else { c };
    masked(text).into_iter().map(show).collect()
}

/// Stands where a character of a password stood.
const MASKED: char = '\0';

fn masked(text: &str) -> Vec<char> {
    let mut masked: Vec<char> = text.chars().collect();
    mask_urls(&mut masked);
    for key in SECRET_KEYS {
        mask_after_key(&mut masked, key);
    }
    masked
}

fn find(text: &[char], word: &str, from: usize) -> Option<usize> {
    let word: Vec<char> = word.chars().collect();
    (from..(text.len() + 1).saturating_sub(word.len())).find(|&at| {
        text[at..at + word.len()]
            .iter()
            .zip(&word)
            .all(|(a, b)| a.eq_ignore_ascii_case(b))
    })
}

/// A URL ends at a space or a quote. The password ends at its last `@`, because people forget to encode that one.
fn mask_urls(text: &mut [char]) {
    let mut from = 0;
    while let Some(at) = find(text, "://", from) {
        let start = at + 3;
        let length = text[start..]
            .iter()
            .position(|c| c.is_whitespace() || matches!(c, '"' | '\''));
        let end = length.map_or(text.len(), |n| start + n);
        let at_sign = text[start..end]
            .iter()
            .rposition(|&c| c == '@')
            .map(|n| start + n);
        if let Some(at_sign) = at_sign
            && let Some(colon) = text[start..at_sign].iter().position(|&c| c == ':')
        {
            text[start + colon + 1..at_sign].fill(MASKED);
        }
        from = end;
    }
}

/// `password=…`, `password = "…"`, `?password=…&`.
fn mask_after_key(text: &mut [char], key: &str) {
    let mut from = 0;
    while let Some(at) = find(text, key, from) {
        from = at + key.chars().count();
        let Some(value) = value_after(text, from) else {
            continue;
        };
        let quote = text.get(value).copied().filter(|c| matches!(c, '"' | '\''));
        let start = value + usize::from(quote.is_some());
        let ends = |c: &char| match quote {
            Some(quote) => *c == quote,
            None => c.is_whitespace() || matches!(c, '&' | '"' | '\''),
        };
        let end = text[start..]
            .iter()
            .position(ends)
            .map_or(text.len(), |n| start + n);
        text[start..end].fill(MASKED);
        from = end;
    }
}

/// Where the value begins if a `=` follows.
fn value_after(text: &[char], from: usize) -> Option<usize> {
    let skip = |from: usize| from + text[from..].iter().take_while(|c| **c == ' ').count();
    let equals = skip(from);
    (text.get(equals) == Some(&'=')).then(|| skip(equals + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let masked = mask_passwords(text);
        assert_eq!(masked, expected);
        assert_eq!(masked.chars().count(), text.chars().count());
    }

    #[test]
    fn the_password_of_a_url_is_masked_and_nothing_else() {
        check(
            "postgres://ana:pa55@host:5432/db",
            "postgres://ana:****@host:5432/db",
        );
        check(
            "url = \"postgres://ana:s3@h/d\" # x",
            "url = \"postgres://ana:**@h/d\" # x",
        );
        check("postgres://ana@host/db", "postgres://ana@host/db");
        check("postgres://host:5432/db", "postgres://host:5432/db");
    }

    #[test]
    fn signs_that_should_have_been_encoded_do_not_let_the_password_out() {
        check("postgres://ana:a@b/c:d@host/db", "postgres://ana:*******@host/db");
    }

    #[test]
    fn a_password_parameter_is_masked_in_every_notation() {
        check("host=h password=geheim user=u", "host=h password=****** user=u");
        check("password = 'mit leer' x", "password = '********' x");
        check(
            "postgres://h/d?password=abc&x=1",
            "postgres://h/d?password=***&x=1",
        );
        check("PASSWORD=abc", "PASSWORD=***");
        check("the password is wrong", "the password is wrong");
    }

    #[test]
    fn neither_printing_nor_debugging_shows_a_password() {
        let secret = Secret::new("postgres://ana:pa55word@host/db");
        assert_eq!(secret.to_string(), "postgres://ana:****@host/db");
        assert_eq!(format!("{secret:?}"), "Secret(postgres://ana:****@host/db)");
        assert_eq!(secret.expose(), "postgres://ana:pa55word@host/db");
    }
}
