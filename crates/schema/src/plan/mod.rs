//! How to get from one schema to another: two sides in, ordered statements out.
//!
//! What differs is known from the [model](crate::model), what needs what from the server's own dependencies. Each kind of object says how one
//! of it is made, dropped and changed in place; what cannot be changed in place is dropped and made again, with everything that needs it, and
//! with its owner, privileges and comments.
//!
//! Nothing here is sure of itself: whoever shows a plan to a person executes it first and compares. What is deliberately absent is any
//! understanding of expressions and bodies; they go from the server that printed them to the server that reads them.

mod between;
mod change;
mod grants;
mod kinds;
mod name;
mod options;
mod order;
pub mod rename;
mod satellites;
mod settings;
mod side;
mod step;
mod text;

use std::collections::BTreeSet;

pub use side::Side;
pub use step::{Lock, Placement, Step};
pub(crate) use text::DESTROYS;
pub use text::Segment;

use crate::Sql;
use crate::model::{Access, Kind};
use between::Between;
use order::Again;

/// Whether tables are in use while the plan runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// They are: indexes are built beside the traffic, rows are checked under weak locks, in several transactions.
    Safe,
    /// They are not: the shortest statements, in one transaction where that is possible.
    Plain,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The role that runs the plan and owns what it makes.
    pub role: String,
    /// Whether owners and privileges are part of it.
    pub access: Access,
    /// Whether tables are in use.
    pub style: Style,
}

/// Statements that lead from one side to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is committed together, in order.
    pub segments: Vec<Segment>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// All statements, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.segments.iter().flat_map(|segment| &segment.steps)
    }
}

/// The statements that make of `from` what `to` is.
pub fn plan(from: &Side, to: &Side, request: &Request) -> Plan {
    let from = from.with_what_leaves(to);
    let mut between = Between {
        from: &from,
        to,
        request,
        replaced: BTreeSet::new(),
        reset: BTreeSet::new(),
        late_defaults: BTreeSet::new(),
        at_once: BTreeSet::new(),
        hollow: BTreeSet::new(),
    };
    let changes = change::find(&mut between);
    let mut steps = loop {
        match order::ordered(&between, &changes) {
            Ok(steps) => break steps,
            Err(Again::LateDefaults(tables)) => between.late_defaults.extend(tables),
            Err(Again::AtOnce(objects)) => between.at_once.extend(objects),
            Err(Again::Hollow(views)) => between.hollow.extend(views),
        }
    };
    commit_new_labels(&between, &mut steps);
    Plan {
        segments: text::segments(steps),
    }
}

/// A label of an enum can be used only when the transaction that added it is over.
fn commit_new_labels(between: &Between<'_>, steps: &mut [Step]) {
    let texts: Vec<Sql> = steps.iter().map(|step| step.sql.clone()).collect();
    for step in steps
        .iter_mut()
        .filter(|step| step.object.kind == Kind::Enum && between.from.has(&step.object))
    {
        let labels = kinds::types::new_labels(between, &step.object);
        let uses = |sql: &Sql| {
            let adds = sql.as_str().starts_with("ALTER TYPE");
            !adds
                && labels.iter().any(|label| {
                    sql.as_str()
                        .contains(Sql::of(&crate::Literal::new(label.as_str())).as_str())
                })
        };
        if step.sql.as_str().contains(" ADD VALUE ") && texts.iter().any(uses) {
            kinds::types::commit_before(step);
        }
    }
}
