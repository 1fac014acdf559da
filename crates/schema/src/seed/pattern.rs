//! Text that matches a pattern.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::dice::Dice;
use super::words::letters;

/// How many repetitions an open-ended pattern gets at most beyond the fewest.
const MORE_MAX: u32 = 6;

/// A regular expression that texts can be made from.
#[derive(Debug, Clone)]
pub(super) struct Regex(Hir);

impl Regex {
    /// Understands what PostgreSQL's expressions have in common with most others; nothing where it is something else.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut parser = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build();
        parser.parse(pattern).ok().map(Self)
    }

    /// A text that matches.
    pub(super) fn text(&self, dice: &mut Dice) -> Option<String> {
        let mut out = Vec::new();
        write(&self.0, dice, &mut out);
        String::from_utf8(out).ok()
    }
}

fn write(hir: &Hir, dice: &mut Dice, out: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(class) => write_class(class, dice, out),
        HirKind::Repetition(repetition) => {
            let most = repetition
                .max
                .unwrap_or(u32::MAX)
                .min(repetition.min.saturating_add(MORE_MAX));
            let more = dice.below(usize::try_from(most - repetition.min).unwrap_or(0) + 1);
            for _ in 0..usize::try_from(repetition.min).unwrap_or(0) + more {
                write(&repetition.sub, dice, out);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, dice, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, dice, out)),
        HirKind::Alternation(choices) => {
            if let Some(choice) = dice.of(choices) {
                write(choice, dice, out);
            }
        }
    }
}

/// A letter or digit where the class has one, else anything printable, else whatever there is.
fn write_class(class: &Class, dice: &mut Dice, out: &mut Vec<u8>) {
    let Class::Bytes(bytes) = class else { return };
    let holds = |byte: &u8| {
        bytes
            .iter()
            .any(|range| (range.start()..=range.end()).contains(byte))
    };
    let choices = |wanted: fn(&u8) -> bool| (0..=127).filter(holds).filter(wanted).collect::<Vec<u8>>();
    let tries: [fn(&u8) -> bool; 3] = [u8::is_ascii_alphanumeric, u8::is_ascii_graphic, |_| true];
    let found = tries.into_iter().map(choices).find(|found| !found.is_empty());
    out.extend(found.and_then(|found| dice.of(&found).copied()));
}

/// A text that is LIKE the pattern.
pub(super) fn like(pattern: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => out.push_str(&letters(1 + dice.below(5), dice)),
            '_' => out.push_str(&letters(1, dice)),
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pattern: &str) -> String {
        Regex::parse(pattern).unwrap().text(&mut Dice::new(&[3])).unwrap()
    }

    #[test]
    fn texts_follow_the_pattern() {
        let code = made(r"^[A-Z]{3}-\d{4}$");
        let (letters, digits) = code.split_once('-').unwrap();
        assert!(
            letters.len() == 3 && letters.bytes().all(|b| b.is_ascii_uppercase()),
            "{code}"
        );
        assert!(
            digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()),
            "{code}"
        );
        assert!(made(r"^[^@\s]+@[^@\s]+\.[^@\s]+$").contains('@'));
        assert!(["cat", "dog"].contains(&made("^(cat|dog)$").as_str()));
        assert!(like("a%_@x\\_y", &mut Dice::new(&[1])).ends_with("@x_y"));
    }

    #[test]
    fn what_is_not_understood_is_none() {
        assert!(Regex::parse("(?=x)y").is_none());
    }
}
