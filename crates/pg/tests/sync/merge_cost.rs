//! What noting changed columns costs an UPDATE: a table that asks for it beside one that does not.

use std::time::Instant;

use ponte_sync::link::ConflictRule;

use crate::support::World;

const TABLES: &str = "
    CREATE TABLE com (id int PRIMARY KEY, a text, b text, c int, d numeric, e text, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE sem (LIKE com INCLUDING ALL);
    INSERT INTO com SELECT g, 'a', 'b', 1, 1, 'e' FROM generate_series(1, 10000) g; INSERT INTO sem SELECT * FROM com;";

/// Microseconds of the median of many statements.
async fn median(world: &World, table: &str, rows: i32, times: i32) -> f64 {
    let sql = format!(
        "UPDATE {table} SET c = c + 1, a = 'x' || $1::int, updated_at = now() WHERE id > $1 AND id <= $1::int + {rows}"
    );
    let statement = world.a.prepare(&sql).await.unwrap();
    let mut taken = Vec::new();
    for n in 0..times {
        let from = n * rows % 9_000;
        let started = Instant::now();
        world.a.execute(&statement, &[&from]).await.unwrap();
        taken.push(started.elapsed().as_secs_f64() * 1e6);
    }
    taken.sort_by(f64::total_cmp);
    taken[taken.len() / 2]
}

/// `cargo nextest run -p ponte-pg --test sync --no-capture noting_columns_costs` prints the figures.
#[tokio::test]
async fn noting_columns_costs_little_and_nothing_where_nobody_asks() {
    let world = World::with(TABLES).await;
    let mut spec = world.spec(&["com", "sem"]);
    spec.tables[0].conflict = Some(ConflictRule::Merge);
    world.init(&spec).await;
    let noted = "SELECT count(*) FROM pg_attribute WHERE attname = 'changed' AND attrelid = 'ponte.changelog_sem'::regclass";
    assert_eq!(crate::support::number(&world.a, noted).await, 0);
    world.a("SET synchronous_commit = off").await;
    for (rows, times) in [(1, 400), (1_000, 30)] {
        median(&world, "com", rows, times / 4).await;
        median(&world, "sem", rows, times / 4).await;
        let mut figures = Vec::new();
        for _ in 0..3 {
            figures.push((
                median(&world, "sem", rows, times).await,
                median(&world, "com", rows, times).await,
            ));
        }
        figures.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
        let (without, with) = figures[1];
        println!(
            "UPDATE of {rows} rows: {without:.0} us without, {with:.0} us with noted columns, {:+.1} %",
            (with / without - 1.0) * 100.0
        );
        assert!(with < without * 3.0, "{with} us against {without} us");
    }
}
