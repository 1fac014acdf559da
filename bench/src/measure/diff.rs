//! What a process of `ponte sync diff` needs at most, for one table of a thousand rows and for large ones: it should not depend
//! on the number of rows.

use std::path::Path;

use tokio_postgres::Client;

use super::memory::run_once;
use super::rate;
use super::size::{fill, project};
use crate::arena::{Arena, OWNER};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::{Options, Result};

const DATABASE: &str = "comparados";

/// The smallest table; the largest is asked for.
const ROWS_MIN: i64 = 1_000;

pub(super) async fn measure(arena: &Arena, options: &Options, ponte: &Path) -> Result<Vec<Figure>> {
    let urls = [
        arena.pair.a.create_database(DATABASE, OWNER).await,
        arena.pair.b.create_database(DATABASE, OWNER).await,
    ];
    let mut figures = Vec::new();
    for rows in sizes(options.diff_rows_max) {
        let clients: [Client; 2] = fill(&urls, rows).await?;
        let directory = project(&urls, rows)?;
        run_once(ponte, directory.path(), &["--yes", "sync", "init"]).await?;
        let (peak, taken) = run_once(ponte, directory.path(), &["sync", "diff"]).await?;
        run_once(ponte, directory.path(), &["--yes", "sync", "drop"]).await?;
        for client in &clients {
            client.batch_execute(&format!("DROP TABLE t{rows}")).await?;
        }
        let figure = |name: String, unit, ours, must: &[Bound]| {
            Figure::new(name, unit, vec![Sample { ours, raw: None }], must, None)
        };
        figures.push(figure(
            format!("memory of `ponte sync diff`, {rows} rows"),
            Unit::Mebibytes,
            peak,
            &[Bound::AtMost(64.0)],
        ));
        figures.push(figure(
            format!("`ponte sync diff`, {rows} rows"),
            Unit::RowsPerSecond,
            rate(rows, taken),
            &[],
        ));
    }
    Ok(figures)
}

/// A thousand rows, and from a hundred thousand on every power of ten.
fn sizes(max: i64) -> impl Iterator<Item = i64> {
    let powers = std::iter::successors(Some(100_000_i64), |rows| rows.checked_mul(10));
    std::iter::once(ROWS_MIN).chain(powers.take_while(move |rows| *rows <= max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_with_the_largest_that_was_asked_for() {
        assert_eq!(sizes(1_000_000).collect::<Vec<_>>(), [1_000, 100_000, 1_000_000]);
        assert_eq!(sizes(10_000).collect::<Vec<_>>(), [1_000]);
    }
}
