//! Writing the rows of one table: straight into it where every row is known to fit, else by way of the stage.

use ponte_schema::Sql;
use ponte_schema::seed::{Kind, Parents, Situation, Step, Table, TablePlan, Values, Writer};
use tokio_postgres::Client;

use super::stage::{Stage, Taken, about, copy_in, is_refusal, names};
use super::{FilledTable, learn, unsatisfied};
use crate::error::{During, Error, Result};
use crate::session::Session;

/// So many keys of another table are enough to point to, unless no two rows may point to one.
const KEYS_ENOUGH: u64 = 100_000;
/// The most rows that wait in the stage at once.
const BATCH_MAX: u64 = 250_000;
/// How many rows are tried for each that is wanted, before the rest is given up.
const TRIES_MAX: u64 = 64;
/// Batches in a row that the table takes nothing of, before it is given up.
const BARREN_MAX: u32 = 4;

/// Fills a table.
pub(super) async fn table(
    session: &Session,
    tables: &[Table],
    step: &Step,
    wanted: u64,
    seed: u64,
) -> Result<FilledTable> {
    let client = session.client();
    let table = &tables[step.table];
    let situation = situation(client, tables, step, wanted, seed).await?;
    let mut plan = TablePlan::new(table, situation);
    let limit = plan.limit().map(|(rows, name)| (rows, name.to_owned()));
    let possible = limit.as_ref().map_or(wanted, |(rows, _)| wanted.min(*rows));
    let mut filled = FilledTable {
        table: table.name.clone(),
        rows: 0,
        wanted,
        limited_by: limit.filter(|_| possible < wanted).map(|(_, name)| name),
    };
    if plan.columns().is_empty() {
        filled.rows = defaults_only(client, table, possible).await?;
        return Ok(filled);
    }
    if plan.groups() > 0 {
        let mut stage = Stage::create(client, table, plan.columns()).await?;
        learn::learn(&mut plan, table, &mut stage).await?;
    }
    let writer = TableWriter {
        client,
        table,
        plan: &plan,
    };
    filled.rows = match writer.straight(possible).await? {
        Some(rows) => rows,
        None => writer.judged(possible).await?,
    };
    if filled.rows < possible {
        filled.limited_by = Some(writer.narrowest());
    }
    Ok(filled)
}

/// A table all of whose columns the server writes.
async fn defaults_only(client: &Client, table: &Table, rows: u64) -> Result<u64> {
    let sql = Sql::render(
        "INSERT INTO {table} SELECT FROM pg_catalog.generate_series(1, {rows})",
        &[
            ("table", &table.name),
            ("rows", &i64::try_from(rows).unwrap_or(i64::MAX)),
        ],
    );
    client
        .execute(sql.as_str(), &[])
        .await
        .during(|| about("write rows of", table))
}

struct TableWriter<'a> {
    client: &'a Client,
    table: &'a Table,
    plan: &'a TablePlan<'a>,
}

impl TableWriter<'_> {
    /// By COPY into the table; nothing where that cannot be or the table refuses a row.
    async fn straight(&self, rows: u64) -> Result<Option<u64>> {
        if !self.plan.is_certain() {
            return Ok(None);
        }
        let doing = || about("write rows of", self.table);
        self.client
            .batch_execute("SAVEPOINT ponte_seed")
            .await
            .during(doing)?;
        let sql = Sql::render(
            "COPY {table} ({columns}) FROM STDIN",
            &[
                ("table", &self.table.name),
                ("columns", &names(self.table, self.plan.columns())),
            ],
        );
        let (release, outcome) = match copy_in(self.client, &sql, self.rows(0).take(count(rows))).await {
            Ok(rows) => ("RELEASE SAVEPOINT ponte_seed", Some(rows)),
            Err(error) if is_refusal(&error) => ("ROLLBACK TO SAVEPOINT ponte_seed", None),
            Err(error) => return Err(error).during(doing),
        };
        self.client.batch_execute(release).await.during(doing)?;
        Ok(outcome)
    }

    /// By way of the stage, in batches, until there are enough or the table takes no more.
    async fn judged(&self, rows: u64) -> Result<u64> {
        let checks = self.plan.open_checks();
        let mut stage = Stage::create(self.client, self.table, self.plan.columns()).await?;
        let (mut written, mut next, mut barren, mut factor) = (0, 0, 0, 1);
        let mut refused = None;
        while written < rows && barren < BARREN_MAX {
            let missing = rows - written;
            let batch = (missing.saturating_mul(factor) + 20).min(BATCH_MAX);
            let made: Vec<Values> = self.rows(next).take(count(batch)).collect();
            if made.is_empty() {
                break;
            }
            next += made.len() as u64;
            let tried = made.len() as u64;
            stage.load(made).await?;
            let Taken { rows: taken, refusal } = stage.take(&checks, missing).await?;
            written += taken;
            refused = refusal.or(refused);
            barren = if taken == 0 { barren + 1 } else { 0 };
            if next > rows.saturating_mul(TRIES_MAX) + 5_000 {
                break;
            }
            factor = if taken * 4 < tried.min(missing) {
                (factor * 4).min(256)
            } else {
                factor
            };
        }
        match refused.filter(|_| written == 0) {
            Some(refusal) => Err(refusal)
                .during(|| about("write rows of", self.table))
                .map_err(|error| self.named(error)),
            None => Ok(written),
        }
    }

    fn rows(&self, from: u64) -> impl Iterator<Item = Values> {
        (from..).map_while(|number| self.plan.row(number))
    }

    /// What most likely keeps the table from taking more.
    fn narrowest(&self) -> String {
        let loose = self.table.uniques.iter().find(|unique| unique.is_loose);
        let unique = loose
            .or(self.table.uniques.first())
            .map(|unique| unique.name.clone());
        let check = self.plan.open_checks().first().map(|check| check.name.clone());
        unique.or(check).unwrap_or_else(|| "a trigger".to_owned())
    }

    /// A refusal, as an error that names the constraint.
    fn named(&self, error: Error) -> Error {
        let constraint = error.server().and_then(|db| db.constraint()).map(str::to_owned);
        match constraint {
            Some(constraint) => unsatisfied(self.table, &constraint)
                .hint("write such rows into a file in seeds/, and name the other tables with --table")
                .because(error),
            None => error.with("table", &self.table.name),
        }
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// What has to be known before the first row is made.
async fn situation(
    client: &Client,
    tables: &[Table],
    step: &Step,
    wanted: u64,
    seed: u64,
) -> Result<Situation> {
    let table = &tables[step.table];
    let (existing, greatest) = existing(client, table).await?;
    let mut parents = Vec::new();
    for (index, reference) in table.references.iter().enumerate() {
        if step.later.contains(&index) {
            parents.push(None);
            continue;
        }
        let alone = table.uniques.iter().any(|unique| {
            let inside = |column: &usize| reference.columns.contains(column);
            !unique.columns.is_empty() && unique.columns.iter().all(inside)
        });
        let most = if alone {
            wanted + existing
        } else {
            wanted.min(KEYS_ENOUGH)
        };
        let target = &tables[reference.table];
        let columns = || reference.target_columns.iter();
        let printed = columns().map(|column| Sql::render("{column}::pg_catalog.text", &[("column", column)]));
        let sql = Sql::render(
            "SELECT ARRAY[{printed}]::pg_catalog.text[] FROM {target} WHERE ({columns}) IS NOT NULL ORDER BY {columns} LIMIT {most}",
            &[
                ("printed", &Sql::join(", ", printed)),
                ("target", &target.name),
                ("columns", &Sql::join(", ", columns().cloned())),
                ("most", &i64::try_from(most.max(1000)).unwrap_or(i64::MAX)),
            ],
        );
        let keys = client
            .query(sql.as_str(), &[])
            .await
            .during(|| about("read the keys of", target))?;
        parents.push(Some(Parents::new(keys.iter().map(|row| row.get(0)).collect())));
    }
    Ok(Situation {
        seed,
        existing,
        greatest,
        parents,
    })
}

/// How many rows there are, and the greatest whole number of each column that must not repeat one.
async fn existing(client: &Client, table: &Table) -> Result<(u64, Vec<Option<i64>>)> {
    let greatest = (0..).zip(&table.columns).map(|(at, column)| {
        let is_number = matches!(column.kind, Kind::Integer { .. }) && column.writer == Writer::Plan;
        if is_number && table.uniques.iter().any(|unique| unique.columns.contains(&at)) {
            Sql::render("max({column})::pg_catalog.int8", &[("column", &column.name)])
        } else {
            Sql::text("NULL::pg_catalog.int8")
        }
    });
    let sql = Sql::render(
        "SELECT count(*), ARRAY[{greatest}]::pg_catalog.int8[] FROM {table}",
        &[("greatest", &Sql::join(", ", greatest)), ("table", &table.name)],
    );
    let row = client
        .query_one(sql.as_str(), &[])
        .await
        .during(|| about("count the rows of", table))?;
    Ok((u64::try_from(row.get::<_, i64>(0)).unwrap_or(0), row.get(1)))
}
