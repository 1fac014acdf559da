//! A name that the server cuts off.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lexer::TokenKind;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "long-identifier",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    if file.is_down() {
        return Vec::new();
    }
    let script = file.script();
    let mut drafts = Vec::new();
    for (index, statement) in script.statements().iter().enumerate() {
        let text = statement.text(script.text());
        for token in statement.tokens(script.text()) {
            let name = match token.kind {
                TokenKind::Word => token.text(text),
                TokenKind::QuotedIdent => token.text(text).trim_matches('"'),
                _ => continue,
            };
            if name.len() > BYTES_MAX {
                let mut end = BYTES_MAX;
                while !name.is_char_boundary(end) {
                    end -= 1;
                }
                drafts.push(
                    Draft::new(index, format!("the server cuts this name of {} bytes off at {BYTES_MAX}", name.len()))
                        .at(token.span.start)
                        .suggest(format!("it becomes {}", &name[..end])),
                );
            }
        }
    }
    drafts
}

/// What a stock server keeps of a name.
const BYTES_MAX: usize = 63;
