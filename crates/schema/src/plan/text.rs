//! A plan as text: cut into transactions, with what a reader has to know above each statement.

use super::step::{Placement, Step};
use super::{Plan, Sql};
use crate::model::Kind;

/// What the comment above a statement begins with that destroys something.
pub(crate) const DESTROYS: &str = "destroys";

/// Steps that are committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Whether they are in a transaction at all.
    pub transactional: bool,
    /// In order.
    pub steps: Vec<Step>,
}

/// Cuts the steps where one has to be committed before the next.
pub(super) fn segments(steps: Vec<Step>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut open = false;
    for step in steps {
        let joins = step.placement == Placement::Together;
        match segments.last_mut() {
            Some(segment) if open && joins => segment.steps.push(step),
            _ => segments.push(Segment {
                transactional: step.placement != Placement::Outside,
                steps: vec![step],
            }),
        }
        open = joins;
    }
    segments
}

/// The first line of a script that is more than one transaction.
const MARKER: &str = "-- ponte: no-transaction\n";
/// Bodies in strings name what may come later; the server looks at them when they run.
const BODIES: &str = "SET check_function_bodies = off;\n\n";

impl Plan {
    /// The statements as a script that the runner and psql take as it stands.
    pub fn to_sql(&self) -> String {
        let mut text = String::new();
        let many = self.segments.len() > 1;
        if many || self.segments.iter().any(|segment| !segment.transactional) {
            text.push_str(MARKER);
            text.push('\n');
        }
        if self
            .steps()
            .any(|step| step.object.kind == Kind::Function && step.sql.as_str().starts_with("CREATE"))
        {
            text.push_str(BODIES);
        }
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            let block = many && segment.steps.len() > 1;
            if block {
                text.push_str("BEGIN;\n");
            }
            for step in &segment.steps {
                push_step(&mut text, step);
            }
            if block {
                text.push_str("COMMIT;\n");
            }
        }
        text
    }
}

fn push_step(text: &mut String, step: &Step) {
    if let Some(warns) = step.warns {
        text.push_str("-- ");
        text.push_str(warns);
        text.push('\n');
    }
    if let Some(loses) = step.loses {
        text.push_str("-- ");
        text.push_str(DESTROYS);
        text.push(' ');
        text.push_str(loses);
        text.push('\n');
    }
    push_sql(text, &step.sql);
}

fn push_sql(text: &mut String, sql: &Sql) {
    text.push_str(sql.as_str());
    text.push_str(";\n");
}
