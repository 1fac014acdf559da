//! Conflicts that are decided column by column: both sides only updated the row since they last agreed.
//!
//! A column that one side changed comes from that side, one that both changed from the newer version, and so does the version column. What comes out is
//! a change of the target's own, newer than both rows: it is noted for every link, and so goes back to the source once. Where
//! the newer row is all that remains, nothing was mixed, and the conflict is left to [`Stage::resolve`].

use ponte_schema::{Ident, Literal, Sql};

use super::{Direction, Local, Stage, Winner, sweep, texts};
use crate::mask::Mask;
use crate::table::{TableSide, listed, member, qualified};

/// What a stage has more where conflicts are merged: which columns the source changed, and where a merged row's columns come from.
pub(super) const STAGED: &str = ", NULL::varbit AS changed, NULL::text[] AS taken";

/// What is recorded of a column in which both sides' changes were added up. No node is called so.
pub const ADDED_UP: &str = "+";

/// A column of the row, the expression for which side it is taken from, and what that needs.
struct Taken<'a> {
    /// Its name here and in the stage.
    pair: &'a (Ident, Ident),
    /// True for the source, false for the target, NULL where both are equal.
    from_there: Ident,
    /// The target's value.
    here: Ident,
    /// Where the column is added up: its place among those that are, and whether both sides changed it.
    added: Option<(usize, Ident)>,
}

impl Stage {
    /// Merges what can be merged, into the stage; answers how many conflicts were recorded. `None` for a table that asks for no such thing. `winner` decides
    /// all columns but those that are added up, where it is not [`Winner::Columns`].
    pub fn merge(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        local: Local<'_>,
        winner: Winner,
    ) -> Option<Sql> {
        let mask = table.mask.as_ref()?;
        if matches!(local, Local::All(_)) || !(winner == Winner::Columns || mask.adds()) {
            return None;
        }
        let pairs = table.updated_columns();
        let columns = taken(table, mask, &pairs);
        if columns.is_empty() {
            return None;
        }
        let read = columns.iter().map(|c| read(table, mask, c, winner));
        let takes = columns.iter().map(|c| member("c", &c.from_there));
        let sums = columns
            .iter()
            .filter_map(|c| c.added.as_ref())
            .map(|(_, both)| Sql::render(" OR {both}", &[("both", &member("c", both))]));
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
                ("newer", &Sql::text(wins(winner))),
                ("sums", &mask.to_settle(table)),
                ("or_added", &Sql::join("", sums)),
                ("delta", &mask.delta_column()),
                (
                    "amounts",
                    &mask.merged_amounts(|written| named(table, &columns, written)),
                ),
                ("sources", &sources(table, &columns, direction)),
                ("assignments", &Sql::join(", ", columns.iter().map(assignment))),
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

/// What a merge needs to know of each column.
fn taken<'a>(table: &TableSide, mask: &Mask, pairs: &'a [(Ident, Ident)]) -> Vec<Taken<'a>> {
    pairs
        .iter()
        .enumerate()
        .map(|(n, pair)| Taken {
            pair,
            from_there: Ident::new(format!("x{}", n + 1)),
            here: Ident::new(format!("h{}", n + 1)),
            added: added(table, mask, &pair.0, n),
        })
        .collect()
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

/// What a merge calls whether both changes of a column that is added up count, and which side's value stays where they do not.
fn named(table: &TableSide, columns: &[Taken<'_>], written: usize) -> Option<(Ident, Ident)> {
    let column = columns
        .iter()
        .find(|c| table.columns.get(written) == Some(&c.pair.0))?;
    let (_, both) = column.added.as_ref()?;
    Some((both.clone(), column.from_there.clone()))
}

/// Whether and where a column is added up.
fn added(table: &TableSide, mask: &Mask, column: &Ident, n: usize) -> Option<(usize, Ident)> {
    let written = table.columns.iter().position(|c| c == column)?;
    Some((mask.delta_at(written)?, Ident::new(format!("b{}", n + 1))))
}

/// `CASE WHEN differs THEN where it comes from END AS x1, t.a AS h1`
fn read(table: &TableSide, mask: &Mask, column: &Taken<'_>, winner: Winner) -> Sql {
    let name = &column.pair.0;
    let position = table.columns.iter().position(|c| c == name);
    let version = table.version.as_ref().is_some_and(|v| v.name == name.as_str());
    let here = match (position, &column.added) {
        (_, Some((place, _))) => Some(Mask::added_here(*place)),
        (Some(position), None) if !version && winner == Winner::Columns => {
            Some(mask.touched_here("l.mask", position))
        }
        // The spelling of the key, the version, and whatever the rule decides as a whole.
        _ => None,
    };
    let newer = Sql::text(wins(winner));
    let from_there = match (position, here) {
        (Some(position), Some(here)) => Sql::render(
            "CASE WHEN substring(s.changed FROM {place} FOR 1) = ({here})::int::bit(1) THEN {newer} ELSE NOT ({here}) END",
            &[
                ("place", &i64::try_from(position + 1).unwrap_or(i64::MAX)),
                ("here", &here),
                ("newer", &newer),
            ],
        ),
        _ => newer,
    };
    let both = column.added.as_ref().map(|(place, name)| {
        Sql::render(
            ", {both} AS {name}",
            &[("both", &mask.added_by_both(*place)), ("name", name)],
        )
    });
    Sql::render(
        "CASE WHEN {differs} THEN {from_there} END AS {taken}, {value} AS {here}{both}",
        &[
            ("differs", &sweep::differs_in(table, column.pair)),
            ("from_there", &from_there),
            ("taken", &column.from_there),
            ("value", &table.plain_value("t", name)),
            ("here", &column.here),
            ("both", &both.unwrap_or_default()),
        ],
    )
}

/// Whether the arrived row decides what both sides, or neither, changed.
fn wins(winner: Winner) -> &'static str {
    match winner {
        Winner::Latest | Winner::Columns | Winner::Function => NEWER,
        Winner::Source => "true",
        Winner::Target | Winner::Nobody => "false",
    }
}

/// Whether the arrived version is the newer one.
const NEWER: &str = "((s.version_at, s.changed_at, s.node) > (l.version_at, l.changed_at, l.node))";

fn assignment(column: &Taken<'_>) -> Sql {
    let staged = &column.pair.1;
    let one_of_both = Sql::render(
        "CASE WHEN coalesce({from_there}, c.newer) THEN {there} ELSE {here} END",
        &[
            ("from_there", &member("c", &column.from_there)),
            ("there", &member("s", staged)),
            ("here", &member("c", &column.here)),
        ],
    );
    let value = match &column.added {
        None => one_of_both,
        Some((place, both)) => Sql::render(
            "CASE WHEN {both} THEN {sum} ELSE {one_of_both} END",
            &[
                ("both", &member("c", both)),
                ("sum", &Mask::added(*place, staged)),
                ("one_of_both", &one_of_both),
            ],
        ),
    };
    Sql::render("{staged} = {value}", &[("staged", staged), ("value", &value)])
}

/// For each column of the image, the node that the merged row has it from; NULL where both sides are equal, and [`ADDED_UP`] where both count.
fn sources(table: &TableSide, columns: &[Taken<'_>], direction: Direction<'_>) -> Sql {
    let each = table.all_columns().into_iter().map(|name| {
        let column = columns.iter().find(|c| c.pair.0 == name);
        column.map_or_else(|| Sql::text("NULL"), |column| source(column, direction))
    });
    Sql::join(", ", each)
}

fn source(column: &Taken<'_>, direction: Direction<'_>) -> Sql {
    let one_of_both = Sql::render(
        "CASE {from_there} WHEN true THEN {there_name} WHEN false THEN {here_name} END",
        &[
            ("from_there", &member("c", &column.from_there)),
            ("there_name", &Literal::new(direction.there)),
            ("here_name", &Literal::new(direction.here)),
        ],
    );
    match &column.added {
        None => one_of_both,
        Some((_, both)) => Sql::render(
            "CASE WHEN {both} THEN {added_up} ELSE {one_of_both} END",
            &[
                ("both", &member("c", both)),
                ("added_up", &Literal::new(ADDED_UP)),
                ("one_of_both", &one_of_both),
            ],
        ),
    }
}
