//! SQL text that cannot be injected into.
//!
//! [`Sql`] is only ever made of these things: text that was static in this program, identifiers and literals quoted by us,
//! types and definitions as a server's catalog prints them, and expressions that the owner of the databases wrote into the configuration, which stay
//! in their brackets. Long statements live in `.sql` files beside their module and are filled through [`Sql::render`]. There is
//! deliberately no way to turn a `String` into an [`Sql`].

use std::fmt;

/// An identifier as it is stored in the catalog (unquoted, case kept, at most 63 bytes on a stock server).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident(String);

impl Ident {
    /// Takes the catalog's own spelling; no folding and no parsing happens.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The catalog's own spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    /// The spelling that a person would type: quoted only where the server asks for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && self
                .0
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if plain {
            f.write_str(&self.0)
        } else {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        }
    }
}

/// A schema-qualified name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The schema.
    pub schema: Ident,
    /// The object inside it.
    pub name: Ident,
}

impl QualifiedName {
    /// Both parts in the catalog's own spelling.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: Ident::new(schema),
            name: Ident::new(name),
        }
    }
}

impl fmt::Display for QualifiedName {
    /// `name` for objects in `public`, `schema.name` for all others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.as_str() == "public" {
            self.name.fmt(f)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

/// A string constant. Written as `E'…'` when it holds a backslash, so that `standard_conforming_strings` does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(String);

impl Literal {
    /// The value itself, unquoted.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }
}

/// An SQL expression from the configuration, to be evaluated with the rights of whoever wrote it. It is enclosed in brackets on
/// lines of its own, so that a comment at its end comments out nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression(String);

impl Expression {
    /// Takes the text as it was written. Whether a server understands it is for the server to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A type as `format_type` prints it: the server has quoted what needs quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeName(String);

impl TypeName {
    /// Takes the catalog's own spelling.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

/// SQL as a server's catalog prints it: a definition, an expression, a list of names. The server has quoted what needs quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Printed(String);

impl Printed {
    /// Takes the server's own text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Something that may stand in SQL text.
pub trait Fragment: Sync {
    /// Appends itself, quoted as it has to be.
    fn append_to(&self, out: &mut String);
}

impl Fragment for Ident {
    fn append_to(&self, out: &mut String) {
        out.push('"');
        out.push_str(&self.0.replace('"', "\"\""));
        out.push('"');
    }
}

impl Fragment for QualifiedName {
    fn append_to(&self, out: &mut String) {
        self.schema.append_to(out);
        out.push('.');
        self.name.append_to(out);
    }
}

impl Fragment for Literal {
    fn append_to(&self, out: &mut String) {
        if self.0.contains('\\') {
            out.push('E');
        }
        out.push('\'');
        out.push_str(&self.0.replace('\\', "\\\\").replace('\'', "''"));
        out.push('\'');
    }
}

impl Fragment for Expression {
    fn append_to(&self, out: &mut String) {
        out.push('(');
        out.push_str(&self.0);
        out.push_str("\n)");
    }
}

impl Fragment for TypeName {
    fn append_to(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Fragment for Printed {
    fn append_to(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Fragment for i64 {
    fn append_to(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Fragment for Sql {
    fn append_to(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

/// SQL text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Sql(String);

impl Sql {
    /// Text that was written in this program.
    pub fn text(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// One fragment on its own.
    pub fn of(fragment: &dyn Fragment) -> Self {
        let mut out = String::new();
        fragment.append_to(&mut out);
        Self(out)
    }

    /// Fills `{name}` placeholders of a static template. A placeholder without a value stays as it is, which the server
    /// then refuses; braces around anything but a lower-case name are text.
    pub fn render(template: &'static str, values: &[(&str, &dyn Fragment)]) -> Self {
        let mut out = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let filled = rest.find('}').and_then(|close| {
                let (_, fragment) = values.iter().find(|(name, _)| *name == &rest[1..close])?;
                Some((close, fragment))
            });
            if let Some((close, fragment)) = filled {
                fragment.append_to(&mut out);
                rest = &rest[close + 1..];
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        Self(out)
    }

    /// Fragments joined by a separator.
    pub fn join<F: Fragment>(separator: &'static str, fragments: impl IntoIterator<Item = F>) -> Self {
        let mut out = String::new();
        for (index, fragment) in fragments.into_iter().enumerate() {
            if index > 0 {
                out.push_str(separator);
            }
            fragment.append_to(&mut out);
        }
        Self(out)
    }

    /// Appends another piece.
    pub fn push(&mut self, fragment: &dyn Fragment) -> &mut Self {
        fragment.append_to(&mut self.0);
        self
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text to send.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &'static str, values: &[(&str, &dyn Fragment)], expected: &str) {
        assert_eq!(Sql::render(template, values).as_str(), expected);
    }

    #[test]
    fn placeholders_are_filled_and_quoted() {
        let table = QualifiedName::new("public", "Odd \"name\"");
        check(
            "SELECT * FROM {table} t",
            &[("table", &table)],
            "SELECT * FROM \"public\".\"Odd \"\"name\"\"\" t",
        );
    }

    #[test]
    fn braces_that_are_no_placeholder_stay() {
        check(
            "SELECT '{}', '{1,2}', {n}",
            &[("n", &7_i64)],
            "SELECT '{}', '{1,2}', 7",
        );
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        check(
            "{v}",
            &[("v", &Literal::new("it's \\ here"))],
            "E'it''s \\\\ here'",
        );
        check("{v}", &[("v", &Literal::new("plain"))], "'plain'");
    }

    #[test]
    fn an_expression_keeps_its_comment_to_itself() {
        check(
            "SELECT {e} FROM t",
            &[("e", &Expression::new("a + 1 -- one more"))],
            "SELECT (a + 1 -- one more\n) FROM t",
        );
    }

    #[test]
    fn names_are_shown_as_a_person_would_type_them() {
        assert_eq!(QualifiedName::new("public", "perfis").to_string(), "perfis");
        assert_eq!(QualifiedName::new("app", "Perfis").to_string(), "app.\"Perfis\"");
    }
}
