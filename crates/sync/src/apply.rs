//! The statements that bring a batch into its target, in the order in which they run there.
//!
//! One READ COMMITTED transaction: take the fence, fill the stage, then rounds of *pin* (compare, and remember which version
//! of each row was compared), *resolve* (a later statement, so that it sees every change that committed before the pin) and
//! *write* (only rows that still are the pinned version). Rows that were changed in between are fewer written than planned,
//! and go round again, where the change has become a conflict like any other.

mod added;
mod ask;
mod decide;
mod deletes;
mod kept;
mod merge;
mod noted;
mod rescue;
mod sweep;

pub use deletes::count_rows;

use ponte_schema::{Ident, Literal, QualifiedName, Sql};
use uuid::Uuid;

use crate::chunk::Range;
use crate::forward;
use crate::shape::ForeignKey;
use crate::snapshot::Snapshot;
use crate::table::{TableSide, equal, listed, member, qualified, renamed};

pub use kept::{OUTSIDE, back_inside};
pub use merge::ADDED_UP;
pub use noted::Operation;
pub use rescue::{Part, Reason, discard};
pub use sweep::Sweep;
pub(crate) use sweep::{assignments, differs, overriding};

/// Who takes part in a direction, from the target's point of view.
#[derive(Debug, Clone, Copy)]
pub struct Direction<'a> {
    /// The link.
    pub link: &'a str,
    /// The target's name.
    pub here: &'a str,
    /// The target's `ponte.node` id.
    pub here_id: Uuid,
    /// The source's name.
    pub there: &'a str,
}

/// Who wins a conflict. A pure function of the two versions and the link, so that both nodes come to the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The newer version.
    Latest,
    /// The source of this direction.
    Source,
    /// The target of this direction.
    Target,
    /// Nobody: the key is parked, and neither row is written.
    Nobody,
    /// Each column the side that changed it, where there are two updates; otherwise the newer version.
    Columns,
    /// The one that a function of the user's names, or neither.
    Function,
}

/// Which of the target's rows count as changed by it and unknown to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local<'a> {
    /// Those whose log row is not visible in what the source had consumed.
    Pending(&'a Snapshot),
    /// The same, and of the keys that are tried from the quarantine also those that were held back meanwhile.
    Held(&'a Snapshot),
    /// All rows of a range: the first contact.
    All(&'a Range),
}

/// A foreign key that points at a table of which rows are to be deleted.
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    /// The foreign key.
    pub key: &'a ForeignKey,
    /// The referencing table and its stage, where the same batch carries changes of it.
    pub child: Option<(&'a TableSide, Stage)>,
}

/// What more is read about a local change than that there is one.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// About one that stands in the changelog.
    logged: Sql,
    /// About a row outside the filter, of which nothing stands there.
    elsewhere: Sql,
}

/// How long a stage is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageLife {
    /// As long as the connection, emptied at each commit: frequent small batches then leave the catalog alone.
    Connection,
    /// Until the commit, because behind a pooler the next transaction is on another session.
    Transaction,
}

impl StageLife {
    fn end(self) -> Sql {
        Sql::text(match self {
            Self::Connection => "DELETE ROWS",
            Self::Transaction => "DROP",
        })
    }
}

impl Reference<'_> {
    /// Whether a row `r` of the referencing table is none that the same batch is about to delete.
    fn stays(&self) -> Sql {
        match &self.child {
            None => Sql::text("true"),
            Some((child, stage)) => Sql::render(
                "NOT EXISTS (SELECT FROM {child_plan} c WHERE NOT c.present AND {matches} AND r.xmin = c.seen)",
                &[
                    ("child_plan", &stage.plan),
                    ("matches", &child.matches_staged_key("r", "c")),
                ],
            ),
        }
    }
}

/// The tables that a batch for `table` lands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    stage: QualifiedName,
    plan: QualifiedName,
}

impl Stage {
    /// The stage of the link's n-th table.
    pub fn new(position: usize) -> Self {
        let name = |kind: &str| QualifiedName::new("pg_temp", format!("ponte_{kind}_{position}"));
        Self {
            stage: name("stage"),
            plan: name("plan"),
        }
    }

    /// The stage itself.
    pub(crate) fn name(&self) -> &QualifiedName {
        &self.stage
    }

    /// Creates both tables.
    pub fn create(&self, table: &TableSide, life: StageLife) -> Sql {
        let mut noted = Sql::text(if table.mask.is_some() { merge::STAGED } else { "" });
        noted.push(&Sql::text(if table.decider.is_some() { ask::STAGED } else { "" }));
        Sql::render(
            include_str!("apply/stage.sql"),
            &[
                ("noted", &noted),
                ("stage", &self.stage),
                ("plan", &self.plan),
                ("end", &life.end()),
                ("table", &table.name),
                ("row", &table.stage_row("t")),
                ("keys", &renamed("t", &table.key, &table.staged_key())),
            ],
        )
    }

    /// Drops both tables, and the notes beside them, where they are there.
    pub fn forget(&self) -> Sql {
        Sql::render(
            "DROP TABLE IF EXISTS {stage}, {plan}; {notes}",
            &[
                ("stage", &self.stage),
                ("plan", &self.plan),
                ("notes", &self.forget_notes()),
            ],
        )
    }

    /// COPY into the stage, in the form that [`crate::batch`] ships.
    pub fn copy_in(&self, table: &TableSide, wire: crate::batch::Wire) -> Sql {
        let mut columns = table.all_staged();
        columns.extend(table.staged_originals());
        if table.mask.is_some() {
            columns.push(Ident::new("changed"));
        }
        Sql::render(
            "COPY {stage} (present, version_at, changed_at, node, inserted, {columns}) FROM STDIN (FORMAT {format})",
            &[
                ("stage", &self.stage),
                ("columns", &listed(&columns)),
                ("format", &wire.sql()),
            ],
        )
    }

    /// Tells the planner what arrived.
    pub fn analyze_stage(&self) -> Sql {
        Sql::render("ANALYZE {stage}", &[("stage", &self.stage)])
    }

    /// Tells the planner what is planned.
    pub fn analyze_plan(&self) -> Sql {
        Sql::render("ANALYZE {plan}", &[("plan", &self.plan)])
    }

    /// Forgets the plan before another round.
    pub fn clear_plan(&self) -> Sql {
        Sql::render("DELETE FROM {plan}", &[("plan", &self.plan)])
    }

    /// How many rows are planned to be written.
    pub fn count_plan(&self) -> Sql {
        Sql::render("SELECT count(*) FROM {plan}", &[("plan", &self.plan)])
    }

    /// Fills the plan.
    pub fn pin(&self, table: &TableSide) -> Sql {
        let mut sql = self.mark_outside(table);
        sql.push(&Sql::render(
            include_str!("apply/pin.sql"),
            &[
                ("stage", &self.stage),
                ("plan", &self.plan),
                ("table", &table.name),
                ("keys", &listed(&table.staged_key())),
                ("staged_keys", &qualified("s", &table.staged_key())),
                ("matches", &table.matches_staged_key("t", "s")),
                ("differs", &kept::differs(table)),
                ("inside", &table.inside("t")),
            ],
        ));
        sql
    }

    /// Holds the rows that are planned to be deleted, so that no new reference to them can appear.
    pub fn hold_deletes(&self, table: &TableSide) -> Sql {
        Sql::render(
            include_str!("apply/hold_deletes.sql"),
            &[
                ("table", &table.name),
                ("plan", &self.plan),
                ("matches", &table.matches_staged_key("t", "p")),
                ("plan_keys", &qualified("p", &table.staged_key())),
            ],
        )
    }

    /// Deletes planned rows. With `references`, only those that no row of these tables points at.
    pub fn delete(&self, table: &TableSide, references: &[Reference<'_>]) -> Sql {
        let mut sql = Sql::render(
            include_str!("apply/delete.sql"),
            &[
                ("table", &table.name),
                ("plan", &self.plan),
                ("matches", &table.matches_staged_key("t", "p")),
            ],
        );
        for reference in references {
            sql.push(&Sql::render(
                "  AND NOT EXISTS (SELECT FROM {child} r WHERE {references})\n",
                &[
                    ("child", &reference.key.child_name()),
                    ("references", &references_row("r", reference.key, "t")),
                ],
            ));
        }
        sql
    }

    /// Holds the parents of the rows that arrived, as the server's own check of a foreign key would.
    pub fn hold_parents(&self, table: &TableSide, key: &ForeignKey, part: Option<Part>) -> Sql {
        self.about_parents(include_str!("apply/hold_parents.sql"), table, key, part)
    }

    /// Whether rows that arrived point at parents that do not exist.
    pub fn orphans(&self, table: &TableSide, key: &ForeignKey, part: Option<Part>) -> Sql {
        self.about_parents(include_str!("apply/orphans.sql"), table, key, part)
    }

    fn about_parents(
        &self,
        template: &'static str,
        table: &TableSide,
        key: &ForeignKey,
        part: Option<Part>,
    ) -> Sql {
        let child_columns = idents(&key.child_columns);
        let not_null = rescue::all_filled("t", &child_columns);
        Sql::render(
            template,
            &[
                ("stage", &self.stage),
                ("table", &table.name),
                ("parent", &key.parent_name()),
                ("matches", &table.matches_staged_key("t", "s")),
                ("not_null", &not_null),
                ("part", &part.map(Part::condition).unwrap_or_default()),
                (
                    "references",
                    &equal("t", &child_columns, "r", &idents(&key.parent_columns)),
                ),
            ],
        )
    }

    /// Updates planned rows; `None` for a table that is nothing but its key.
    pub fn update(&self, table: &TableSide) -> Option<Sql> {
        let updated = table.updated_columns();
        if updated.is_empty() {
            return None;
        }
        Some(Sql::render(
            include_str!("apply/update.sql"),
            &[
                ("table", &table.name),
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("assignments", &assignments(table)),
                ("matches", &table.matches_staged_key("t", "p")),
            ],
        ))
    }

    /// Updates and inserts in one statement, for a table that references itself: an old row may then point at a new one and
    /// a new one may take over a unique value of an old one. Answers how many rows it wrote.
    /// With `forwarded_from`, the name of the link, logs them too; with `noted`, notes them.
    pub fn upsert(&self, table: &TableSide, forwarded_from: Option<&str>, noted: bool) -> Sql {
        let returned = if noted || forwarded_from.is_some() {
            forward::returned(table)
        } else {
            Sql::text("1")
        };
        let update = self.update(table);
        let logged = |written| {
            let mut sql = self.log_in(table, forwarded_from, written);
            if noted {
                sql.push(&self.noted_in(table, update.is_some()));
            }
            sql
        };
        let Some(update) = &update else {
            return Sql::render(
                "WITH added AS (\n{insert}RETURNING {returned}){logged}\nSELECT count(*) FROM added",
                &[
                    ("insert", &self.insert(table)),
                    ("returned", &returned),
                    ("logged", &logged("added")),
                ],
            );
        };
        let both = "(SELECT * FROM updated UNION ALL SELECT * FROM added)";
        Sql::render(
            include_str!("apply/upsert.sql"),
            &[
                ("update", update),
                (
                    "insert",
                    &self.insert_where(table, &Sql::text(" AND (SELECT count(*) FROM updated) >= 0")),
                ),
                ("returned", &returned),
                ("logged", &logged(both)),
            ],
        )
    }

    fn log_in(&self, table: &TableSide, forwarded_from: Option<&str>, written: &'static str) -> Sql {
        let Some(link) = forwarded_from else {
            return Sql::default();
        };
        let log = forward::log(table, link, &Sql::text(written), &self.stage);
        Sql::render(", logged AS (\n{log})", &[("log", &log)])
    }

    /// The statement `write`, which writes rows of the table under the name `t`, and the log of what it wrote for the node's
    /// other links. It counts the same rows.
    pub fn forwarded(&self, table: &TableSide, link: &str, write: &Sql) -> Sql {
        forward::logged(table, link, write, &self.stage)
    }

    /// Inserts planned rows.
    pub fn insert(&self, table: &TableSide) -> Sql {
        self.insert_where(table, &Sql::default())
    }

    fn insert_where(&self, table: &TableSide, condition: &Sql) -> Sql {
        Sql::render(
            include_str!("apply/insert.sql"),
            &[
                ("table", &table.name),
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("columns", &listed(&table.all_columns())),
                ("overriding", &overriding(table)),
                ("staged", &qualified("s", &table.all_staged())),
                ("condition", condition),
                ("key", &listed(&table.key)),
            ],
        )
    }

    /// At the first contact, marks the rows of a range that only the target has, and that are not marked already.
    pub fn announce(&self, table: &TableSide, link: &str, range: &Range) -> Sql {
        Sql::render(
            include_str!("apply/announce.sql"),
            &[
                ("stage", &self.stage),
                ("table", &table.name),
                ("changelog", &table.entries()),
                ("log", &table.log()),
                ("keys", &listed(&table.staged_key())),
                ("row_keys", &qualified("t", &table.key)),
                ("version", &table.version_of("t")),
                ("and_inside", &table.and_inside("t")),
                ("matches", &table.matches_staged_key("t", "s")),
                ("range", &range.holds("t", &table.key)),
                ("logged", &table.matches_staged_key("t", "l")),
                ("link", &Literal::new(link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
            ],
        )
    }

    /// Sends what arrived back once, where the source has columns that follow it; `None` where it has none.
    pub fn send_back(&self, table: &TableSide, direction: Direction<'_>) -> Option<Sql> {
        table.outgoing.derived_there.then(|| {
            Sql::render(
                include_str!("apply/send_back.sql"),
                &[
                    ("stage", &self.stage),
                    ("log", &table.log()),
                    ("keys", &listed(&table.staged_key())),
                    ("here_id", &Literal::new(direction.here_id.to_string())),
                    ("link", &Literal::new(direction.link)),
                ],
            )
        })
    }

    /// What the target changed and the source has not seen, other than what it only sends back; with a filter also the rows outside it
    /// that a staged row meets. `asked` is what more is read about each.
    fn local_changes(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        local: Local<'_>,
        asked: Option<&Asked>,
    ) -> Sql {
        let further = asked.map(|a| a.logged.clone()).unwrap_or_default();
        let mut changes = local_changes(table, direction, local, &further);
        if table.outgoing.derived_there {
            changes = Sql::render(
                "SELECT * FROM ({changes}) c\n  WHERE c.node <> (SELECT peer_id FROM ponte.link WHERE link = {link})",
                &[("changes", &changes), ("link", &Literal::new(direction.link))],
            );
        }
        if table.filter.is_none() || matches!(local, Local::All(_)) {
            return changes;
        }
        Sql::render(
            include_str!("apply/local_outside.sql"),
            &[
                ("changes", &changes),
                ("born", &asked.map(|a| a.elsewhere.clone()).unwrap_or_default()),
                ("keys", &qualified("l", &table.staged_key())),
                ("row_keys", &renamed("u", &table.key, &table.staged_key())),
                ("version", &table.version_of("u")),
                ("here_id", &Literal::new(direction.here_id.to_string())),
                ("table", &table.name),
                ("stage", &self.stage),
                ("matches", &table.matches_staged_key("u", "x")),
                ("arrived", &kept::arrived(table)),
                ("inside", &table.inside("u")),
            ],
        )
    }

    /// The newest version in the stage, which pushes the target's clock; NULL where nothing is staged.
    pub fn newest_version(&self) -> Sql {
        Sql::render(
            "UPDATE ponte.clock c SET seen = n.newest FROM (SELECT max(version_at) AS newest FROM {stage}) n \
             WHERE n.newest > greatest(c.seen, clock_timestamp())",
            &[("stage", &self.stage)],
        )
    }
}

/// COPY straight into a table that holds no rows.
pub fn copy_rows_in(table: &TableSide, wire: crate::batch::Wire) -> Sql {
    Sql::render(
        "COPY {table} ({columns}) FROM STDIN (FORMAT {format})",
        &[
            ("table", &table.name),
            ("columns", &listed(&table.all_columns())),
            ("format", &wire.sql()),
        ],
    )
}

/// Whether this transaction has captured changes of these tables, other than confirmations: triggers and cascades made them.
pub fn captured_meanwhile(tables: &[&TableSide]) -> Sql {
    let captured = tables.iter().map(|table| {
        Sql::render(
            "EXISTS (SELECT FROM {changelog} l WHERE l.xid = pg_current_xact_id() AND l.version_node IS NULL)",
            &[("changelog", &table.changelog_table())],
        )
    });
    Sql::render("SELECT {captured}", &[("captured", &Sql::join(" OR ", captured))])
}

/// Takes the fence: `$1` link, `$2` the consumed snapshot that the batch was read from, `$3` the one it leads to. One row
/// where it was taken, none where somebody else was faster. The row says which tables other links carry on.
pub fn fence() -> Sql {
    Sql::render(
        include_str!("apply/fence.sql"),
        &[("shared", &forward::shared_tables())],
    )
}

/// Records what a batch did: `$1` link, `$2` upserts, `$3` deletes, `$4` conflicts. The row is as that of the fence.
pub fn finish() -> Sql {
    Sql::render(
        include_str!("apply/finish.sql"),
        &[("shared", &forward::shared_tables())],
    )
}

fn local_changes(table: &TableSide, direction: Direction<'_>, local: Local<'_>, further: &Sql) -> Sql {
    let staged = table.staged_key();
    let keys = qualified("l", &staged);
    let here_id = Literal::new(direction.here_id.to_string());
    match local {
        Local::Pending(seen) => Sql::render(
            include_str!("apply/local_pending.sql"),
            &[
                ("keys", &keys),
                ("changelog", &table.entries()),
                ("here_id", &here_id),
                ("xmin", &i64::try_from(seen.xmin()).unwrap_or(i64::MAX)),
                ("seen_by_source", seen),
                ("travels", &forward::travels(direction.link)),
                ("further", further),
            ],
        ),
        Local::Held(seen) => Sql::render(
            include_str!("apply/local_held.sql"),
            &[
                ("keys", &keys),
                ("key_texts", &texts("l", &staged)),
                ("changelog", &table.entries()),
                ("here_id", &here_id),
                ("xmin", &i64::try_from(seen.xmin()).unwrap_or(i64::MAX)),
                ("seen_by_source", seen),
                ("further", further),
                ("travels", &forward::travels(direction.link)),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
            ],
        ),
        Local::All(range) => Sql::render(
            include_str!("apply/local_all.sql"),
            &[
                ("keys", &keys),
                ("log_keys", &qualified("g", &staged)),
                ("row_keys", &renamed("u", &table.key, &staged)),
                ("changelog", &table.entries()),
                ("table", &table.name),
                ("log_range", &range.holds("g", &staged)),
                ("row_range", &range.holds("u", &table.key)),
                ("version", &table.version_of("u")),
                ("here_id", &here_id),
                ("further", further),
            ],
        ),
    }
}

/// Which conflicts `c` that the target wins must be noted again, because the note of its change does not travel any more.
fn confirm_local(table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
    match local {
        // A row outside the filter that stays has to be told too: the other side then takes its own away.
        _ if table.filter.is_some() => Sql::text("true"),
        Local::Pending(_) => Sql::text("false"),
        Local::All(_) => Sql::text("true"),
        Local::Held(_) => Sql::render(
            "EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = {link} AND q.table_schema = {schema_name} \
             AND q.table_name = {table_name} AND q.trying = pg_current_xact_id() AND q.key_values = c.key_values)",
            &[
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
            ],
        ),
    }
}

/// `alias.a::text, alias.b::text`
pub(crate) fn texts(alias: &'static str, columns: &[Ident]) -> Sql {
    Sql::join(
        ", ",
        columns
            .iter()
            .map(|c| Sql::render("{column}::text", &[("column", &member(alias, c))])),
    )
}

fn idents(names: &[String]) -> Vec<Ident> {
    names.iter().map(Ident::new).collect()
}

/// `child.fk = parent.pk AND …`
fn references_row(child: &'static str, key: &ForeignKey, parent: &'static str) -> Sql {
    equal(
        child,
        &idents(&key.child_columns),
        parent,
        &idents(&key.parent_columns),
    )
}
