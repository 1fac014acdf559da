//! `ponte sync reconcile`: agreement again after a part of one side's history was lost, or capture was off for a while.
//!
//! Each direction is set back to the last point that both sides remember. From there, everything that was noted travels as ever,
//! deletes among it. What was lost together with its notes is found by comparing all rows, as at the first contact: rows that
//! differ are decided by the policy, rows that only one side has go to the other one. Until the end the link counts as not
//! initialised, so that a process that dies on the way leaves no link that goes on as if nothing were missing.

use ponte_schema::Sql;
use ponte_sync::apply::Winner;
use ponte_sync::chunk::Range;
use ponte_sync::history::{Memory, common, judge};
use ponte_sync::link::Side;
use ponte_sync::machine::Machine;

use super::apply::{self, Applied, Batch, Content};
use super::capture_watch;
use super::compare::TableComparison;
use super::history::memories;
use super::install::mark_ready;
use super::pass::LiveLink;
use super::sharing::Shared;
use crate::error::{Error, ErrorKind, Result};

/// How often both directions are carried before a link is said to be too busy.
const PASSES_MAX: u32 = 10;

/// What a reconciliation would start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estrangement {
    /// The node that lost a part of its history, where one did.
    pub lost: Option<String>,
    /// The nodes that have given up notes which the other side would need again: what they deleted meanwhile would come back.
    pub forgotten: Vec<String>,
    /// How both sides differ, apart from changes that are noted and on their way.
    pub tables: Vec<TableComparison>,
}

impl LiveLink {
    /// Compares both sides and their memories. Writes nothing.
    ///
    /// # Errors
    /// Whatever keeps the tables from being read.
    pub async fn estrangement(&mut self) -> Result<Estrangement> {
        let lost = self.lost_history().await?;
        Ok(Estrangement {
            lost: lost.map(|side| self.spec.node(side).to_owned()),
            forgotten: self.forgotten().await?,
            tables: self.compare().await?,
        })
    }

    /// Which nodes have emptied parts of changelogs that hold more than the other side remembers.
    async fn forgotten(&mut self) -> Result<Vec<String>> {
        let standings = self.standings().await?;
        let mut nodes = Vec::new();
        for source in Side::BOTH {
            let (arrived, shipped) = memories(source, &standings);
            let point = common(arrived, shipped);
            let sql = Sql::text(
                "SELECT EXISTS (SELECT FROM ponte.changelog_part p JOIN ponte.link_table t USING (table_schema, table_name) \
                 WHERE t.link = $1 AND p.emptied_to >= pg_snapshot_xmin($2::text::pg_snapshot))",
            );
            let params = (self.spec.name.clone(), point.as_str().to_owned());
            let peer = &mut self.peers[source.index()];
            let row = peer
                .row(&sql, &[&params.0, &params.1], "look for what was given up")
                .await?;
            if row.get(0) {
                nodes.push(peer.name().to_owned());
            }
        }
        Ok(nodes)
    }

    /// Brings both sides to agreement again; answers what was written.
    ///
    /// # Errors
    /// What a pass refuses. The link then waits for another `reconcile`.
    pub async fn reconcile(&mut self) -> Result<Applied> {
        let outcome = self.reunite_all().await;
        if outcome.is_err() {
            for peer in self.peers_mut() {
                peer.roll_back().await;
            }
        }
        outcome
    }

    async fn reunite_all(&mut self) -> Result<Applied> {
        let lost = self.lost_history().await?;
        for side in Side::BOTH {
            let sql = Sql::text("UPDATE ponte.link SET ready = false WHERE link = $1");
            let link = self.spec.name.clone();
            self.peers[side.index()]
                .rows(&sql, &[&link], "begin to reconcile")
                .await?;
            // An init that takes over what we left unfinished must not take an old first contact for this one.
            let chunks = Sql::text("DELETE FROM ponte.copy_chunk WHERE link = $1");
            self.peers[side.index()]
                .rows(&chunks, &[&link], "begin to reconcile")
                .await?;
            capture_watch::forget(&link, &mut self.peers[side.index()]).await?;
        }
        for source in Side::BOTH {
            self.set_back(source).await?;
        }
        // What is trusted again is remembered before anything is compared, so that the comparison covers every gap.
        self.check().await?;
        let mut written = self.carry_noted().await?;
        written.add(self.unite_everything(lost).await?);
        written.add(self.carry_noted().await?);
        for side in Side::BOTH {
            let link = self.spec.name.clone();
            mark_ready(&link, &mut self.peers[side.index()]).await?;
        }
        Ok(written)
    }

    /// The side that lost a part of its history.
    async fn lost_history(&mut self) -> Result<Option<Side>> {
        let standings = self.standings().await?;
        Ok(Side::BOTH.into_iter().find_map(|source| {
            let (arrived, shipped) = memories(source, &standings);
            match judge(arrived, shipped) {
                Memory::Whole => None,
                Memory::SourceBehind => Some(source),
                Memory::TargetBehind => Some(source.other()),
            }
        }))
    }

    /// Lets a direction begin again where both sides remember it. The source first: killed in between, the next run comes to the
    /// same point.
    async fn set_back(&mut self, source: Side) -> Result<()> {
        let standings = self.standings().await?;
        let (arrived, shipped) = memories(source, &standings);
        let point = common(arrived, shipped);
        let link = self.spec.name.clone();
        let at_source = Sql::text(
            "UPDATE ponte.outgoing SET consumed = $2::text::pg_snapshot, offered = $2::text::pg_snapshot WHERE link = $1",
        );
        let at_target =
            Sql::text("UPDATE ponte.progress SET consumed = $2::text::pg_snapshot WHERE link = $1");
        for (side, sql) in [(source, at_source), (source.other(), at_target)] {
            self.peers[side.index()]
                .rows(&sql, &[&link, &point.as_str()], "set the link back")
                .await?;
        }
        Ok(())
    }

    /// Carries both directions until nothing that was noted is left.
    async fn carry_noted(&mut self) -> Result<Applied> {
        let mut written = Applied::default();
        for _ in 0..PASSES_MAX {
            let mut moved = Applied::default();
            for source in Side::BOTH {
                moved.add(self.direction(source).await?);
            }
            if moved == Applied::default() {
                return Ok(written);
            }
            written.add(moved);
        }
        Err(Error::new(
            ErrorKind::SqlTransient,
            format!("link \"{}\" is too busy to be reconciled", self.spec.name),
        ))
    }

    /// Unites all rows. Where nothing says which of two rows is newer, the side that kept its history knows more.
    async fn unite_everything(&mut self, lost: Option<Side>) -> Result<Applied> {
        let source = Side::First;
        let from = self.standings().await?[source.other().index()].consumed.clone();
        let reading = self.begin_reading(source, &from).await?;
        let mut batch = Batch {
            spec: &self.spec,
            source,
            tables: &self.tables,
            touched: (0..self.tables.len()).collect(),
            truncated: Vec::new(),
            content: Content::Everything {
                range: Range::whole(),
                meter: &|_, _, _| (),
            },
            small: false,
            carried_on: Shared::default(),
            to: from.clone(),
            from,
            winner: None,
            without_versions: lost.map(|side| {
                if side == source {
                    Winner::Target
                } else {
                    Winner::Source
                }
            }),
            parked_at_source: reading.parked,
            quarantine: apply::Quarantine::default(),
            part: None,
            placed: 0,
        };
        let [reader, writer] = &mut self.peers;
        let mut machine = Machine::from_reading(source);
        let carried = apply::carry(&mut machine, &mut batch, reader, writer).await?;
        Ok(carried.applied)
    }
}
