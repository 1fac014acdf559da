//! Partitions of a table by time: made before they are needed, and taken away when their time is over.
//!
//! Making comes first and each partition has a transaction of its own, so that trouble with an old one never keeps a new one from
//! being there in time. A partition is made beside the table and then attached, which locks out neither readers nor writers; so is taking one
//! away, where the server can do that ([`expire`]).

mod expire;
mod plan;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ponte_schema::{Literal, QualifiedName, Sql};

use expire::{Expiry, Step};
pub use plan::Every;
use plan::{Existing, Period, Plan, Rule, plan};

use super::step::Steps;
use super::{Claim, Done, Terms};
use crate::error::{Error, Result};
use crate::jobs::relation;
use crate::jobs::{Problem, problem};
use crate::sync::Peer;

/// What becomes of a partition whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// It becomes a table of its own.
    Detach,
    /// It is dropped with its rows.
    Drop,
}

impl std::str::FromStr for Expired {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "detach" => Ok(Self::Detach),
            "drop" => Ok(Self::Drop),
            _ => Err(format!("expected \"detach\" or \"drop\", not {text:?}")),
        }
    }
}

impl std::fmt::Display for Expired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Detach => "detach",
            Self::Drop => "drop",
        })
    }
}

/// A table whose partitions are looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitions {
    /// The table.
    pub table: QualifiedName,
    /// The length of a partition.
    pub every: Every,
    /// How many periods after the present one have their partition.
    pub ahead: u32,
    /// How many periods before the present one keep theirs; all where it is not said.
    pub keep: Option<u32>,
    /// What becomes of the others.
    pub expired: Expired,
}

/// The table as it is.
pub(in crate::jobs) struct Found {
    names: Vec<QualifiedName>,
    plan: Plan,
    type_name: String,
    expiry: Expiry,
}

impl Partitions {
    /// Looks at the table and decides what is to be done.
    ///
    /// # Errors
    /// `jobs.unfit` where the table is not there, or not partitioned by ranges of one column of time.
    pub(in crate::jobs) async fn look(&self, peer: &Peer, zone: &str) -> Result<Found> {
        let Some(relation) = relation::find(peer, &self.table).await? else {
            return Err(self.unfit("there is no such table"));
        };
        let sql = Sql::text(include_str!("../../sql/partitioned.sql"));
        let rows = peer
            .fresh_rows(&sql, &[&relation.id], "look how a table is partitioned")
            .await?;
        let Some(row) = rows.first() else {
            return Err(self.unfit("it is not partitioned by ranges of one column"));
        };
        let (type_name, now): (String, Timestamp) = (row.get("type"), row.get("now"));
        let is_naive = match type_name.as_str() {
            "timestamp with time zone" => false,
            "timestamp without time zone" | "date" => true,
            _ => return Err(self.unfit(&format!("it is partitioned by {type_name}, which is no time"))),
        };
        let (names, existing) = self.existing(peer, relation.id).await?;
        let has_default = existing.iter().any(|partition| partition.is_default);
        let expiry = Expiry::look(peer, self, relation.id, has_default).await?;
        let rule = Rule {
            every: self.every,
            ahead: self.ahead,
            keep: self.keep,
            zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            is_naive,
        };
        let plan = plan(&existing, &rule, now).ok_or_else(|| self.unfit("its periods leave the calendar"))?;
        if let Some(index) = plan.in_the_way.first() {
            let name = &names[*index];
            return Err(self.unfit(&format!("partition {name} covers a part of a period only")));
        }
        Ok(Found {
            names,
            plan,
            type_name,
            expiry,
        })
    }

    async fn existing(&self, peer: &Peer, table: i64) -> Result<(Vec<QualifiedName>, Vec<Existing>)> {
        let sql = Sql::text(include_str!("../../sql/partitions.sql"));
        let rows = peer
            .fresh_rows(&sql, &[&table], "read the partitions of a table")
            .await?;
        let pair = |row: &tokio_postgres::Row| {
            let name = QualifiedName::new(row.get::<_, String>("schema_name"), row.get::<_, String>("name"));
            let existing = Existing {
                lower: row.get("lower"),
                upper: row.get("upper"),
                is_default: row.get("is_default"),
            };
            (name, existing)
        };
        Ok(rows.iter().map(pair).unzip())
    }

    fn unfit(&self, why: &str) -> Error {
        let table = &self.table;
        problem(
            Problem::Unfit,
            format!("cannot look after the partitions of {table}: {why}"),
        )
    }

    fn partition(&self, period: &Period) -> QualifiedName {
        let suffix = self.every.suffix(period.begin);
        let mut name = self.table.name.as_str().to_owned();
        // A name holds 63 bytes.
        while name.len() + suffix.len() > 62 {
            name.pop();
        }
        QualifiedName::new(self.table.schema.as_str(), format!("{name}_{suffix}"))
    }

    fn create(&self, found: &Found, period: &Period) -> Sql {
        let (begin, end) = match found.type_name.as_str() {
            "timestamp with time zone" => (period.instants.0.to_string(), period.instants.1.to_string()),
            _ => (period.begin.to_string(), period.end.to_string()),
        };
        Sql::render(
            "CREATE TABLE {partition} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE); \
             ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({begin}) TO ({end})",
            &[
                ("partition", &self.partition(period)),
                ("table", &self.table),
                ("begin", &Literal::new(begin)),
                ("end", &Literal::new(end)),
            ],
        )
    }

    /// The statements of what is to be done, in their order.
    pub(in crate::jobs) fn statements(&self, found: &Found) -> Vec<Sql> {
        self.steps(found)
            .into_iter()
            .flatten()
            .map(|step| step.sql)
            .collect()
    }

    /// The same by partition. Each is noted: `ponte verify` does not take what a job has made for drift.
    fn steps(&self, found: &Found) -> Vec<Vec<Step>> {
        let create = found.plan.create.iter().map(|period| {
            let made = "INSERT INTO ponte.job_partition (schema_name, table_name) VALUES ({schema}, {name}) ON CONFLICT DO NOTHING";
            vec![Step::noted(
                self.create(found, period),
                about(made, &self.partition(period)),
            )]
        });
        let expired = found.plan.expire.iter().map(|index| &found.names[*index]);
        let expired = found.expiry.of(self, expired);
        create.chain(expired).collect()
    }

    pub(super) async fn perform(&self, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
        let found = self.look(peer, &terms.time_zone).await?;
        let planned = self.steps(&found);
        // Old ones that cannot be taken away now must not keep the later ones from it: the first failure is told at the end.
        let mut failure = None;
        for (index, steps) in planned.iter().enumerate() {
            let progress = (index + 1).to_string();
            for step in steps {
                match step.perform(peer, claim, terms, &progress).await {
                    Ok(()) => {}
                    Err(error) if error.server().is_some() && index >= found.plan.create.len() => {
                        failure.get_or_insert(error);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        match failure {
            Some(error) => Err(error),
            None => {
                let rows = Some(planned.len() as u64);
                Steps::new(peer, claim, terms).succeed(Done { rows }).await
            }
        }
    }
}

/// What is noted about a partition.
fn about(template: &'static str, partition: &QualifiedName) -> Sql {
    Sql::render(
        template,
        &[
            ("schema", &Literal::new(partition.schema.as_str())),
            ("name", &Literal::new(partition.name.as_str())),
        ],
    )
}
