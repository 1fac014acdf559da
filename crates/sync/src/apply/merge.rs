//! Conflicts that are decided column by column: both sides only updated the row since they last agreed.
//!
//! A column that one side changed comes from that side, one that both changed from the newer version, and so does the version column. What comes out is
//! a change of the target's own, newer than both rows: it is noted for every link, and so goes back to the source once. Where
//! the newer row is all that remains, nothing was mixed, and the conflict is left to [`Stage::resolve`].

use ponte_schema::{Ident, Literal, Sql};

use super::{Direction, Local, Stage, sweep, texts};
use crate::mask::Mask;
use crate::table::{TableSide, listed, member, qualified};

/// What a stage has more where conflicts are merged: which columns the source changed, and where a merged row's columns come from.
pub(super) const STAGED: &str = ", NULL::varbit AS changed, NULL::text[] AS taken";

/// A column of the row, the expression for which side it is taken from, and what that needs.
struct Taken<'a> {
    /// Its name here and in the stage.
    pair: &'a (Ident, Ident),
    /// True for the source, false for the target, NULL where both are equal.
    from_there: Ident,
    /// The target's value.
    here: Ident,
}

impl Stage {
    /// Merges what can be merged, into the stage; answers how many conflicts were recorded. `None` for a table that asks for no such thing.
    pub fn merge(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Option<Sql> {
        let mask = table.mask.as_ref()?;
        if matches!(local, Local::All(_)) {
            return None;
        }
        let pairs = table.updated_columns();
        let columns: Vec<Taken<'_>> = pairs
            .iter()
            .enumerate()
            .map(|(n, pair)| Taken {
                pair,
                from_there: Ident::new(format!("x{}", n + 1)),
                here: Ident::new(format!("h{}", n + 1)),
            })
            .collect();
        if columns.is_empty() {
            return None;
        }
        let read = columns.iter().map(|c| read(table, mask, c));
        let takes = columns.iter().map(|c| member("c", &c.from_there));
        let names = Sql::join(", ", table.all_columns().iter().map(|c| Literal::new(c.as_str())));
        Some(Sql::render(
            include_str!("merge.sql"),
            &[
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("table", &table.name),
                ("log", &table.log()),
                ("local", &self.decidable(table, direction, local)),
                ("columns", &Sql::join(",\n         ", read)),
                ("takes", &Sql::join(", ", takes)),
                ("assignments", &Sql::join(", ", columns.iter().map(assignment))),
                ("taken", &taken(table, &columns)),
                ("not_ours", &not_ours(table, direction)),
                ("inside", &table.inside("t")),
                ("clash_keys", &qualified("p", &table.staged_key())),
                ("keys", &listed(&table.staged_key())),
                ("c_keys", &qualified("c", &table.staged_key())),
                ("key_texts", &texts("p", &table.staged_key())),
                ("here_texts", &texts("t", &table.all_columns())),
                ("there_texts", &texts("s", &table.all_staged())),
                ("same_key", &table.same_staged_key("l", "p")),
                ("matches", &table.matches_staged_key("t", "p")),
                ("column_names", &names),
                ("here_id", &Literal::new(direction.here_id.to_string())),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("here_name", &Literal::new(direction.here)),
                ("there_name", &Literal::new(direction.there)),
            ],
        ))
    }

    /// Adds to the masks of arrived rows what is known of the same keys in the quarantine: their refused changes are part of them.
    pub fn unite_quarantined(&self, table: &TableSide, link: &str) -> Option<Sql> {
        table.mask.as_ref()?;
        Some(Sql::render(
            include_str!("unite_quarantined.sql"),
            &[
                ("stage", &self.stage),
                ("column_names", &column_names(table)),
                ("key_texts", &texts("s", &table.staged_key())),
                ("link", &Literal::new(link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
            ],
        ))
    }
}

pub(super) fn column_names(table: &TableSide) -> Sql {
    Sql::join(", ", table.all_columns().iter().map(|c| Literal::new(c.as_str())))
}

/// What comes back to the side that made it is older than whatever that side has done since.
fn not_ours(table: &TableSide, direction: Direction<'_>) -> Sql {
    if !table.derived {
        return Sql::default();
    }
    Sql::render(
        " AND s.node <> {here_id}::uuid",
        &[("here_id", &Literal::new(direction.here_id.to_string()))],
    )
}

/// `CASE WHEN differs THEN where it comes from END AS x1, t.a AS h1`
fn read(table: &TableSide, mask: &Mask, column: &Taken<'_>) -> Sql {
    let name = &column.pair.0;
    let position = table.columns.iter().position(|c| c == name);
    let version = table.version.as_ref().is_some_and(|v| v.name == name.as_str());
    let from_there = match position {
        Some(position) if !version => Sql::render(
            "CASE WHEN substring(s.changed FROM {place} FOR 1) = ({here})::int::bit(1) THEN {newer} ELSE NOT ({here}) END",
            &[
                ("place", &i64::try_from(position + 1).unwrap_or(i64::MAX)),
                ("here", &mask.touched_here("l.mask", position)),
                ("newer", &Sql::text(NEWER)),
            ],
        ),
        // The spelling of the key, and the version.
        _ => Sql::text(NEWER),
    };
    Sql::render(
        "CASE WHEN {differs} THEN {from_there} END AS {taken}, {value} AS {here}",
        &[
            ("differs", &sweep::differs_in(table, column.pair)),
            ("from_there", &from_there),
            ("taken", &column.from_there),
            ("value", &table.plain_value("t", name)),
            ("here", &column.here),
        ],
    )
}

/// Whether the arrived version is the newer one.
const NEWER: &str = "((s.version_at, s.changed_at, s.node) > (l.version_at, l.changed_at, l.node))";

fn assignment(column: &Taken<'_>) -> Sql {
    let staged = &column.pair.1;
    Sql::render(
        "{staged} = CASE WHEN coalesce({from_there}, c.newer) THEN {there} ELSE {here} END",
        &[
            ("staged", staged),
            ("from_there", &member("c", &column.from_there)),
            ("there", &member("s", staged)),
            ("here", &member("c", &column.here)),
        ],
    )
}

/// For each column of the image, where the merged row has it from; NULL where both sides are equal.
fn taken(table: &TableSide, columns: &[Taken<'_>]) -> Sql {
    let each = table.all_columns().into_iter().map(|name| {
        let column = columns.iter().find(|c| c.pair.0 == name);
        column.map_or_else(
            || Sql::text("NULL"),
            |column| {
                Sql::render(
                    "{from_there}",
                    &[("from_there", &member("c", &column.from_there))],
                )
            },
        )
    });
    Sql::join(", ", each)
}
