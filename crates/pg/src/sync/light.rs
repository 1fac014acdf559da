//! Light batches, as `ponte_sync::light` describes them: a glance at the source, and one journey to the target.
//!
//! [`Way`] holds the statements of a direction, made when the shapes of its tables are read. [`glance`] reads at the source, [`write`](mod@write) writes
//! at the target while the source is told. Whatever is not as usual is left to the ordinary way, which begins anew.

mod glance;
mod raw;
mod write;

use ponte_schema::Sql;
use ponte_sync::light;
use ponte_sync::link::{ApplyAs, LinkSpec, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::members;

pub(crate) use glance::{Asked, Load, Sight, glance};
pub(crate) use write::{Outcome, write};

/// The statements of one direction.
pub(crate) struct Way {
    glance: Sql,
    fence: Sql,
    look: Sql,
    /// Those of each table; none for a table whose rows need more than that.
    tables: Vec<Option<TableWay>>,
    /// The tables that had changes when they were looked at last: their rows are read along with the next glance.
    expected: Vec<usize>,
}

/// The statements of one table.
struct TableWay {
    rows: Sql,
    glance_with_rows: Sql,
    types: Sql,
    /// None for a table that is nothing but its key.
    update: Option<Sql>,
    insert: Sql,
    delete: Sql,
    changed_here: Sql,
    key_columns: usize,
    /// How many rows may go without a question.
    deletes_max: u64,
    /// Whether the target's clock has to follow what arrives.
    pushes_clock: bool,
}

impl Way {
    /// The way from this source, for a link with these tables.
    pub(crate) fn new(spec: &LinkSpec, source: Side, tables: &[LinkedTable]) -> Self {
        let side =
            |side: Side| -> Vec<&TableSide> { tables.iter().map(|t| &t.sides[side.index()]).collect() };
        let glance = light::glance(&side(source), &spec.name, &members::joined_tables());
        Self {
            fence: light::fence(spec.apply),
            look: light::look(&side(source.other()), &spec.name),
            tables: tables
                .iter()
                .map(|table| TableWay::new(spec, source, table, &glance))
                .collect(),
            glance,
            expected: Vec::new(),
        }
    }
}

impl TableWay {
    fn new(spec: &LinkSpec, source: Side, table: &LinkedTable, glance: &Sql) -> Option<Self> {
        let target = source.other();
        let (from, to) = (&table.sides[source.index()], &table.sides[target.index()]);
        let keys = &table.shapes[target.index()].foreign_keys;
        let referenced = keys.iter().any(|key| key.parent_name() == to.name);
        // In replica mode nobody but the rounds checks foreign keys.
        let free = spec.apply == ApplyAs::Plain || keys.is_empty();
        if !light::carries(from, to) || !table.extras[target.index()].is_empty() || !free {
            return None;
        }
        Some(Self {
            rows: light::rows(from, &spec.name),
            glance_with_rows: light::glance_with_rows(glance, from, &spec.name),
            types: light::row_types(to),
            update: light::update(to),
            insert: light::insert(to),
            delete: light::delete(to),
            changed_here: light::changed_here(to, &spec.name),
            key_columns: to.key.len(),
            // Where other tables point at this one, its deletes need an order that only the rounds know.
            deletes_max: if referenced {
                0
            } else {
                table.max_delete.unasked(false).unwrap_or(u64::MAX)
            },
            pushes_clock: from.version.is_none(),
        })
    }
}
