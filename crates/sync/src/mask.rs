//! Which columns a change touched: a bit string beside a note of the changelog, for tables whose conflicts are merged column by column.
//!
//! A bit has the number that its column has in the catalog, which no ALTER TABLE gives to another one. A note without a mask says that
//! any column may have changed: older notes, and changes that capture made while the table had columns that it did not know.
//! Several notes of a key are one change, so their masks are united. What travels is a mask over the *target's* columns in
//! the order of the stage, so that columns with other names, and values that are computed, are merged by what they mean.
//!
//! A row that was inserted or deleted meanwhile has no mask there: such a conflict is decided as a whole.

use ponte_schema::{Expression, Ident, Literal, Sql};

use crate::delta::Delta;
use crate::shape::Shape;
use crate::table::{TableSide, equal, member, qualified};
use crate::value::Value;

/// The columns of one side of a table by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// What capture compares, in the order of the numbers.
    captured: Vec<(Ident, i64)>,
    /// All columns that there are; where the table has others, capture says nothing about any.
    known: Vec<String>,
    /// The numbers of the side's `columns`.
    written: Vec<i64>,
    /// For each value that is sent, the numbers of the columns that it is made of.
    sent: Vec<Vec<i64>>,
    width: i64,
    /// Whether the key's types are the server's own, so that its own operators compare them.
    plain_key: bool,
    /// Columns whose changes are added up.
    pub(crate) deltas: Vec<Delta>,
}

/// What the last local change of a key says about columns, besides what every change says.
pub(crate) struct Noted {
    /// Over the entries `l` of the changelog, in a window `own`.
    pub(crate) logged: Sql,
    /// Of a row that is no entry.
    pub(crate) elsewhere: Sql,
}

impl Mask {
    /// The numbers of a side, from the catalog.
    pub fn of(shape: &Shape, side: &TableSide) -> Self {
        let captured: Vec<(Ident, i64)> = shape
            .columns
            .iter()
            .filter(|c| !c.generated)
            .map(|c| (Ident::new(&c.name), c.number))
            .collect();
        let everything: Vec<i64> = captured.iter().map(|(_, number)| *number).collect();
        let number = |column: &Ident| captured.iter().find(|(c, _)| c == column).map(|(_, n)| *n);
        let made_of = |value: &Value| match value {
            Value::Column(column) | Value::Cast(column, _) => {
                number(column).map_or_else(|| everything.clone(), |n| vec![n])
            }
            Value::Computed(expression, _) => {
                let table = side.name.name.as_str();
                let read = captured.iter().filter(|(c, _)| mentions(expression, c.as_str()));
                let read: Vec<i64> = read.map(|(_, n)| *n).collect();
                let whole_row = mentions(expression, table) || mentions(expression, "u&");
                let hidden = shape
                    .columns
                    .iter()
                    .any(|c| c.generated && mentions(expression, &c.name));
                if whole_row || hidden {
                    everything.clone()
                } else {
                    read
                }
            }
        };
        let mut known: Vec<String> = shape.columns.iter().map(|c| c.name.clone()).collect();
        known.sort();
        Self {
            written: side.columns.iter().map(|c| number(c).unwrap_or(0)).collect(),
            sent: side.outgoing.columns.iter().map(made_of).collect(),
            plain_key: side
                .key
                .iter()
                .all(|k| shape.column(k.as_str()).is_some_and(|c| c.portable)),
            width: everything.iter().copied().max().unwrap_or(1),
            captured,
            known,
            deltas: Vec::new(),
        }
    }

    /// How many columns a staged mask is about.
    pub(crate) fn written_width(&self) -> usize {
        self.written.len()
    }

    /// The columns that capture knows, as a JSON array.
    pub fn known_columns(&self) -> String {
        serde_json::Value::from(self.known.clone()).to_string()
    }

    /// Whether the table that a trigger fired for has the columns that capture knows, by whatever numbers.
    pub(crate) fn is_known(&self) -> Sql {
        Sql::render(
            "(SELECT jsonb_agg(a.attname ORDER BY a.attname) FROM pg_attribute a \
             WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped) = {known}::jsonb",
            &[("known", &Literal::new(self.known_columns()))],
        )
    }

    /// Whether two rows have one key. Extensions keep their operators in schemas that a trigger function must not search.
    pub(crate) fn same_key(&self, table: &TableSide, one: &'static str, other: &'static str) -> Sql {
        if self.plain_key {
            return equal(one, &table.key, other, &table.key);
        }
        Sql::render(
            "ROW({one})::record OPERATOR(pg_catalog.*=) ROW({other})::record",
            &[
                ("one", &qualified(one, &table.key)),
                ("other", &qualified(other, &table.key)),
            ],
        )
    }

    /// The mask of the change from the row `old` to the row `new`.
    pub(crate) fn between(&self, old: &'static str, new: &'static str) -> Sql {
        let bit = |number: i64| {
            let column = self.captured.iter().find(|(_, n)| *n == number);
            column.map_or_else(
                || Sql::text("B'0'"),
                |(column, _)| {
                    Sql::render(
                        "(ROW({old})::record OPERATOR(pg_catalog.*<>) ROW({new})::record)::int::bit(1)",
                        &[("old", &member(old, column)), ("new", &member(new, column))],
                    )
                },
            )
        };
        Sql::join(" || ", (1..=self.width).map(bit))
    }

    /// The united mask of entries `l` of a key that did not come over `link`; NULL where one of them is more than an update.
    pub(crate) fn united(&self, link: &str, over: &Sql) -> Sql {
        Sql::render(
            "CASE WHEN coalesce(bool_and(l.op = 'U') FILTER (WHERE {own}) OVER {over}, true)\n           THEN {bits} END",
            &[
                ("own", &own(link)),
                ("over", over),
                ("bits", &self.bits(&own(link), over)),
            ],
        )
    }

    fn bits(&self, which: &Sql, over: &Sql) -> Sql {
        let ones = "1".repeat(usize::try_from(self.width).unwrap_or(1));
        Sql::render(
            "coalesce(bit_or(coalesce(l.changed::bit({width}), {ones}::bit({width}))) FILTER (WHERE {which}) OVER {over}, B'0'::bit({width}))",
            &[
                ("width", &self.width),
                ("ones", &Literal::new(ones)),
                ("which", which),
                ("over", over),
            ],
        )
    }

    /// What is read about a local change. `held` says that entries may be there that no longer travel by themselves.
    pub(crate) fn noted(&self, link: &str, held: bool) -> Noted {
        let over = Sql::text("own");
        let waiting = match held {
            true => self.bits(&Sql::text("l.held"), &over),
            false => Sql::text("B''::varbit"),
        };
        Noted {
            logged: Sql::render(
                ", {united} AS mask, {waiting} AS held_mask{sums}",
                &[
                    ("united", &self.united(link, &over)),
                    ("waiting", &waiting),
                    ("sums", &self.noted_sums(link, held)),
                ],
            ),
            elsewhere: Sql::render(
                ", NULL::bit({width}), {nothing}{no_sums}",
                &[
                    ("width", &self.width),
                    ("no_sums", &self.no_sums()),
                    (
                        "nothing",
                        &if held {
                            Sql::render("B'0'::bit({width})", &[("width", &self.width)])
                        } else {
                            Sql::text("B''::varbit")
                        },
                    ),
                ],
            ),
        }
    }

    /// A mask over this side's columns, in the order in which the other side stages what is sent.
    pub(crate) fn as_sent(&self, mask: &'static str) -> Sql {
        let bit = |numbers: &Vec<i64>| {
            let bits = numbers.iter().map(|number| {
                Sql::render(
                    "substring({mask} FROM {number} FOR 1)",
                    &[("mask", &Sql::text(mask)), ("number", number)],
                )
            });
            match numbers.len() {
                0 => Sql::text("B'0'"),
                _ => Sql::render("({bits})", &[("bits", &Sql::join(" | ", bits))]),
            }
        };
        Sql::render(
            "CASE WHEN {mask} IS NOT NULL THEN B'' || {bits} END",
            &[
                ("mask", &Sql::text(mask)),
                (
                    "bits",
                    &joined(
                        self.sent
                            .iter()
                            .enumerate()
                            .map(|(place, numbers)| self.sum_bit(place).unwrap_or_else(|| bit(numbers)))
                            .chain(self.unknown_bits()),
                    ),
                ),
            ],
        )
    }

    /// The same where nothing changed.
    pub(crate) fn nothing_sent(&self) -> Sql {
        let bits = self.sent.len() + self.unknown_width();
        Sql::render("{bits}", &[("bits", &Literal::new("0".repeat(bits)))])
    }

    /// A mask over the stage's columns, by this side's numbers.
    pub(crate) fn as_noted(&self, staged: &'static str) -> Sql {
        let bit = |number: i64| {
            let place = self.written.iter().zip(1_i64..).find(|(n, _)| **n == number);
            place.map_or_else(
                || Sql::text("B'0'"),
                |(_, place)| {
                    Sql::render(
                        "substring({staged} FROM {place} FOR 1)",
                        &[("staged", &Sql::text(staged)), ("place", &place)],
                    )
                },
            )
        };
        Sql::render(
            "CASE WHEN {staged} IS NOT NULL THEN B'' || {bits} END",
            &[
                ("staged", &Sql::text(staged)),
                ("bits", &joined((1..=self.width).map(bit))),
            ],
        )
    }

    /// Whether the local change `mask` touched the n-th of the side's columns, counted from 0.
    pub(crate) fn touched_here(&self, mask: &'static str, position: usize) -> Sql {
        match self.written.get(position) {
            Some(number) if *number > 0 => Sql::render(
                "substring({mask} FROM {number} FOR 1) = B'1'",
                &[("mask", &Sql::text(mask)), ("number", number)],
            ),
            _ => Sql::text("true"),
        }
    }
}

/// Entries that are news to the other side of a link: not those that came from there and go back once.
pub(crate) fn own(link: &str) -> Sql {
    Sql::render("l.via IS DISTINCT FROM {link}", &[("link", &Literal::new(link))])
}

fn joined(bits: impl Iterator<Item = Sql>) -> Sql {
    let bits: Vec<Sql> = bits.collect();
    match bits.len() {
        0 => Sql::text("B''"),
        _ => Sql::join(" || ", bits),
    }
}

/// Whether an expression may read what is called so. Where that is not certain, it does.
fn mentions(expression: &Expression, name: &str) -> bool {
    expression.as_str().to_lowercase().contains(&name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use ponte_schema::QualifiedName;

    use super::*;
    use crate::shape::tests::perfis;

    fn side(columns: &[&str], sent: Vec<Value>) -> TableSide {
        let mut side = TableSide::named(QualifiedName::new("public", "perfis"));
        side.columns = columns.iter().copied().map(Ident::new).collect();
        side.outgoing.columns = sent;
        side
    }

    fn made_of(expression: &str) -> Vec<Vec<i64>> {
        let mut shape = perfis();
        for (number, column) in (1..).zip(&mut shape.columns) {
            column.number = number * 2;
        }
        let value = Value::Computed(Expression::new(expression), None);
        Mask::of(&shape, &side(&["nome"], vec![value])).sent
    }

    #[test]
    fn a_computed_value_is_made_of_the_columns_that_its_expression_names() {
        assert_eq!(made_of("lower(NOME)"), [[4]]);
        assert_eq!(made_of("1 + 1"), [[0_i64; 0]]);
    }

    #[test]
    fn an_expression_over_the_whole_row_is_made_of_every_column() {
        assert_eq!(made_of("to_jsonb(perfis)")[0].len(), perfis().columns.len());
        assert_eq!(made_of("U&\"n\\006fme\"")[0].len(), perfis().columns.len());
    }
}
