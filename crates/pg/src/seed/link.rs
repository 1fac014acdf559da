//! References whose rows came later, or lie in the same table.

use ponte_schema::seed::{Reference, Step, Table};
use ponte_schema::{Ident, Sql};
use tokio_postgres::Client;

use super::stage::about;
use crate::error::{During, Result};
use crate::session::Session;

/// Lets the rows of a step point where they could not at first. A link that the table refuses stays empty, which it may.
pub(super) async fn later(session: &Session, tables: &[Table], step: &Step) -> Result<()> {
    let table = &tables[step.table];
    for reference in step.later.iter().map(|index| &table.references[*index]) {
        let itself = reference.table == step.table;
        if let Some(sql) = link(table, reference, &tables[reference.table], itself) {
            run(session.client(), table, reference, &sql).await?;
        }
    }
    Ok(())
}

async fn run(client: &Client, table: &Table, reference: &Reference, sql: &Sql) -> Result<()> {
    let doing = || about("link rows of", table);
    client.batch_execute("SAVEPOINT ponte_seed").await.during(doing)?;
    let end = match client.execute(sql.as_str(), &[]).await {
        Ok(_) => "RELEASE SAVEPOINT ponte_seed",
        Err(error)
            if reference.is_optional(table) && error.code().is_some_and(|c| c.code().starts_with("23")) =>
        {
            "ROLLBACK TO SAVEPOINT ponte_seed"
        }
        Err(error) => return Err(error).during(doing),
    };
    client.batch_execute(end).await.during(doing)
}

/// The statement; none for a row that points to itself, because it cannot be empty.
fn link(table: &Table, reference: &Reference, target: &Table, itself: bool) -> Option<Sql> {
    let optional = reference.is_optional(table);
    if itself && !optional {
        return None;
    }
    let pairs = || {
        reference
            .columns
            .iter()
            .map(|c| &table.columns[*c])
            .zip(&reference.target_columns)
    };
    let is_set = |nullable: bool| nullable || !optional;
    let set: Vec<(&Ident, &Ident)> = pairs()
        .filter(|(c, _)| is_set(c.nullable))
        .map(|(c, t)| (&c.name, t))
        .collect();
    let fixed: Vec<(&Ident, &Ident)> = pairs()
        .filter(|(c, _)| !is_set(c.nullable))
        .map(|(c, t)| (&c.name, t))
        .collect();
    let row = |names: Vec<Ident>| {
        Sql::render(
            "ROW({names})::pg_catalog.text",
            &[("names", &Sql::join(", ", names))],
        )
    };
    let key = |(place, (_, target)): (i64, &(&Ident, &Ident))| {
        Sql::render(
            "{target} AS key_{place}",
            &[("target", *target), ("place", &place)],
        )
    };
    let assignment = |(place, (column, _)): (i64, &(&Ident, &Ident))| {
        Sql::render(
            "{column} = parent.key_{place}",
            &[("column", *column), ("place", &place)],
        )
    };
    let everything = Sql::text("true");
    let not_every = Sql::text("child.n % 10 <> 9");
    let is_new = Sql::text("age(xmin) <= 0");
    // A row's parent is one that came before it, so that nothing goes round in a circle.
    let tree = Sql::text("(child.n - 1) / 4 AND child.n > 0");
    // Over all of them, not one after the other.
    let spread = Sql::text("child.n * 7919 % parent.total");
    Some(Sql::render(
        include_str!("sql/link.sql"),
        &[
            ("table", &table.name),
            ("target", &target.name),
            (
                "fixed",
                &row(fixed.iter().map(|(column, _)| (*column).clone()).collect()),
            ),
            (
                "target_fixed",
                &row(fixed.iter().map(|(_, target)| (*target).clone()).collect()),
            ),
            ("keys", &Sql::join(", ", (0..).zip(&set).map(key))),
            ("assignments", &Sql::join(", ", (0..).zip(&set).map(assignment))),
            ("target_new", if itself { &is_new } else { &everything }),
            ("pick", if itself { &tree } else { &spread }),
            ("condition", if optional { &not_every } else { &everything }),
        ],
    ))
}
