//! Carrying one batch from its source into its target, as `ponte_sync::apply` plans it.
//!
//! The stage is written in [`sweep`], the short way, or in rounds; where the target refuses a row, [`rescue`] finds out which.

mod parents;
pub(crate) mod parked;
mod rescue;
mod retried;
mod sweep;

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::apply::{Direction, Local, Part, Reference, Stage, Winner, captured_meanwhile, fence};
use ponte_sync::batch::{self, Source, Wire};
use ponte_sync::chunk::Range;
use ponte_sync::forward::{self, Shipped};
use ponte_sync::link::{ApplyAs, LinkSpec, Side};
use ponte_sync::shape::ForeignKey;
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;
use tokio_postgres::types::ToSql;

use super::inspect::LinkedTable;
use super::peer::{Access, Peer, Plan};
use super::sharing::Shared;
use super::{approval, history, stream};
use crate::error::{Error, ErrorKind, Result};

use retried::Retried;
pub(crate) use retried::due;

/// How often a batch goes round while local writers keep changing the same rows, before it is given up and read anew.
const ROUNDS_MAX: u32 = 50;

/// Batches up to this many rows run on kept plans that go through the index of the user's table.
pub(crate) const SMALL_BATCH_ROWS_MAX: i64 = 500;

/// For a small batch the planner has no statistics of the stage worth having; a scan of the user's table is always wrong.
const SMALL_BATCH_PLANS: &str =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// What the planner may choose from where the number of rows is unknown.
const ANY_PLAN: &str =
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

/// What has been read from or written to a node must survive its crash: the other node counts on it.
pub(crate) const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';";

/// How often a batch goes round because triggers changed the rows that it wrote.
const TRIGGER_ROUNDS_MAX: u32 = 3;

/// What a batch did at its target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows inserted or updated.
    pub upserts: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Conflicts recorded.
    pub conflicts: u64,
    /// Rows that the target refused and that went into the quarantine.
    pub quarantined: u64,
}

impl Applied {
    /// Adds what another batch did.
    pub(crate) fn add(&mut self, other: Self) {
        self.upserts += other.upserts;
        self.deletes += other.deletes;
        self.conflicts += other.conflicts;
        self.quarantined += other.quarantined;
    }
}

/// What has to be known to apply a batch.
pub(crate) struct Batch<'a> {
    pub(crate) spec: &'a LinkSpec,
    pub(crate) source: Side,
    pub(crate) tables: &'a [LinkedTable],
    /// Which tables have anything to carry.
    pub(crate) touched: Vec<usize>,
    /// Which of them were truncated at the source.
    pub(crate) truncated: Vec<usize>,
    pub(crate) content: Content<'a>,
    pub(crate) small: bool,
    /// Which tables the target carries over other links too; known once the batch has begun.
    pub(crate) carried_on: Shared,
    /// The consumed snapshot the batch starts from, and the one it leads to.
    pub(crate) from: Snapshot,
    pub(crate) to: Snapshot,
    /// Who wins whatever the tables' rules say: at the first contact.
    pub(crate) winner: Option<Winner>,
    /// Who wins where the table has no version column, if that is somebody else.
    pub(crate) without_versions: Option<Winner>,
    /// Whether keys are parked at the source.
    pub(crate) parked_at_source: bool,
    /// Where its rows and keys stand in the quarantines of both nodes.
    pub(crate) quarantine: Quarantine,
    /// Which of the staged rows are written; all of them where nothing was refused.
    pub(crate) part: Option<Part>,
}

/// What a batch has to know of the quarantines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quarantine {
    /// Whether the source has one for this link: changes of these keys are not read.
    pub(crate) at_source: bool,
    /// Whether the target has one for this link.
    pub(crate) at_target: bool,
    /// The target's rows that are tried again with this batch.
    pub(crate) retried: Vec<Retried>,
}

impl Quarantine {
    /// How many rows are tried again.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.retried.len()).unwrap_or(i64::MAX)
    }

    /// Whether rows of this table of the target are tried again.
    pub(crate) fn retries(&self, table: &QualifiedName) -> bool {
        self.retried.iter().any(|r| r.table == *table)
    }
}

/// Is told, now and then, how many rows and bytes of the link's n-th table have gone by since it was told last.
pub(crate) type TableMeter<'a> = &'a (dyn Fn(usize, u64, u64) + Send + Sync);

/// Which rows a batch carries.
#[derive(Clone)]
pub(crate) enum Content<'a> {
    /// Those that changed; with what the source had consumed of the target.
    Changes {
        seen_by_source: Snapshot,
        /// Which tables the source carries over other links too.
        shared: Shared,
    },
    /// Those of the first that are there, for what refers to them.
    Present { seen_by_source: Snapshot },
    /// All of a range of keys: the first contact.
    Everything { range: Range, meter: TableMeter<'a> },
}

impl Batch<'_> {
    fn plan(&self) -> Plan {
        if self.small { Plan::Keep } else { Plan::Fresh }
    }

    fn local(&self) -> Local<'_> {
        match &self.content {
            Content::Changes { seen_by_source, .. } if self.quarantine.at_target => {
                Local::Held(seen_by_source)
            }
            Content::Changes { seen_by_source, .. } | Content::Present { seen_by_source } => {
                Local::Pending(seen_by_source)
            }
            Content::Everything { range, .. } => Local::All(range),
        }
    }

    fn direction(&self, target: &Peer) -> Direction<'_> {
        Direction {
            link: &self.spec.name,
            here: self.spec.node(self.source.other()),
            here_id: target.id(),
            there: self.spec.node(self.source),
        }
    }

    fn copy_out(&self, source: &Peer, position: usize) -> Sql {
        let table = &self.tables[position].sides[self.source.index()];
        let reader = self.reader(source);
        let wire = self.wire(position);
        match &self.content {
            Content::Changes { shared, .. } => {
                batch::copy_pending(reader, table, shared.shipped(table), &self.from, wire)
            }
            Content::Present { .. } => batch::copy_present(reader, table, Shipped::Others, &self.from, wire),
            Content::Everything { range, .. } => batch::copy_all(reader, table, range, wire),
        }
    }

    fn winner(&self, position: usize) -> Winner {
        let unversioned = self.target_side(position).version.is_none();
        let exception = self.without_versions.filter(|_| unversioned).or(self.winner);
        exception.unwrap_or_else(|| self.tables[position].conflict.seen_from(self.source))
    }

    fn reader(&self, source: &Peer) -> Source<'_> {
        Source {
            link: &self.spec.name,
            node_id: source.id(),
            parked: self.parked_at_source,
            holds_back: self.quarantine.at_source,
        }
    }

    /// The same batch, of which only a part is written.
    fn part(&self, touched: Vec<usize>, part: Part) -> Self {
        Self {
            touched,
            content: self.content.clone(),
            small: false,
            from: self.from.clone(),
            to: self.to.clone(),
            quarantine: Quarantine {
                retried: Vec::new(),
                ..self.quarantine
            },
            part: Some(part),
            truncated: self.truncated.clone(),
            carried_on: self.carried_on.clone(),
            ..*self
        }
    }

    /// What the source had seen of the target, where it had seen anything.
    fn seen_by_source(&self) -> Option<&Snapshot> {
        match &self.content {
            Content::Changes { seen_by_source, .. } | Content::Present { seen_by_source } => {
                Some(seen_by_source)
            }
            Content::Everything { .. } => None,
        }
    }

    fn wire(&self, position: usize) -> Wire {
        let sides = &self.tables[position].sides;
        Wire::between(&sides[0], &sides[1])
    }

    fn meter(&self, position: usize) -> impl Fn(u64, u64) + Send + Sync {
        move |rows, bytes| {
            if let Content::Everything { meter, .. } = &self.content {
                meter(position, rows, bytes);
            }
        }
    }

    pub(super) fn target_side(&self, position: usize) -> &TableSide {
        &self.tables[position].sides[self.source.other().index()]
    }

    /// The name of the link, where other links carry on what it brings for the n-th table.
    fn forwarded_from(&self, position: usize) -> Option<&str> {
        let table = &self.target_side(position).name;
        self.carried_on.contains(table).then_some(&*self.spec.name)
    }

    fn carries_on(&self) -> bool {
        self.touched.iter().any(|i| self.forwarded_from(*i).is_some())
    }

    /// The statement `write`, logging what it writes where other links carry it on.
    fn forwarded(&self, position: usize, write: Sql) -> Sql {
        match self.forwarded_from(position) {
            Some(link) => Stage::new(position).forwarded(self.target_side(position), link, &write),
            None => write,
        }
    }

    /// Foreign keys at the target that reference the n-th table from a table of the link; in replica mode from any table,
    /// because then nobody else looks.
    fn references_to(&self, position: usize) -> Vec<Reference<'_>> {
        let side = self.source.other().index();
        let parent = &self.target_side(position).name;
        let linked = |key: &ForeignKey| self.tables.iter().any(|t| t.sides[side].name == key.child_name());
        self.tables[position].shapes[side]
            .foreign_keys
            .iter()
            .filter(|key| {
                key.parent_name() == *parent && (self.spec.apply == ApplyAs::Replica || linked(key))
            })
            .map(|key| Reference {
                key,
                child: self.stage_of(&key.child_name()),
            })
            .collect()
    }

    /// A table that this batch changes, and its stage.
    fn stage_of(&self, name: &QualifiedName) -> Option<(&TableSide, Stage)> {
        let position = *self
            .touched
            .iter()
            .find(|i| self.target_side(**i).name == *name)?;
        Some((self.target_side(position), Stage::new(position)))
    }

    fn references_itself(&self, position: usize) -> bool {
        let name = &self.target_side(position).name;
        self.references_from(position)
            .any(|key| key.parent_name() == *name)
    }

    fn references_from(&self, position: usize) -> impl Iterator<Item = &ForeignKey> {
        let child = &self.target_side(position).name;
        let shape = &self.tables[position].shapes[self.source.other().index()];
        shape
            .foreign_keys
            .iter()
            .filter(move |key| key.child_name() == *child)
    }
}

/// What the target says as the fence is taken.
pub(crate) struct Begun {
    /// Which tables the target carries over other links too.
    pub(crate) carried_on: Shared,
    /// Whether keys are parked there.
    pub(crate) parked: bool,
}

/// Opens the target's transaction, takes the fence and keeps capture quiet in it.
pub(crate) async fn begin(
    target: &mut Peer,
    spec: &LinkSpec,
    from: &Snapshot,
    to: &Snapshot,
) -> Result<Begun> {
    let params: [&(dyn ToSql + Sync); 3] = [&spec.name, &from.as_str(), &to.as_str()];
    let taken = target
        .begin_with(
            Access::Write,
            &opening(spec),
            (&fence(), &params),
            "begin to apply a batch",
        )
        .await?;
    let Some(row) = taken.first() else {
        return Err(overtaken(spec, target));
    };
    Ok(Begun {
        carried_on: Shared::from_row(row, 0),
        parked: row.get(1),
    })
}

fn overtaken(spec: &LinkSpec, node: &Peer) -> Error {
    Error::new(
        ErrorKind::SyncOvertaken,
        format!(
            "another process applied to \"{}\" over link \"{}\" meanwhile",
            node.name(),
            spec.name
        ),
    )
}

/// Refuses a batch whose snapshot was taken while another batch of the link was being applied to the source. That one may have compared
/// rows before the changes that this one carries, and this one does not know of it: each side would believe that the other takes
/// its row. It needs a second process, or a COMMIT that a server gets to after its process was given up.
async fn refuse_overlap(batch: &Batch<'_>, source: &Peer) -> Result<()> {
    let Content::Changes { seen_by_source, .. } = &batch.content else {
        return Ok(());
    };
    let link = ponte_schema::Literal::new(batch.spec.name.as_str());
    let nobody_applies = Sql::render(
        "SELECT pg_try_advisory_xact_lock(1886350965, hashtext({link}))",
        &[("link", &link)],
    );
    // In this order: whoever had begun before has ended by now, and what it did is seen.
    let nobody_applied = Sql::render(
        "SELECT consumed::text = {seen} FROM ponte.progress WHERE link = {link}",
        &[("seen", seen_by_source), ("link", &link)],
    );
    if source.holds(&nobody_applies, "look for other processes").await?
        && source.holds(&nobody_applied, "look for other processes").await?
    {
        return Ok(());
    }
    Err(overtaken(batch.spec, source))
}

/// Opens the target's transaction. Capture stays quiet in it once the transaction is noted down as one that applies.
pub(crate) async fn open(target: &mut Peer, spec: &LinkSpec) -> Result<()> {
    target
        .begin(Access::Write, &opening(spec), "begin to apply a batch")
        .await
}

fn opening(spec: &LinkSpec) -> Sql {
    let mut sql = Sql::render(
        "SET LOCAL search_path TO DEFAULT; SET CONSTRAINTS ALL DEFERRED; \
         SELECT set_config('ponte.applying', {link}, true), pg_advisory_xact_lock_shared(1886350965, hashtext({link})); {durable}",
        &[
            ("link", &ponte_schema::Literal::new(spec.name.as_str())),
            ("durable", &Sql::text(DURABLE)),
        ],
    );
    if spec.apply == ApplyAs::Replica {
        sql.push(&Sql::text("SET LOCAL session_replication_role = replica;"));
    }
    sql
}

/// Carries a batch over and commits it. The source's reading transaction is open when this is called.
///
/// # Errors
/// `sync.overtaken` where another process was faster, `sync.blocked` where too many rows are refused, and whatever
/// the servers report. The caller rolls back.
pub(crate) async fn run(batch: &mut Batch<'_>, source: &mut Peer, target: &mut Peer) -> Result<Applied> {
    let applied = carry(batch, source, target).await?;
    target.commit("commit a batch").await?;
    keep_stages(batch, target);
    Ok(applied)
}

/// Reads the batch and applies it. The source's transaction is ended as soon as the last byte is out; the target's is begun here
/// and left open.
async fn carry(batch: &mut Batch<'_>, source: &mut Peer, target: &mut Peer) -> Result<Applied> {
    let begun = begin(target, batch.spec, &batch.from, &batch.to).await?;
    batch.carried_on = begun.carried_on;
    let batch = &*batch;
    let staged = fill_stages(batch, source, target, begun.parked).await?;
    if batch.quarantine.at_target {
        retried::note(batch, target).await?;
    }
    source.commit("end reading").await?;
    approval::check(batch, target).await?;
    let offer = async {
        history::offer(source, &batch.spec.name, &batch.to).await?;
        refuse_overlap(batch, source).await
    };
    let (offered, applied) = tokio::join!(offer, write(batch, target, staged));
    offered?;
    applied
}

/// Reads the batch and applies it inside transactions that are the caller's on both sides; answers also how many rows were staged.
pub(crate) async fn carry_within(
    batch: &Batch<'_>,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<(Applied, u64)> {
    // An earlier attempt may have parked keys where the rule is to do so.
    let parked = batch.touched.iter().any(|i| batch.winner(*i) == Winner::Nobody);
    let staged = fill_stages(batch, source, target, parked).await?;
    Ok((write(batch, target, staged).await?, staged))
}

/// Fills all stages, and takes out again what is parked at the target; answers how many rows are left.
async fn fill_stages(batch: &Batch<'_>, source: &mut Peer, target: &mut Peer, parked: bool) -> Result<u64> {
    let mut staged = 0;
    for &position in &batch.touched {
        staged += fill_stage(batch, position, source, target).await?;
        if parked {
            staged -= parked::hold(batch, position, target).await?;
        }
    }
    Ok(staged)
}

/// Makes sure that what was read survives a crash of the source. A transaction that ended without a flush (rolled back, or
/// committed with `synchronous_commit = off`) is part of the snapshot that was taken; if it were lost, its number would be
/// given out again, and the change that gets it would count as consumed.
pub(crate) async fn harden(source: &Peer) -> Result<()> {
    let sql = Sql::render(
        "{durable} \
         SELECT CASE WHEN pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn() THEN pg_logical_emit_message(true, 'ponte', '') END",
        &[("durable", &Sql::text(DURABLE))],
    );
    source.alone(&sql, "flush what was read").await
}

/// Brings what is staged into the tables.
async fn write(batch: &Batch<'_>, target: &mut Peer, staged: u64) -> Result<Applied> {
    let mut applied = Applied::default();
    if batch.touched.is_empty() {
        // Nothing but what the link does not ship: only progress moves on.
        finish(batch, target, applied).await?;
        return Ok(applied);
    }
    if sweep::fits(batch) {
        applied = sweep::sweep(batch, target).await?;
        if applied.upserts + applied.deletes == staged && !changed_by_triggers(batch, target).await? {
            finish(batch, target, applied).await?;
            return Ok(applied);
        }
    }
    prepare_rounds(batch, target).await?;
    let swept = applied;
    if let Err(error) = in_rounds(batch, target, &mut applied).await {
        let Some(refusal) = rescue::Refusal::of(&error) else {
            return Err(error);
        };
        tracing::debug!(
            link = batch.spec.name,
            sqlstate = refusal.sqlstate,
            "a row was refused, looking for it"
        );
        applied = swept;
        rescue::rescue(batch, target, &mut applied).await?;
    }
    finish(batch, target, applied).await?;
    Ok(applied)
}

/// Goes round until everything is written, and has the server check what it would check at the commit.
async fn in_rounds(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<()> {
    let mut trigger_rounds = 0;
    for _ in 0..ROUNDS_MAX {
        let planned = plan_round(batch, target, applied).await?;
        let written = write_round(batch, target, applied).await?;
        if written == planned {
            if planned == 0 || !changed_by_triggers(batch, target).await? {
                return check_deferred(batch, target).await;
            }
            trigger_rounds += 1;
            if trigger_rounds > TRIGGER_ROUNDS_MAX {
                return Err(rewritten(batch, target));
            }
        }
        for &position in &batch.touched {
            let clear = Stage::new(position).clear_plan();
            target.touched(&clear, batch.plan(), "plan another round").await?;
        }
    }
    Err(Error::new(
        ErrorKind::SqlTransient,
        format!(
            "rows kept changing on \"{}\" while a batch was applied",
            target.name()
        ),
    ))
}

/// What is refused at the commit cannot be told apart any more, so nothing is left to it.
async fn check_deferred(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    let sql = Sql::text("SET CONSTRAINTS ALL IMMEDIATE");
    target.script(&sql, "check what was deferred").await?;
    if batch.spec.apply == ApplyAs::Replica {
        parents::refuse_orphans(batch, target).await?;
    }
    Ok(())
}

/// Whether triggers or cascades wrote to a table of the batch on account of what was written.
async fn changed_by_triggers(batch: &Batch<'_>, target: &Peer) -> Result<bool> {
    if batch.spec.apply == ApplyAs::Replica {
        return Ok(false);
    }
    let tables: Vec<&TableSide> = batch.touched.iter().map(|i| batch.target_side(*i)).collect();
    let sql = captured_meanwhile(&tables);
    target.holds(&sql, "look for changes by triggers").await
}

fn rewritten(batch: &Batch<'_>, target: &Peer) -> Error {
    Error::new(
        ErrorKind::SyncTriggers,
        format!(
            "a trigger on \"{}\" changes the rows that a batch of link \"{}\" has just written, every time",
            target.name(),
            batch.spec.name
        ),
    )
    .hint("give that trigger the condition WHEN (coalesce(current_setting('ponte.applying', true), '') = '')")
}

/// Gives the planner what it needs to know for the rounds.
async fn prepare_rounds(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    let mut sql = Sql::text("SAVEPOINT rows; SET CONSTRAINTS ALL DEFERRED; ");
    sql.push(&Sql::text(if batch.small { SMALL_BATCH_PLANS } else { ANY_PLAN }));
    target.script(&sql, "choose plans").await?;
    if batch.small {
        return Ok(());
    }
    analyze_stages(batch, target).await
}

async fn analyze_stages(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        let analyze = Stage::new(position).analyze_stage();
        target.script(&analyze, "analyze the stage").await?;
    }
    Ok(())
}

/// Copies one table's part of the batch into its stage; answers how many rows that are.
pub(super) async fn fill_stage(
    batch: &Batch<'_>,
    position: usize,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<u64> {
    let table = batch.target_side(position);
    let stage = Stage::new(position);
    // Large batches bring their own stage: the plans kept for small ones must not see theirs grow.
    if !target.has_stage(position) {
        target
            .script(&stage.create(table, target.stage_life()), "create the stage")
            .await?;
    }
    let copy_in = stage.copy_in(table, batch.wire(position));
    let meter = batch.meter(position);
    let mut staged = stream::copy(
        source,
        &batch.copy_out(source, position),
        target,
        &copy_in,
        &meter,
    )
    .await?;
    if let Some(copy_out) = retried::copy_out(batch, source, position) {
        staged += stream::copy(source, &copy_out, target, &copy_in, &meter).await?;
    }
    if table.version.is_none() {
        target
            .touched(&stage.newest_version(), Plan::Fresh, "push the clock")
            .await?;
    }
    Ok(staged)
}

/// Pins and resolves; answers how many rows are to be written.
async fn plan_round(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<u64> {
    let mut planned = pin(batch, target).await?;
    if planned == 0 {
        return Ok(0);
    }
    let direction = batch.direction(target);
    let mut resolved = false;
    for &position in &batch.touched {
        let stage = Stage::new(position);
        let any_local = stage.any_local(batch.target_side(position), direction, batch.local());
        if target.holds(&any_local, "look for local changes").await? {
            resolved = true;
            applied.conflicts += resolve(batch, target, position, direction).await?;
        }
    }
    if resolved {
        planned = count_planned(batch, target).await?;
    }
    if !batch.small {
        for &position in &batch.touched {
            let analyze = Stage::new(position).analyze_plan();
            target.script(&analyze, "analyze the plan").await?;
        }
    }
    Ok(planned)
}

/// Compares the staged rows with the ones that are there; answers how many differ.
async fn pin(batch: &Batch<'_>, target: &mut Peer) -> Result<u64> {
    let mut planned = 0;
    for &position in &batch.touched {
        let (stage, table) = (Stage::new(position), batch.target_side(position));
        let pin = match batch.part {
            None => stage.pin(table),
            Some(part) => stage.pin_part(table, part),
        };
        planned += target.touched(&pin, batch.plan(), "compare rows").await?;
    }
    Ok(planned)
}

/// Decides the conflicts of one table; answers how many there were.
async fn resolve(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    direction: Direction<'_>,
) -> Result<u64> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    target.script(&Sql::text(ANY_PLAN), "choose plans").await?;
    let lock = stage.lock(table, direction, batch.local());
    target.value(&lock, "hold rows in conflict").await?;
    let resolve = stage.resolve(table, direction, batch.local(), batch.winner(position));
    let found = target.value(&resolve, "resolve conflicts").await?;
    if batch.small {
        let plans = Sql::text(SMALL_BATCH_PLANS);
        target.script(&plans, "choose plans").await?;
    }
    Ok(count(found))
}

async fn count_planned(batch: &Batch<'_>, target: &mut Peer) -> Result<u64> {
    let mut planned = 0;
    for &position in &batch.touched {
        let count_plan = Stage::new(position).count_plan();
        planned += count(target.value(&count_plan, "count planned rows").await?);
    }
    Ok(planned)
}

/// A number that the server printed.
fn count(printed: Option<String>) -> u64 {
    printed.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Writes what is planned: first the deletes that nothing references, children before parents, so that unique values are free;
/// then parents before children; last the parents whose references have moved away by then.
async fn write_round(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<u64> {
    let before = applied.upserts + applied.deletes;
    for &position in batch.touched.iter().rev() {
        let references = batch.references_to(position);
        let (stage, table) = (Stage::new(position), batch.target_side(position));
        if !references.is_empty() {
            let hold = stage.hold_deletes(table);
            target.value(&hold, "hold rows to be deleted").await?;
        }
        let delete = batch.forwarded(position, stage.delete(table, &references));
        applied.deletes += target.touched(&delete, batch.plan(), "delete rows").await?;
    }
    for &position in &batch.touched {
        if batch.part.is_some() {
            let vacate = Stage::new(position).vacate(batch.target_side(position));
            target.script(&vacate, "make way for unique values").await?;
        }
        applied.upserts += upsert(batch, position, target).await?;
    }
    for &position in batch.touched.iter().rev() {
        parents::delete_referenced(batch, position, target, applied).await?;
    }
    Ok(applied.upserts + applied.deletes - before)
}

async fn upsert(batch: &Batch<'_>, position: usize, target: &mut Peer) -> Result<u64> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    if batch.references_itself(position) {
        let written = target
            .value(
                &stage.upsert(table, batch.forwarded_from(position)),
                "update and insert rows",
            )
            .await?;
        return Ok(count(written));
    }
    let mut written = 0;
    if let Some(update) = stage.update(table) {
        let update = batch.forwarded(position, update);
        written += target.touched(&update, batch.plan(), "update rows").await?;
    }
    let insert = batch.forwarded(position, stage.insert(table));
    Ok(written + target.touched(&insert, batch.plan(), "insert rows").await?)
}

async fn finish(batch: &Batch<'_>, target: &mut Peer, applied: Applied) -> Result<()> {
    for &position in &batch.touched {
        let send_back = Stage::new(position).send_back(batch.target_side(position), batch.direction(target));
        if let Some(sql) = send_back {
            target
                .touched(&sql, batch.plan(), "send back what arrived")
                .await?;
        }
    }
    if batch.quarantine.at_target {
        retried::forget_accepted(batch, target).await?;
    }
    if let Content::Everything { range, .. } = &batch.content {
        for &position in &batch.touched {
            let sql = Stage::new(position).announce(batch.target_side(position), &batch.spec.name, range);
            target
                .touched(&sql, Plan::Fresh, "mark rows that only this node has")
                .await?;
        }
    }
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let row = target
        .row(
            &ponte_sync::apply::finish(),
            &[
                &batch.spec.name,
                &count(applied.upserts),
                &count(applied.deletes),
                &count(applied.conflicts),
            ],
            "record progress",
        )
        .await?;
    // Another link may have been made while rows were written; it counts on finding them in the changelog.
    if Shared::from_row(&row, 0) != batch.carried_on {
        return Err(links_changed(target));
    }
    if batch.carries_on() {
        target.script(&forward::wake(), "wake other links").await?;
    }
    Ok(())
}

/// What is under way was begun without knowing of a link that was made meanwhile.
pub(crate) fn links_changed(target: &Peer) -> Error {
    Error::new(
        ErrorKind::SqlTransient,
        format!(
            "the links of \"{}\" changed while a batch was applied",
            target.name()
        ),
    )
}

/// Remembers that the stages survived their first commit, so that the next batch on this session reuses them.
pub(crate) fn keep_stages(batch: &Batch<'_>, target: &mut Peer) {
    for &position in &batch.touched {
        target.keep_stage(position);
    }
}
