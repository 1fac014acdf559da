//! Keys that wait for a person: the policy `manual` found them changed on both sides and wrote neither row.
//!
//! The node that found such a conflict remembers the key in `ponte.parked`. While it stands there, the node does not ship the
//! key, and what arrives for it is kept out of the batch; either change is noted in the open conflict instead. Progress goes on as
//! for any other key, so whatever ends the parking has to be a new change of the row.
//!
//! Keys are remembered as text and compared in their own types: `1.0` finds `1.00` where the type says so.

use ponte_schema::{Literal, Sql};

use crate::apply::{Stage, texts};
use crate::snapshot::Snapshot;
use crate::table::{TableSide, qualified};

/// The condition that leaves parked keys out of what is read from a changelog under the alias `l`.
pub(crate) fn left_out(table: &TableSide, link: &str) -> Sql {
    Sql::render(
        " AND ({keys}) NOT IN (\n    {parked})",
        &[
            ("keys", &qualified("l", &table.staged_key())),
            ("parked", &keys(table, link, "")),
        ],
    )
}

/// Every parked key of the table with its conflict's number: the key in the form in which rows are compared.
pub fn listed_keys(table: &TableSide, link: &str) -> Sql {
    Sql::render(
        "SELECT ARRAY[{keys}]::text, k.conflict FROM (\n{parked}) k",
        &[
            ("keys", &table.compared_staged_key("k")),
            ("parked", &keys(table, link, "p.conflict, ")),
        ],
    )
}

/// Keeps what arrived for parked keys out of the batch; touches as many rows as it keeps out.
pub fn hold(stage: &Stage, table: &TableSide, link: &str) -> Sql {
    Sql::render(
        include_str!("parked/hold.sql"),
        &[
            ("parked", &keys(table, link, "p.conflict, ")),
            ("stage", stage.name()),
            ("same_key", &table.same_staged_key("s", "k")),
            ("there_texts", &texts("s", &table.all_staged())),
        ],
    )
}

/// Brings open conflicts up to date with what changed on the node that holds them.
pub fn refresh(table: &TableSide, link: &str, since: &Snapshot) -> Sql {
    Sql::render(
        include_str!("parked/refresh.sql"),
        &[
            ("parked", &keys(table, link, "p.conflict, ")),
            ("keys", &qualified("l", &table.staged_key())),
            ("changelog", &table.entries()),
            ("table", &table.name),
            ("xmin", &i64::try_from(since.xmin()).unwrap_or(i64::MAX)),
            ("since", since),
            ("same_key", &table.same_staged_key("l", "k")),
            ("matches", &table.matches_staged_key("t", "k")),
            ("here_texts", &texts("t", &table.all_columns())),
        ],
    )
}

fn keys(table: &TableSide, link: &str, conflict: &'static str) -> Sql {
    let staged = table.staged_key();
    let values = staged.iter().zip(1_i64..).map(|(key, position)| {
        Sql::render(
            "{key}, p.key_values[{position}]",
            &[("key", &Literal::new(key.as_str())), ("position", &position)],
        )
    });
    Sql::render(
        include_str!("parked/keys.sql"),
        &[
            ("conflict", &Sql::text(conflict)),
            ("keys", &qualified("r", &staged)),
            ("changelog", &table.changelog_table()),
            ("values", &Sql::join(", ", values)),
            ("link", &Literal::new(link)),
            ("schema_name", &Literal::new(table.name.schema.as_str())),
            ("table_name", &Literal::new(table.name.name.as_str())),
        ],
    )
}
