//! A link as it is asked for: two sides, the tables between them, and the rules.

pub use crate::mapping::{ColumnMap, Leaving, TableSpec, TriggerRule};

use crate::apply::Winner;

/// One of the two nodes of a link, in the order of its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The node named first.
    First,
    /// The node named second.
    Second,
}

impl Side {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// 0 or 1.
    pub fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// Who wins when both sides changed a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictRule {
    /// The newer version.
    Latest,
    /// Always this side.
    Wins(Side),
    /// Nobody, until a person decides.
    Manual,
    /// Both, column by column.
    Merge,
    /// Whom the table's function names.
    Function,
}

impl ConflictRule {
    /// The rule as the target of the direction that starts at `source` applies it.
    pub fn seen_from(self, source: Side) -> Winner {
        match self {
            Self::Latest => Winner::Latest,
            Self::Wins(side) if side == source => Winner::Source,
            Self::Wins(_) => Winner::Target,
            Self::Manual => Winner::Nobody,
            Self::Merge => Winner::Columns,
            Self::Function => Winner::Function,
        }
    }
}

/// What happens to the rows that exist before the link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstContact {
    /// Rows of both sides are united; where both have a key, the newer version stays, and the other goes to `ponte.conflict`.
    Merge,
    /// The same, but this side's row stays.
    Wins(Side),
    /// Both sides are taken to be equal already.
    Trust,
}

/// How rows are written at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyAs {
    /// As an ordinary owner of the tables: triggers fire and foreign keys are checked.
    Plain,
    /// With `session_replication_role = replica`: neither happens, and the sync checks foreign keys itself.
    Replica,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// Its name.
    pub name: String,
    /// The names of its two nodes.
    pub nodes: [String; 2],
    /// Its tables.
    pub tables: Vec<TableSpec>,
    /// Who wins, for the tables that have no rule of their own.
    pub conflict: ConflictRule,
    /// How it begins.
    pub first_contact: FirstContact,
    /// How rows are written.
    pub apply: ApplyAs,
    /// How far ahead of its server's clock a version may lie, in seconds.
    pub max_future_seconds: i64,
    /// How long bookkeeping is kept.
    pub retention: Retention,
}

/// How long bookkeeping is kept that nobody waits for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Entries of changelogs that have arrived everywhere, where a table says nothing else.
    pub changelog_seconds: i64,
    /// Conflicts that are decided; `None` for ever.
    pub conflicts_seconds: Option<i64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            changelog_seconds: crate::rotation::RETENTION_SECONDS_DEFAULT,
            conflicts_seconds: Some(90 * 86_400),
        }
    }
}

impl LinkSpec {
    /// The name of a side's node.
    pub fn node(&self, side: Side) -> &str {
        &self.nodes[side.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_let_the_same_node_win() {
        for winner in Side::BOTH {
            let rule = ConflictRule::Wins(winner);
            assert_eq!(rule.seen_from(winner), Winner::Source);
            assert_eq!(rule.seen_from(winner.other()), Winner::Target);
        }
    }
}
