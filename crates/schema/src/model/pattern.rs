//! Which objects a person means to leave out of a comparison: a kind and the path of a name, with `*` and `?` for what may vary.

use std::fmt;
use std::str::FromStr;

use super::{Kind, ObjectId};

/// What stands for every kind.
const ANY_KIND: &str = "*";

/// A pattern such as `table public.audit_logs_2*`. What belongs to a table, view or domain that it means is meant with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    kind: Option<Kind>,
    path: Vec<char>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a kind of object and its name with the schema, such as \"table public.logs_2*\"; the kind may be \"*\""
)]
pub struct PatternError;

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let of_kind = |word: &str| text.strip_prefix(word)?.strip_prefix(' ').map(str::trim);
        let (kind, path) = Kind::ALL
            .into_iter()
            .filter_map(|kind| Some((Some(kind), of_kind(kind.word())?)))
            .max_by_key(|(kind, _)| kind.map_or(0, |kind| kind.word().len()))
            .or_else(|| Some((None, of_kind(ANY_KIND)?)))
            .ok_or(PatternError)?;
        if path.is_empty() {
            return Err(PatternError);
        }
        Ok(Self {
            text: text.to_owned(),
            kind,
            path: path.chars().collect(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pattern {
    /// Whether this object is meant, or belongs to one that is.
    pub fn means(&self, id: &ObjectId) -> bool {
        self.means_itself(id) || id.possible_owners().iter().any(|owner| self.means_itself(owner))
    }

    fn means_itself(&self, id: &ObjectId) -> bool {
        self.kind.is_none_or(|kind| kind == id.kind) && {
            let name: Vec<char> = id.to_string().chars().collect();
            fits(&self.path, &name)
        }
    }
}

/// `*` fits any number of characters, `?` one. A `*` that went too short is given one more until it is long enough.
fn fits(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while place < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[place] => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (at, place) = (after + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ident;

    fn id(kind: Kind, of: Option<&str>, name: &str) -> ObjectId {
        ObjectId {
            kind,
            schema: Some(Ident::new("public")),
            of: of.map(Ident::new),
            name: Ident::new(name),
            signature: None,
        }
    }

    #[test]
    fn a_pattern_means_objects_by_kind_and_name_and_what_belongs_to_them() {
        let cases = [
            ("table public.logs_2*", id(Kind::Table, None, "logs_2026"), true),
            ("table public.logs_2*", id(Kind::Table, None, "logs"), false),
            ("table public.logs_2*", id(Kind::View, None, "logs_2026"), false),
            ("* public.logs_2*", id(Kind::View, None, "logs_2026"), true),
            (
                "table public.logs_2*",
                id(Kind::Index, Some("logs_2026"), "i"),
                true,
            ),
            ("table public.logs_2*", id(Kind::Index, Some("users"), "i"), false),
            ("index *.tmp_?", id(Kind::Index, Some("users"), "tmp_1"), true),
            ("index *.tmp_?", id(Kind::Index, Some("users"), "tmp_10"), false),
            (
                "materialized view *",
                id(Kind::MaterializedView, None, "totals"),
                true,
            ),
            ("table public.a*b*c", id(Kind::Table, None, "axxbyybzc"), true),
        ];
        for (text, id, meant) in cases {
            let pattern: Pattern = text.parse().unwrap();
            assert_eq!(pattern.means(&id), meant, "{text}: {} {id}", id.kind);
        }
    }

    #[test]
    fn a_text_without_a_kind_or_without_a_name_is_refused() {
        for text in ["public.logs", "planet public.logs", "table", "table ", ""] {
            assert_eq!(text.parse::<Pattern>(), Err(PatternError), "{text}");
        }
    }
}
