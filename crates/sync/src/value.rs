//! A value that travels: a column of the row, cast where the other side has another type, or an expression over the row.

use ponte_schema::{Expression, Ident, Sql, TypeName};

use crate::table::member;

/// What is read from a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A column as it is.
    Column(Ident),
    /// A column as another type.
    Cast(Ident, TypeName),
    /// An expression over the columns of the row, as this type where the servers know it by the same name.
    Computed(Expression, Option<TypeName>),
}

impl Value {
    /// The value of the row that is read under `alias`. `table` is what an expression may call that row.
    pub fn of(&self, alias: &'static str, table: &Ident) -> Sql {
        match self {
            Self::Column(column) => member(alias, column),
            Self::Cast(column, to) => cast(&member(alias, column), to),
            Self::Computed(expression, Some(to)) => cast(&over_row(expression, alias, table), to),
            Self::Computed(expression, None) => over_row(expression, alias, table),
        }
    }

    /// The same where the row's key is called otherwise, as in the changelog.
    pub fn of_named(&self, alias: &'static str, name: &Ident) -> Sql {
        match self {
            Self::Cast(_, to) => cast(&member(alias, name), to),
            Self::Column(_) | Self::Computed(..) => member(alias, name),
        }
    }

    /// The expression, where it is one.
    pub fn expression(&self) -> Option<&Expression> {
        match self {
            Self::Computed(expression, _) => Some(expression),
            Self::Column(_) | Self::Cast(..) => None,
        }
    }

    /// The column that travels, as it is or cast.
    pub fn column(&self) -> Option<&Ident> {
        match self {
            Self::Column(column) | Self::Cast(column, _) => Some(column),
            Self::Computed(..) => None,
        }
    }

    /// Whether it is more than the column itself.
    pub fn is_changed(&self) -> bool {
        !matches!(self, Self::Column(_))
    }
}

/// An expression sees the row's own columns and nothing of the statement around it, whatever names that uses.
pub fn over_row(expression: &Expression, alias: &'static str, table: &Ident) -> Sql {
    Sql::render(
        "(SELECT {expression} FROM (SELECT {alias}.*) AS {table})",
        &[
            ("expression", expression),
            ("alias", &Sql::text(alias)),
            ("table", table),
        ],
    )
}

fn cast(value: &Sql, to: &TypeName) -> Sql {
    Sql::render("CAST({value} AS {to})", &[("value", value), ("to", to)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &Value, expected: &str) {
        assert_eq!(value.of("t", &Ident::new("users")).as_str(), expected);
    }

    #[test]
    fn a_column_is_cast_only_where_the_other_side_has_another_type() {
        check(&Value::Column(Ident::new("a")), "t.\"a\"");
        check(
            &Value::Cast(Ident::new("a"), TypeName::new("integer")),
            "CAST(t.\"a\" AS integer)",
        );
    }

    #[test]
    fn an_expression_is_enclosed_in_a_query_over_its_own_row() {
        check(
            &Value::Computed(Expression::new("lower(a)"), Some(TypeName::new("text"))),
            "CAST((SELECT (lower(a)\n) FROM (SELECT t.*) AS \"users\") AS text)",
        );
    }
}
