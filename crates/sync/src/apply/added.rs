//! Rows that look alike and are in conflict all the same: both sides withdrew thirty, and seventy is left on both. Where columns are added up,
//! such rows are planned too, and what is left then is forty.

use ponte_schema::Sql;

use super::{Direction, Local, Part, Stage, kept, texts};
use crate::table::{TableSide, listed, qualified};

impl Stage {
    /// Plans arrived rows that differ in nothing from those that are there, where a local change is in the sums. A statement of its own: whoever makes a row
    /// alike after the others were planned has noted that before this one looks. `None` for a table that adds nothing up.
    pub fn pin_alike(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        local: Local<'_>,
        part: Option<Part>,
    ) -> Option<Sql> {
        let mask = table.mask.as_ref().filter(|mask| mask.adds())?;
        if matches!(local, Local::All(_)) {
            return None;
        }
        Some(Sql::render(
            include_str!("pin_alike.sql"),
            &[
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("table", &table.name),
                ("keys", &listed(&table.staged_key())),
                ("staged_keys", &qualified("s", &table.staged_key())),
                ("local", &self.decidable(table, direction, local)),
                ("same_key", &table.same_staged_key("l", "s")),
                ("matches", &table.matches_staged_key("t", "s")),
                ("differs", &kept::differs(table)),
                ("inside", &table.inside("t")),
                ("any_sum", &mask.any_sum()),
                ("part", &part.map(Part::condition).unwrap_or_default()),
            ],
        ))
    }
}

/// Whether the arrived row wins, and whether nothing is to be recorded: rows that are alike stay as they are.
pub(super) fn unless_alike(table: &TableSide, wins: &Sql, same_change: &'static str) -> (Sql, Sql) {
    let alike = Sql::render(
        "(s.present AND t.ctid IS NOT NULL AND ARRAY[{here}]::text[] = ARRAY[{there}]::text[])",
        &[
            ("here", &texts("t", &table.all_columns())),
            ("there", &texts("s", &table.all_staged())),
        ],
    );
    let either = |template, text: &Sql| Sql::render(template, &[("text", text), ("alike", &alike)]);
    (
        either("({text} AND NOT {alike})", wins),
        either("({text} OR {alike})", &Sql::text(same_change)),
    )
}
