//! Carrying out what a person decided about a conflict: statements that make one of its two rows an ordinary, newest change of
//! the node that recorded it. The usual path takes it to the other side.
//!
//! Images are texts. They are read by the input functions of the columns' own types, through the row type of the table, so that a
//! value means what it meant when it was recorded. On the way they are strings of a JSON document; only what is JSON itself stands
//! in it as it is.

use ponte_schema::{Ident, Literal, Sql};

use crate::apply::texts;
use crate::shape::VersionKind;
use crate::table::{TableSide, equal, listed, qualified};

/// A row of a table of which an image was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The table: its name, its key, and the other columns of the image.
    pub table: TableSide,
    /// Columns that no UPDATE may set: identities that are GENERATED ALWAYS.
    pub fixed: Vec<Ident>,
    /// Columns that hold JSON.
    pub json: Vec<String>,
    /// The newer of the two versions, which the decision has to surpass; a timestamp in the server's notation.
    pub newest: String,
}

impl Recorded {
    /// An image, or the key of one, as the parameter of the statements below.
    pub fn document(&self, columns: &[String], values: &[Option<String>]) -> String {
        let members = columns.iter().zip(values).map(|(column, value)| {
            let value = match value {
                None => "null".to_owned(),
                Some(text) if self.json.contains(column) => text.clone(),
                Some(text) => quoted(text),
            };
            [quoted(column), value].join(":")
        });
        ["{", &members.collect::<Vec<_>>().join(","), "}"].concat()
    }

    /// Overwrites the row with the image.
    pub fn update(&self) -> Sql {
        let columns = self.table.columns.iter().filter(|c| !self.fixed.contains(c));
        let mut assignments: Vec<Sql> = columns.map(|c| self.assignment(c)).collect();
        if assignments.is_empty() {
            // A table that is nothing but its key: the row is the image, and has to be noted all the same.
            assignments.extend(self.table.key.iter().map(|c| self.assignment(c)));
        }
        self.fill(
            include_str!("restore/update.sql"),
            ("assignments", &Sql::join(", ", assignments)),
        )
    }

    /// Inserts the image.
    pub fn insert(&self) -> Sql {
        let columns = self.table.all_columns();
        Sql::render(
            include_str!("restore/insert.sql"),
            &[
                ("table", &self.table.name),
                ("columns", &listed(&columns)),
                ("values", &Sql::join(", ", columns.iter().map(|c| self.value(c)))),
            ],
        )
    }

    /// Deletes the row.
    pub fn delete(&self) -> Sql {
        self.fill(
            include_str!("restore/delete.sql"),
            ("assignments", &Sql::default()),
        )
    }

    /// Leaves the row as it is and notes it as changed.
    pub fn announce(&self) -> Sql {
        Sql::render(
            include_str!("restore/announce.sql"),
            &[
                ("log", &self.table.log()),
                ("staged_key", &listed(&self.table.staged_key())),
                ("row_key", &qualified("r", &self.table.key)),
                ("table", &self.table.name),
                ("matches", &self.matches()),
                ("newest", &self.now()),
            ],
        )
    }

    /// Notes in the conflict what the row is now.
    pub fn look(&self) -> Sql {
        self.fill(
            include_str!("restore/look.sql"),
            ("texts", &texts("t", &self.table.all_columns())),
        )
    }

    fn fill(&self, template: &'static str, more: (&str, &Sql)) -> Sql {
        let (name, value) = more;
        Sql::render(
            template,
            &[
                ("table", &self.table.name),
                ("matches", &self.matches()),
                (name, value),
            ],
        )
    }

    fn matches(&self) -> Sql {
        equal("t", &self.table.key, "r", &self.table.key)
    }

    fn assignment(&self, column: &Ident) -> Sql {
        Sql::render(
            "{column} = {value}",
            &[("column", column), ("value", &self.value(column))],
        )
    }

    /// The recorded value; of the version column a newer one, for the decision is the newest change of the row.
    fn value(&self, column: &Ident) -> Sql {
        match &self.table.version {
            Some(version) if version.name == column.as_str() => match version.kind {
                VersionKind::Timestamptz => self.now(),
                VersionKind::Timestamp => Sql::render("({now} AT TIME ZONE 'UTC')", &[("now", &self.now())]),
            },
            _ => qualified("r", std::slice::from_ref(column)),
        }
    }

    fn now(&self) -> Sql {
        Sql::render(
            "greatest(clock_timestamp(), {newest}::timestamptz + interval '1 microsecond')",
            &[("newest", &Literal::new(self.newest.as_str()))],
        )
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use ponte_schema::QualifiedName;

    use super::*;

    #[test]
    fn values_are_strings_and_json_stands_as_it_is() {
        let recorded = Recorded {
            table: TableSide::named(QualifiedName::new("public", "x")),
            fixed: Vec::new(),
            json: vec!["j".into()],
            newest: "-infinity".into(),
        };
        let columns = ["a\"b", "j", "n"].map(str::to_owned);
        let values = [Some("1\n".to_owned()), Some("{\"x\" : 1}".to_owned()), None];
        assert_eq!(
            recorded.document(&columns, &values),
            r#"{"a\"b":"1\n","j":{"x" : 1},"n":null}"#
        );
    }
}
