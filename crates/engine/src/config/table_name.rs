//! The names of tables in `ponte.toml`: a schema where it is not `public`, quotes where a part holds a dot.

use ponte_schema::QualifiedName;

/// `name`, `schema.name`, with double quotes around a part that holds a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(pub QualifiedName);

impl std::str::FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = parts(text.trim()).ok_or_else(|| format!("{text:?} is no table name"))?;
        match parts.as_slice() {
            [name] => Ok(Self(QualifiedName::new("public", name.as_str()))),
            [schema, name] => Ok(Self(QualifiedName::new(schema.as_str(), name.as_str()))),
            _ => Err(format!(
                "{text:?} is no table name: expected \"name\" or \"schema.name\""
            )),
        }
    }
}

/// Splits at dots outside quotes; `None` where a part is empty, a quote is open or something stands beside quotes.
fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if part.is_empty() || (!rest.starts_with('"') && part.contains('"')) {
            return None;
        }
        parts.push(part);
        if after.is_empty() {
            return Some(parts);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// The inside of a quoted part, `""` being one quote, and what comes after it.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            part.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            part.push('"');
        } else {
            return Some((part, &text[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = text.parse::<TableName>().ok();
        let expected = expected.map(|(schema, name)| TableName(QualifiedName::new(schema, name)));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_table_name_may_have_a_schema_and_quotes() {
        check("perfis", Some(("public", "perfis")));
        check("app.perfis", Some(("app", "perfis")));
        check("Perfis", Some(("public", "Perfis")));
        check("\"a.b\".\"c\"\"d\"", Some(("a.b", "c\"d")));
    }

    #[test]
    fn what_is_no_table_name_is_refused() {
        for text in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "a\"b"] {
            check(text, None);
        }
    }
}
