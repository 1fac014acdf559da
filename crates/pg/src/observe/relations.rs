//! Tables and indexes of the shadow, what they are kept in, and the locks that are held on them.

use std::collections::{BTreeMap, BTreeSet};

use ponte_schema::lint::observation::{Held, LockMode, Observation, Relation, RelationKind, Work};
use ponte_schema::lint::statement::{Name, Statement};
use tokio_postgres::Row;

use super::spoken::Spoken;
use crate::error::{During, Result};
use crate::session::Session;

const RELATIONS: &str = include_str!("sql/relations.sql");
const LOCKS: &str = include_str!("sql/locks.sql");
const REFERRING: &str = include_str!("sql/referring.sql");

/// A relation, and the file it is kept in.
#[derive(Debug, Clone)]
struct Kept {
    relation: Relation,
    file_node: Option<u32>,
    /// Of an index: its table.
    table: Option<u32>,
}

/// What is known of the shadow while a script runs.
pub(super) struct Relations {
    /// By object id; what was dropped stays, for its locks are held on.
    kept: BTreeMap<u32, Kept>,
    /// What was there before the script.
    existing: BTreeSet<u32>,
    held: BTreeSet<(u32, LockMode)>,
}

impl Relations {
    pub(super) async fn read(session: &Session) -> Result<Self> {
        let kept = query(session, &BTreeSet::new(), true).await?;
        Ok(Self {
            existing: kept.keys().copied().collect(),
            kept,
            held: BTreeSet::new(),
        })
    }

    /// The object ids of what was there before the script.
    pub(super) fn existing(&self) -> Vec<u32> {
        self.existing.iter().copied().collect()
    }

    /// What a statement has done.
    pub(super) async fn after(
        &mut self,
        session: &Session,
        sql: &str,
        spoken: &[Spoken],
    ) -> Result<Observation> {
        let now = query(session, &self.existing, false).await?;
        let locks = locks(session).await?;
        let mut works = BTreeSet::new();
        for said in spoken {
            works.extend(self.work(session, &now, &locks, said).await?);
        }
        match Statement::read(sql) {
            // A truncated table is given a new file too, and nothing is written into it.
            Statement::Truncate { .. } => {}
            Statement::CreateTable(created) if created.partition_of.is_some() => {
                works.extend(self.default_partition(&locks, spoken).map(Work::Scan));
            }
            _ => works.extend(self.moved(&now)),
        }
        self.kept.extend(now);
        let held = locks.iter().filter_map(|(id, mode)| {
            Some(Held {
                relation: self.kept.get(id)?.relation.clone(),
                mode: *mode,
                taken_now: !self.held.contains(&(*id, *mode)),
            })
        });
        let observation = Observation {
            held: held.collect(),
            works: works.into_iter().collect(),
            skipped: spoken.contains(&Spoken::Skipping),
        };
        self.held = locks;
        Ok(observation)
    }

    /// The work that was spoken of, where it is on something that was there before.
    async fn work(
        &self,
        session: &Session,
        now: &BTreeMap<u32, Kept>,
        locks: &BTreeSet<(u32, LockMode)>,
        said: &Spoken,
    ) -> Result<Option<Work>> {
        let table = |name: &str| self.named(now, locks, name);
        Ok(match said {
            Spoken::Rewriting(name) => table(name).map(Work::Rewrite),
            Spoken::Verifying(name) => table(name).map(Work::Scan),
            Spoken::Building { index, table: name } => table(name).map(|table| Work::Build {
                index: index.clone(),
                table,
            }),
            Spoken::Validating(constraint) => {
                let rows = session.client().query(REFERRING, &[constraint]).await;
                let rows = rows.during(|| "ask for a foreign key of the shadow".to_owned())?;
                let mut referring = rows.iter().map(|row| row.get::<_, u32>(0));
                let existing = referring.find(|id| self.existing.contains(id));
                existing
                    .and_then(|id| self.kept.get(&id))
                    .map(|kept| Work::CheckReferences {
                        constraint: constraint.clone(),
                        table: kept.relation.clone(),
                    })
            }
            Spoken::Proven(_) | Spoken::Skipping => None,
        })
    }

    /// The relation of that name that was there before; of several, one that is locked.
    fn named(
        &self,
        now: &BTreeMap<u32, Kept>,
        locks: &BTreeSet<(u32, LockMode)>,
        name: &str,
    ) -> Option<Relation> {
        let called = |(id, kept): &(&u32, &Kept)| kept.relation.name == name && self.existing.contains(id);
        let candidates = self.kept.iter().chain(now).filter(called);
        let is_locked = |id: u32| locks.iter().any(|(locked, _)| *locked == id);
        candidates
            .max_by_key(|(id, _)| is_locked(**id))
            .map(|(_, kept)| kept.relation.clone())
    }

    /// A new partition has the default one read without a word, unless the server says that it need not be.
    fn default_partition(&self, locks: &BTreeSet<(u32, LockMode)>, spoken: &[Spoken]) -> Option<Relation> {
        let locked = locks.difference(&self.held);
        let strongly =
            locked.filter(|(id, mode)| *mode == LockMode::AccessExclusive && self.existing.contains(id));
        let mut tables = strongly.filter_map(|(id, _)| self.kept.get(id));
        let is_proven = |name: &str| {
            spoken
                .iter()
                .any(|said| matches!(said, Spoken::Proven(table) if table == name))
        };
        let default = tables.find(|kept| {
            kept.relation.is_partition
                && kept.relation.kind == RelationKind::Table
                && !is_proven(&kept.relation.name)
        });
        default.map(|kept| kept.relation.clone())
    }

    /// What is kept in another file than before.
    fn moved(&self, now: &BTreeMap<u32, Kept>) -> Vec<Work> {
        let moved = self.existing.iter().filter_map(|id| {
            let (before, after) = (self.kept.get(id)?, now.get(id)?);
            (before.file_node != after.file_node).then_some(after)
        });
        moved
            .filter_map(|kept| match kept.relation.kind {
                RelationKind::Table | RelationKind::MaterializedView => {
                    Some(Work::Rewrite(kept.relation.clone()))
                }
                RelationKind::Index => Some(Work::Build {
                    index: kept.relation.name.clone(),
                    table: self.kept.get(&kept.table?)?.relation.clone(),
                }),
                RelationKind::PartitionedTable | RelationKind::Other => None,
            })
            .collect()
    }
}

async fn query(session: &Session, existing: &BTreeSet<u32>, all_exist: bool) -> Result<BTreeMap<u32, Kept>> {
    let rows = session.client().query(RELATIONS, &[]).await;
    let rows = rows.during(|| "look at the tables of the shadow".to_owned())?;
    let kept = |row: &Row| {
        let id: u32 = row.get(0);
        (id, kept(row, all_exist || existing.contains(&id)))
    };
    Ok(rows.iter().map(kept).collect())
}

fn kept(row: &Row, existed: bool) -> Kept {
    let (schema, name): (String, String) = (row.get(1), row.get(2));
    let kind = match row.get::<_, &str>(3) {
        "r" => RelationKind::Table,
        "p" => RelationKind::PartitionedTable,
        "i" | "I" => RelationKind::Index,
        "m" => RelationKind::MaterializedView,
        _ => RelationKind::Other,
    };
    let parent = row.get::<_, Option<String>>(7).map(|parent| Name {
        schema: row.get(6),
        spelling: parent.clone(),
        name: parent,
    });
    Kept {
        relation: Relation {
            schema,
            name,
            kind,
            existed,
            parent,
            is_partition: row.get(4),
        },
        file_node: row.get(5),
        table: row.get(8),
    }
}

async fn locks(session: &Session) -> Result<BTreeSet<(u32, LockMode)>> {
    let rows = session.client().query(LOCKS, &[]).await;
    let rows = rows.during(|| "look at the locks on the shadow".to_owned())?;
    let lock = |row: &Row| Some((row.get(0), LockMode::parse(row.get(1))?));
    Ok(rows.iter().filter_map(lock).collect())
}
