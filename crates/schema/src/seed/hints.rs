//! What an expression mentions: its constants and patterns are where the border between good and bad values runs.

use super::pattern::Regex;
use crate::lexer::{TokenKind, tokens};

/// Constants of one or several expressions.
#[derive(Debug, Clone, Default)]
pub(super) struct Hints {
    /// Every constant, strings without their quotes, elements of arrays one by one.
    pub(super) constants: Vec<String>,
    /// Whole numbers that may be lengths or counts.
    pub(super) lengths: Vec<usize>,
    /// Patterns of LIKE.
    pub(super) likes: Vec<String>,
    /// Regular expressions.
    pub(super) regexes: Vec<Regex>,
}

/// A length beyond this is not tried.
const LENGTH_MAX: usize = 10_000;

impl Hints {
    /// Adds what an expression mentions.
    pub(super) fn read(&mut self, expression: &str) {
        let mut operator = "";
        for token in tokens(expression) {
            let text = token.text(expression);
            match token.kind {
                TokenKind::Operator => operator = text,
                TokenKind::Number => self.number(text, operator == "-"),
                TokenKind::String => {
                    self.string(&unquoted(text), operator);
                    operator = "";
                }
                _ => {}
            }
        }
    }

    fn number(&mut self, text: &str, negative: bool) {
        let sign = if negative { "-" } else { "" };
        self.constant(format!("{sign}{text}"));
    }

    fn string(&mut self, text: &str, operator: &str) {
        match operator {
            "~~" | "~~*" => self.likes.push(text.to_owned()),
            "~" | "~*" => self.regexes.extend(Regex::parse(text)),
            _ => {
                self.constant(text.to_owned());
                if let Some(elements) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
                    for element in elements.split(',') {
                        self.constant(element.trim_matches('"').to_owned());
                    }
                }
            }
        }
    }

    fn constant(&mut self, text: String) {
        let length = text.parse::<usize>().ok();
        self.lengths.extend(length.filter(|length| *length <= LENGTH_MAX));
        if !self.constants.contains(&text) {
            self.constants.push(text);
        }
    }
}

/// The value of a string constant.
fn unquoted(text: &str) -> String {
    let escapes = text.starts_with(['E', 'e']);
    let inner = text
        .trim_start_matches(['E', 'e', 'N', 'n'])
        .trim_matches('\'')
        .replace("''", "'");
    if escapes {
        inner.replace("\\\\", "\\")
    } else {
        inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_and_patterns_of_a_printed_expression_are_found() {
        let mut hints = Hints::default();
        hints.read("((length(code) >= 3) AND (code ~ '^[A-Z]+$'::text) AND (kind ~~ 'a%'::text))");
        hints.read("((status)::text = ANY ('{new,\"on hold\"}'::text[])) OR (x > '-5'::integer)");
        assert_eq!(
            hints.constants,
            ["3", "{new,\"on hold\"}", "new", "on hold", "-5"]
        );
        assert_eq!(hints.lengths, [3]);
        assert_eq!(hints.likes, ["a%"]);
        assert_eq!(hints.regexes.len(), 1);
    }
}
