//! Statements without a name say what type each parameter has, instead of asking the server first.

use bytes::BytesMut;
use tokio_postgres::types::{ToSql, Type};

use crate::error::{Error, ErrorKind};

/// The types of our own statements' parameters.
const TYPES: [Type; 9] = [
    Type::TEXT,
    Type::INT8,
    Type::INT4,
    Type::OID,
    Type::BOOL,
    Type::FLOAT8,
    Type::UUID,
    Type::TEXT_ARRAY,
    Type::INT4_ARRAY,
];

type Value<'a> = &'a (dyn ToSql + Sync);

/// Each value with the first type that it can be written as.
pub(super) fn with_types<'a>(values: &[Value<'a>]) -> Vec<(Value<'a>, Type)> {
    values.iter().map(|value| (*value, type_of(*value))).collect()
}

fn type_of(value: Value<'_>) -> Type {
    let mut scratch = BytesMut::new();
    let fits = |candidate: &&Type| value.to_sql_checked(candidate, &mut scratch).is_ok();
    TYPES.iter().find(fits).cloned().unwrap_or(Type::UNKNOWN)
}

/// A statement that yields one row, always, has not.
pub(super) fn not_one_row(what: &str) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("cannot {what}: the server does not answer with one row"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value<'_>, expected: &Type) {
        assert_eq!(type_of(value), *expected);
    }

    #[test]
    fn values_find_their_type() {
        check(&"text", &Type::TEXT);
        check(&String::from("text"), &Type::TEXT);
        check(&5_i64, &Type::INT8);
        check(&5_i32, &Type::INT4);
        check(&5_u32, &Type::OID);
        check(&true, &Type::BOOL);
        check(&uuid::Uuid::nil(), &Type::UUID);
        check(&vec!["a"], &Type::TEXT_ARRAY);
        check(&vec![1_i32], &Type::INT4_ARRAY);
        check(&None::<&str>, &Type::TEXT);
        check(&Some(1_i64), &Type::INT8);
    }
}
