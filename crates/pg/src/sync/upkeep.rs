//! What a link tidies up now and then, between two passes: changelogs go on to their next part and give up parts that have arrived
//! everywhere, decided conflicts and finished bookkeeping expire, versions from the future are counted.
//!
//! Every step is one short transaction that is whole or has not happened, so it does not matter where a process dies. Two processes keep out
//! of each other's way by an advisory lock that each of them only tries; who does not get it leaves the work to the other one.
//! Where there is nothing to do, nothing is written.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::expiry;
use ponte_sync::link::Side;
use ponte_sync::rotation::{self, LogPart, Pace};
use ponte_sync::table::TableSide;
use tokio_postgres::Row;

use super::keeping;
use super::masks;
use super::pass::LiveLink;
use super::peer::{Access, Peer};
use crate::error::{Error, Result};

/// Everybody who writes a change behind us waits as long, so it is short; what cannot be had now is tried the next time.
const SETTINGS: &str = "SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '1min';";

/// The lock of an installation: no link may come to be while we decide that all links have an entry.
const ALONE: &str = "SELECT pg_try_advisory_xact_lock(1886350964, 2)";

/// How many portions of conflicts are forgotten at a visit.
const PORTIONS_MAX: u32 = 20;

/// What a visit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tended {
    /// Changelogs that went on to their next part.
    pub turns: u64,
    /// Bytes of changelogs that were given back.
    pub bytes: u64,
    /// Parts that somebody's transaction keeps from being emptied.
    pub held: u64,
    /// Conflicts that were forgotten.
    pub conflicts: u64,
    /// Where changes were looked at whose version was cut back: node, table, how many so far.
    pub future: Vec<(String, QualifiedName, i64)>,
}

/// A changelog as it was looked at.
struct Looked {
    parts: Vec<LogPart>,
    retention_seconds: f64,
}

impl LiveLink {
    /// Tidies up on both sides.
    ///
    /// # Errors
    /// What a server reports; nothing is left half done.
    pub async fn tend(&mut self, pace: Pace) -> Result<Tended> {
        let mut tended = Tended::default();
        for side in Side::BOTH {
            let outcome = self.tend_side(side, pace, &mut tended).await;
            if outcome.is_err() {
                self.peers[side.index()].roll_back().await;
            }
            outcome?;
        }
        self.know_parts().await?;
        Ok(tended)
    }

    async fn tend_side(&mut self, side: Side, pace: Pace, tended: &mut Tended) -> Result<()> {
        self.ask_retention(side).await?;
        self.count_future(side, tended).await?;
        let spec = &self.spec;
        let peer = &mut self.peers[side.index()];
        let sides: Vec<&TableSide> = self.tables.iter().map(|t| &t.sides[side.index()]).collect();
        let looked = look(peer, &sides).await?;
        for (linked, looked) in self.tables.iter().zip(looked) {
            let table = &linked.sides[side.index()];
            give_up(peer, table, &looked, tended).await?;
            if rotation::next_turn(&looked.parts, looked.retention_seconds, pace).is_none() {
                continue;
            }
            let Some(captured) = masks::as_captured(&spec.name, side, peer, linked).await? else {
                continue;
            };
            if !keeping::agrees(peer, &captured).await? {
                continue;
            }
            if turn(peer, &captured, spec.max_future_seconds, pace).await? {
                tended.turns += 1;
                let again = look(peer, &[table]).await?;
                for looked in &again {
                    give_up(peer, table, looked, tended).await?;
                }
            }
        }
        self.expire(side, tended).await
    }

    /// Reads into which parts the sync's own notes go best.
    pub(super) async fn know_parts(&mut self) -> Result<()> {
        let sql = Sql::text("SELECT table_schema, table_name, part FROM ponte.changelog_part WHERE filling");
        let [first, second] = &self.peers;
        let what = "read the parts of changelogs";
        let (first, second) = tokio::try_join!(
            first.fresh_rows(&sql, &[], what),
            second.fresh_rows(&sql, &[], what)
        )?;
        for (side, rows) in Side::BOTH.into_iter().zip([first, second]) {
            for table in &mut self.tables {
                let table = &mut table.sides[side.index()];
                let own = |row: &&Row| {
                    (row.get(0), row.get(1)) == (table.name.schema.as_str(), table.name.name.as_str())
                };
                table.part = rows.iter().find(own).map_or(0, |row| row.get(2));
            }
        }
        Ok(())
    }

    /// Notes what the configuration asks for, so that links of other processes know it.
    async fn ask_retention(&mut self, side: Side) -> Result<()> {
        let tables = &self.spec.tables;
        let schemas: Vec<&str> = tables.iter().map(|t| t.name(side).schema.as_str()).collect();
        let names: Vec<&str> = tables.iter().map(|t| t.name(side).name.as_str()).collect();
        let link = self.spec.retention.changelog_seconds;
        let seconds: Vec<i64> = tables
            .iter()
            .map(|t| t.retention_seconds.unwrap_or(link))
            .collect();
        self.peers[side.index()]
            .rows(
                &expiry::retention(),
                &[&self.spec.name, &schemas, &names, &seconds],
                "note the retention",
            )
            .await
            .map(drop)
    }

    async fn count_future(&mut self, side: Side, tended: &mut Tended) -> Result<()> {
        let peer = &mut self.peers[side.index()];
        for table in self.tables.iter().map(|t| &t.sides[side.index()]) {
            let Some(sql) = expiry::future_versions(table, self.spec.max_future_seconds) else {
                continue;
            };
            let rows = peer
                .fresh_rows(&sql, &[], "count versions from the future")
                .await?;
            let found = rows.first().map_or(0, |row| row.get::<_, i64>(0));
            if found > 0 {
                tended
                    .future
                    .push((peer.name().to_owned(), table.name.clone(), found));
            }
        }
        Ok(())
    }

    async fn expire(&mut self, side: Side, tended: &mut Tended) -> Result<()> {
        let peer = &mut self.peers[side.index()];
        peer.alone(&expiry::finished(&self.spec.name), "forget what is finished")
            .await?;
        let Some(seconds) = self.spec.retention.conflicts_seconds else {
            return Ok(());
        };
        let seconds = seconds as f64;
        for _ in 0..PORTIONS_MAX {
            let sql = expiry::conflicts();
            let gone = peer
                .changed(&sql, &[&self.spec.name, &seconds], "forget decided conflicts")
                .await?;
            tended.conflicts += gone;
            if gone < expiry::CONFLICTS_AT_A_TIME {
                break;
            }
        }
        Ok(())
    }
}

/// The part of a changelog that capture fills; `None` where it has no parts yet. Inside the caller's transaction.
pub(super) async fn filled_part(peer: &mut Peer, table: &QualifiedName) -> Result<Option<i16>> {
    let sql = Sql::text(
        "SELECT part FROM ponte.changelog_part WHERE table_schema = $1 AND table_name = $2 AND filling",
    );
    let names = [table.schema.as_str(), table.name.as_str()];
    let rows = peer
        .rows(&sql, &[&names[0], &names[1]], "read the parts of changelogs")
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

async fn look(peer: &mut Peer, tables: &[&TableSide]) -> Result<Vec<Looked>> {
    let rows = peer
        .fresh_rows(&rotation::look(tables), &[], "look at the changelogs")
        .await?;
    Ok((0_i64..)
        .zip(tables)
        .map(|(position, _)| {
            let own = || rows.iter().filter(|row| row.get::<_, i64>(0) == position);
            let retention = own().find_map(|row| row.get::<_, Option<i64>>(5));
            Looked {
                parts: own().map(log_part).collect(),
                retention_seconds: retention.unwrap_or(rotation::RETENTION_SECONDS_DEFAULT) as f64,
            }
        })
        .collect())
}

fn log_part(row: &Row) -> LogPart {
    LogPart {
        number: row.get(1),
        filling: row.get(2),
        bytes: row.get(3),
        seconds: row.get(4),
    }
}

/// Lets capture fill the next part, if it is still its turn once nobody else can decide that.
async fn turn(peer: &mut Peer, table: &TableSide, max_future_seconds: i64, pace: Pace) -> Result<bool> {
    let Some(looked) = begin(peer, table).await? else {
        return Ok(false);
    };
    let Some(to) = rotation::next_turn(&looked.parts, looked.retention_seconds, pace) else {
        peer.roll_back().await;
        return Ok(false);
    };
    let what = format!("go on to the next part of the changelog of {}", table.name);
    let sql = rotation::move_on(table, max_future_seconds, to);
    peer.script(&sql, &what).await?;
    peer.commit(&what).await?;
    Ok(true)
}

/// Empties the parts whose time has come, as far as everybody has what is in them.
async fn give_up(peer: &mut Peer, table: &TableSide, looked: &Looked, tended: &mut Tended) -> Result<()> {
    let due = |part: &&LogPart| rotation::is_due(part, looked.retention_seconds);
    for part in looked.parts.iter().filter(due) {
        match empty(peer, table, part.number).await {
            Ok(bytes) => tended.bytes += u64::try_from(bytes).unwrap_or(0),
            Err(error) if is_locked(&error) => tended.held += 1,
            Err(error) => return Err(error),
        }
        peer.roll_back_if_open().await;
    }
    Ok(())
}

/// Empties one part; answers how many bytes that gave back, 0 where it has to wait.
async fn empty(peer: &mut Peer, table: &TableSide, number: i16) -> Result<i64> {
    let Some(looked) = begin(peer, table).await? else {
        return Ok(0);
    };
    let due = |part: &&LogPart| part.number == number && rotation::is_due(part, looked.retention_seconds);
    let filled = looked.parts.iter().find(|p| p.filling);
    let (Some(part), Some(filled)) = (looked.parts.iter().find(due), filled) else {
        return Ok(0);
    };
    let what = format!("empty a part of the changelog of {}", table.name);
    let awaited = rotation::awaited(table, number);
    // Without the lock first: nobody has to wait for an answer that is no.
    if peer.holds(&awaited, &what).await? {
        return Ok(0);
    }
    peer.script(&rotation::hold(table, number), &what).await?;
    if peer.holds(&awaited, &what).await? {
        return Ok(0);
    }
    peer.script(&rotation::empty(table, number, filled.number), &what)
        .await?;
    peer.commit(&what).await?;
    Ok(part.bytes)
}

/// Begins a transaction in which nobody else installs a link or rotates; `None` where somebody else does.
async fn begin(peer: &mut Peer, table: &TableSide) -> Result<Option<Looked>> {
    peer.begin(Access::Write, &Sql::text(SETTINGS), "begin to rotate")
        .await?;
    if !peer.holds(&Sql::text(ALONE), "begin to rotate").await? {
        peer.roll_back().await;
        return Ok(None);
    }
    Ok(look(peer, &[table]).await?.pop())
}

fn is_locked(error: &Error) -> bool {
    let code = error.server().map(tokio_postgres::error::DbError::code);
    code == Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE)
}
