//! `ponte sync repair`: makes the rows equal that a comparison found to differ.
//!
//! Nothing is written to the tables here. The keys are noted as changes on the side that is to win, as old as their rows are, and the next
//! pass carries them like any other change: a change that somebody makes meanwhile on the other side is newer, and a conflict like
//! any other. A key that is pending anyway is left alone, which also makes a second run harmless.

use std::collections::{BTreeMap, BTreeSet};

use ponte_sync::compare::{self, Divergence};
use ponte_sync::link::Side;

use super::compare::number;
use super::pass::LiveLink;
use crate::error::Result;

/// Who wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairFrom {
    /// Always this side.
    Side(Side),
    /// For each key the side that changed it last, a delete included; where nobody knows, the side that has the row, then the first.
    Newest,
}

/// What may be done to the side that does not win.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepairKinds {
    /// Rows that it lacks are added.
    pub insert: bool,
    /// Rows that differ are changed.
    pub update: bool,
    /// Rows that the winner lacks are deleted.
    pub delete: bool,
}

/// What is to be done about one table, by the side that wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairPlan {
    /// Keys that are to be noted on the first and the second side.
    pub keys: [BTreeSet<String>; 2],
    /// Rows that will be added to the first and the second side.
    pub inserts: [u64; 2],
    /// Rows that will be changed there.
    pub updates: [u64; 2],
    /// Rows that will be deleted there.
    pub deletes: [u64; 2],
}

impl RepairPlan {
    /// How many keys are to be noted.
    pub fn total(&self) -> usize {
        self.keys.iter().map(BTreeSet::len).sum()
    }

    fn add(&mut self, divergence: &Divergence, winner: Side, kinds: RepairKinds) {
        let loser = winner.other().index();
        let (wanted, counter) = match divergence {
            Divergence::Different(..) => (kinds.update, &mut self.updates[loser]),
            Divergence::MissingInFirst(_) if winner == Side::Second => {
                (kinds.insert, &mut self.inserts[loser])
            }
            Divergence::MissingInSecond(_) if winner == Side::First => {
                (kinds.insert, &mut self.inserts[loser])
            }
            _ => (kinds.delete, &mut self.deletes[loser]),
        };
        if wanted {
            *counter += 1;
            self.keys[winner.index()].insert(divergence.key().to_owned());
        }
    }
}

impl LiveLink {
    /// Decides what has to be done about divergences of the n-th table.
    ///
    /// # Errors
    /// What a server reports.
    pub async fn plan_repair(
        &mut self,
        position: usize,
        divergences: &[Divergence],
        from: RepairFrom,
        kinds: RepairKinds,
    ) -> Result<RepairPlan> {
        let keys: Vec<&str> = divergences.iter().map(Divergence::key).collect();
        let mut newness = [BTreeMap::new(), BTreeMap::new()];
        if from == RepairFrom::Newest {
            for side in Side::BOTH {
                let sql = compare::versions(&self.tables[position].sides[side.index()]);
                let rows = self.peers[side.index()]
                    .rows(&sql, &[&keys], "read versions")
                    .await?;
                newness[side.index()] = rows.iter().map(|row| (number(row), row.get(1))).collect();
            }
        }
        let mut plan = RepairPlan::default();
        for (n, divergence) in divergences.iter().enumerate() {
            let winner = match from {
                RepairFrom::Side(side) => side,
                RepairFrom::Newest => newer(
                    divergence,
                    newness.each_ref().map(|known| known.get(&n).copied().flatten()),
                ),
            };
            plan.add(divergence, winner, kinds);
        }
        Ok(plan)
    }

    /// Notes the keys of a plan as changes, as far as they still differ and nobody has changed them since; answers how many were noted.
    ///
    /// # Errors
    /// What a server reports.
    pub async fn repair(&mut self, position: usize, plan: &RepairPlan) -> Result<u64> {
        let mut noted = 0;
        for winner in Side::BOTH {
            let keys = plan.keys[winner.index()].clone();
            let (still, _) = self.settle(position, keys, 1).await?;
            if still.is_empty() {
                continue;
            }
            let keys: Vec<&str> = still.iter().map(Divergence::key).collect();
            let arrived = self.consumed(winner).await?;
            let sql = compare::mark(&self.tables[position].sides[winner.index()], &self.spec.name);
            let rows = self.peers[winner.index()]
                .rows(&sql, &[&keys, &arrived], "note keys as changed")
                .await?;
            noted += rows.len() as u64;
        }
        Ok(noted)
    }
}

fn newer(divergence: &Divergence, [one, other]: [Option<f64>; 2]) -> Side {
    let has_it = match divergence {
        Divergence::MissingInFirst(_) => Side::Second,
        Divergence::MissingInSecond(_) | Divergence::Different(..) => Side::First,
    };
    let known = |newness: Option<f64>| newness.unwrap_or(f64::NEG_INFINITY);
    match known(one).total_cmp(&known(other)) {
        std::cmp::Ordering::Less => Side::Second,
        std::cmp::Ordering::Greater => Side::First,
        std::cmp::Ordering::Equal => has_it,
    }
}
