//! Text that looks like what a column of that name holds.

use super::dice::Dice;

const FIRST: &[&str] = &[
    "Ana", "Bruno", "Camila", "Daniel", "Elisa", "Felipe", "Gabriela", "Hugo", "Ines", "Joana", "Kofi",
    "Lina", "Miguel", "Nadia", "Otto", "Paula", "Quentin", "Rosa", "Samir", "Tereza", "Ulla", "Vera",
    "Wanda", "Yuki",
];
const LAST: &[&str] = &[
    "Almeida", "Braga", "Costa", "Duarte", "Esteves", "Ferreira", "Gomes", "Haddad", "Ito", "Jensen",
    "Klein", "Lopes", "Moreira", "Nunes", "Okafor", "Pereira", "Ribeiro", "Silva", "Tavares", "Weber",
];
const PLACES: &[&str] = &[
    "Recife", "Porto", "Lisbon", "Olinda", "Curitiba", "Berlin", "Nairobi", "Kyoto", "Lyon", "Quito", "Oslo",
    "Accra",
];
const WORDS: &[&str] = &[
    "amber", "bridge", "cedar", "delta", "ember", "field", "grove", "harbor", "island", "jasper", "kettle",
    "lantern", "meadow", "north", "orchard", "pebble", "quartz", "river", "stone", "timber", "upland",
    "valley", "willow", "zephyr",
];

/// A text for a column of that name; with a number, one that no other number gives.
pub(super) fn text(column: &str, length_max: Option<u32>, number: Option<u64>, dice: &mut Dice) -> String {
    let text = natural(column, number, dice);
    match length_max.and_then(|max| usize::try_from(max).ok()) {
        Some(max) if text.chars().count() > max => match number {
            Some(number) => base36(number, max),
            None => text.chars().take(max).collect(),
        },
        _ => text,
    }
}

fn natural(column: &str, number: Option<u64>, dice: &mut Dice) -> String {
    let column = column.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| column.contains(word));
    let first = dice.of(FIRST).copied().unwrap_or_default();
    let last = dice.of(LAST).copied().unwrap_or_default();
    let word = dice.of(WORDS).copied().unwrap_or_default();
    let tail = |separator: &str| number.map(|n| format!("{separator}{n}")).unwrap_or_default();
    if has(&["email", "e_mail"]) {
        let person = format!("{first}.{last}").to_ascii_lowercase();
        format!("{person}{}@example.com", tail("."))
    } else if has(&["phone", "telefone", "mobile"]) {
        let digits = number.unwrap_or_else(|| dice.any() % 100_000_000);
        format!("+55 81 9{digits:08}")
    } else if has(&["url", "link", "website"]) {
        format!("https://example.com/{word}{}", tail("/"))
    } else if has(&["first_name"]) {
        format!("{first}{}", tail(" "))
    } else if has(&["last_name", "surname", "sobrenome"]) {
        format!("{last}{}", tail(" "))
    } else if has(&["city", "cidade", "place"]) {
        format!("{}{}", dice.of(PLACES).copied().unwrap_or_default(), tail(" "))
    } else if has(&["user", "login", "slug", "handle", "code", "key", "token"]) {
        format!("{word}{}", tail("_"))
    } else if has(&["name", "nome", "author", "owner"]) {
        format!("{first} {last}{}", tail(" "))
    } else if has(&[
        "description",
        "bio",
        "body",
        "content",
        "comment",
        "notes",
        "message",
        "text",
    ]) {
        let mut sentence = format!("{word}{}", tail(" "));
        for _ in 0..3 + dice.below(9) {
            sentence.push(' ');
            sentence.push_str(dice.of(WORDS).copied().unwrap_or_default());
        }
        sentence
    } else {
        format!("{word}{}", tail(" "))
    }
}

/// Letters, as many as are asked for.
pub(super) fn letters(count: usize, dice: &mut Dice) -> String {
    (0..count)
        .map(|_| char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0)))
        .collect()
}

/// A number in 36 digits, filled up with zeros in front; its last digits only where there is no room.
pub(super) fn base36(mut number: u64, width: usize) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.resize(digits.len().max(width.min(8)), '0');
    digits.truncate(width);
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_a_number_stays_apart_even_where_it_is_cut() {
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..2000 {
            let text = text("email", Some(6), Some(number), &mut Dice::new(&[number]));
            assert!(text.len() <= 6 && seen.insert(text));
        }
    }

    #[test]
    fn a_column_gets_what_its_name_promises() {
        let made = text("contact_email", None, Some(7), &mut Dice::new(&[1]));
        assert!(made.ends_with(".7@example.com"), "{made}");
    }
}
