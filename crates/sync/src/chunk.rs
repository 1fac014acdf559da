//! A table cut into ranges of its key, so that a first contact can be shared among connections and taken up again.
//!
//! The bounds are values that the source's own server chose from a sample of its keys. The first range has no lower bound and the last
//! one no upper bound: whatever key a row has, it belongs to exactly one of them, also a row that did not exist when the
//! bounds were drawn. Text is ordered by its bytes, because the order of a collation differs between servers and changes with their
//! libraries; labels of an enum are ordered as text, because two servers may list them differently. A key of any other type
//! whose order depends on a server is not cut at all.

use ponte_schema::{Ident, Literal, Sql};
use serde::Deserialize;

use crate::table::{TableSide, member, renamed};

/// How many keys the bounds are chosen from. More would make the ranges no more even than anybody needs.
const SAMPLE_ROWS: i64 = 10_000;

/// How a column of the key is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// By its type's own order, the same on every server.
    Own,
    /// Text: by its bytes.
    Bytes,
    /// A label of an enum: as text, by its bytes.
    Label,
    /// By nothing that two servers can be relied on to agree about.
    None,
}

/// One range of a table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    order: Vec<Order>,
    from: Option<Vec<String>>,
    to: Option<Vec<String>>,
}

impl Range {
    /// All rows.
    pub fn whole() -> Self {
        Self {
            order: Vec::new(),
            from: None,
            to: None,
        }
    }

    /// From one bound, which belongs to the range, to another, which does not; in the types' text form.
    pub fn between(order: &[Order], from: Option<Vec<String>>, to: Option<Vec<String>>) -> Self {
        Self {
            order: comparable(order).to_vec(),
            from,
            to,
        }
    }

    /// Whether the row under `alias` whose key columns have these names is in the range.
    pub fn holds(&self, alias: &'static str, key: &[Ident]) -> Sql {
        let bounds = [(&self.from, ">="), (&self.to, "<")];
        let conditions: Vec<Sql> = bounds
            .into_iter()
            .filter_map(|(bound, operator)| Some(self.compare(alias, key, operator, bound.as_ref()?)))
            .collect();
        if conditions.is_empty() {
            return Sql::text("true");
        }
        Sql::join(" AND ", conditions)
    }

    fn compare(&self, alias: &'static str, key: &[Ident], operator: &'static str, bound: &[String]) -> Sql {
        let columns = Sql::join(", ", ordered(alias, key, &self.order));
        let values = Sql::join(", ", bound.iter().map(|value| Literal::new(value.as_str())));
        let template = if self.order.len() == 1 {
            "{columns} {operator} {values}"
        } else {
            "ROW({columns}) {operator} ROW({values})"
        };
        Sql::render(
            template,
            &[
                ("columns", &columns),
                ("operator", &Sql::text(operator)),
                ("values", &values),
            ],
        )
    }
}

/// The columns at the head of the key that ranges can be made of.
pub fn comparable(order: &[Order]) -> &[Order] {
    let count = order.iter().take_while(|o| **o != Order::None).count();
    &order[..count]
}

fn ordered<'a>(
    alias: &'static str,
    key: &'a [Ident],
    order: &'a [Order],
) -> impl Iterator<Item = Sql> + use<'a> {
    key.iter().zip(order).map(move |(column, order)| {
        let template = match order {
            Order::Own | Order::None => "{column}",
            Order::Bytes => "{column} COLLATE \"C\"",
            Order::Label => "{column}::text COLLATE \"C\"",
        };
        Sql::render(template, &[("column", &member(alias, column))])
    })
}

/// How the columns of the key in `$1` (schema), `$2` (table), `$3` (columns) are ordered: one word each.
pub fn orders() -> Sql {
    Sql::text(include_str!("chunk/orders.sql"))
}

/// How many rows of the table take part.
pub fn count(table: &TableSide) -> Sql {
    Sql::render(
        "SELECT count(*) FROM {table} t{where_inside}",
        &[("table", &table.name), ("where_inside", &table.where_inside("t"))],
    )
}

/// The bounds between so many ranges of about the same size, for a table of so many rows: one `text[]` each, in order. Fewer where
/// keys repeat.
pub fn bounds(table: &TableSide, order: &[Order], rows: i64, chunks: i64) -> Sql {
    let order = comparable(order);
    let key = &table.key[..order.len()];
    let staged = &table.staged_key()[..order.len()];
    let texts = staged
        .iter()
        .map(|k| Sql::render("{column}::text", &[("column", &member("s", k))]));
    let percent = (SAMPLE_ROWS * 100 / rows.max(1)).clamp(1, 100);
    Sql::render(
        include_str!("chunk/bounds.sql"),
        &[
            ("table", &table.name),
            ("keys", &renamed("t", key, staged)),
            ("order", &Sql::join(", ", ordered("t", key, order))),
            ("texts", &Sql::join(", ", texts)),
            ("percent", &percent),
            ("chunks", &chunks),
        ],
    )
}

/// Marks, at the first contact, that this transaction carries the chunk `$4` of table `$2`.`$3` of link `$1`. One row where it is
/// still to be carried, none where somebody else has done it.
pub const CLAIM: &str = include_str!("chunk/claim.sql");

#[cfg(test)]
mod tests {
    use super::*;

    fn check(order: &[Order], from: Option<&[&str]>, to: Option<&[&str]>, expected: &str) {
        let owned = |bound: &[&str]| bound.iter().map(ToString::to_string).collect();
        let range = Range::between(order, from.map(owned), to.map(owned));
        let key = [Ident::new("id"), Ident::new("Nome")];
        assert_eq!(range.holds("t", &key).as_str(), expected);
    }

    #[test]
    fn the_ends_are_open() {
        check(&[Order::Own], None, None, "true");
        check(&[Order::Own], None, Some(&["-5"]), "t.\"id\" < '-5'");
        check(&[Order::Own], Some(&["7"]), None, "t.\"id\" >= '7'");
    }

    #[test]
    fn a_key_of_several_columns_is_compared_as_a_row() {
        check(
            &[Order::Own, Order::Bytes],
            Some(&["1", "a'b"]),
            Some(&["2", "c"]),
            "ROW(t.\"id\", t.\"Nome\" COLLATE \"C\") >= ROW('1', 'a''b') AND ROW(t.\"id\", t.\"Nome\" COLLATE \"C\") < ROW('2', 'c')",
        );
    }

    #[test]
    fn only_the_columns_before_one_without_an_order_are_compared() {
        check(
            &[Order::Label, Order::None],
            None,
            Some(&["x"]),
            "t.\"id\"::text COLLATE \"C\" < 'x'",
        );
        assert!(comparable(&[Order::None, Order::Own]).is_empty());
    }
}
