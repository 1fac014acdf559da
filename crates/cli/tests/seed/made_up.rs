//! Made-up rows in tables with one of every constraint.

use ponte_testkit::{OLDEST_AND_NEWEST, TestCluster, binaries_of};

use super::{Run, ponte, run_sql, text};

const CORPUS: &str = include_str!("corpus.sql");
/// Everything in some tables, in an order of its own, as one number.
const DIGEST: &str = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (
    SELECT u::text AS t FROM users u UNION ALL SELECT m::text FROM members m UNION ALL SELECT e::text FROM everything e) t";

fn seed(url: &str, args: &[&str]) -> Run {
    let directory = tempfile::tempdir().unwrap();
    ponte(directory.path(), url, &[&["seed"], args].concat())
}

async fn filled(cluster: &TestCluster, name: &str, args: &[&str]) -> String {
    cluster.create_database(name, "app").await;
    let url = cluster.superuser_url(name);
    run_sql(&url, CORPUS).await;
    seed(&url, args).ends(0);
    url
}

async fn every_table_is_full(cluster: &TestCluster) {
    let url = filled(cluster, "full", &["--rows", "300"]).await;
    let counts = "SELECT string_agg(relname || ' ' || (xpath('/row/n/text()',
            query_to_xml(format('SELECT count(*) AS n FROM %I', relname), false, true, '')))[1]::text, ', ' ORDER BY relname)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
    assert_eq!(
        text(&url, counts).await,
        "arcs 300, bookings 300, by_kind 300, codes 300, counter 300, egg 300, events 300, everything 300, hashes 300, hen 300, members 300, \
         picky 300, raising 300, settings 300, teams 300, tenants 300, users 300"
    );
    // Rows that could only be linked once others were there.
    let linked = "SELECT (SELECT count(boss) > 50 FROM users) AND (SELECT count(lead_id) > 50 FROM teams)
        AND (SELECT count(DISTINCT egg) > 200 FROM hen) AND NOT EXISTS (SELECT FROM users WHERE boss >= id)";
    assert_eq!(text(&url, &format!("SELECT ({linked})::text")).await, "true");
    let spread = "SELECT (count(DISTINCT tableoid) = 2)::text FROM events";
    assert_eq!(text(&url, spread).await, "true", "both partitions get rows");
    let varied = "SELECT (count(DISTINCT plan) = 3)::text FROM tenants";
    assert_eq!(text(&url, varied).await, "true", "every value of the list occurs");
}

#[tokio::test]
async fn rows_satisfy_every_kind_of_constraint_on_the_oldest_and_the_newest_server() {
    let (oldest, newest) = OLDEST_AND_NEWEST;
    for major in [oldest, newest] {
        let cluster = TestCluster::builder().binaries(binaries_of(major)).start().await;
        every_table_is_full(&cluster).await;
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_rows_and_another_makes_others() {
    let cluster = TestCluster::start().await;
    let one = filled(&cluster, "one", &["--rows", "60", "--seed", "7"]).await;
    let same = filled(&cluster, "same", &["--rows", "60", "--seed", "7"]).await;
    let other = filled(&cluster, "other", &["--rows", "60", "--seed", "8"]).await;
    assert_eq!(text(&one, DIGEST).await, text(&same, DIGEST).await);
    assert_ne!(text(&one, DIGEST).await, text(&other, DIGEST).await);

    // More rows beside those: only if somebody agrees.
    let refused = seed(&one, &["--rows", "60"]).ends(2);
    assert!(refused.stderr.contains("usage.unconfirmed"), "{}", refused.stderr);
    seed(&one, &["--rows", "60", "-y"]).ends(0);
    assert_eq!(text(&one, "SELECT count(*)::text FROM users").await, "120");

    // As many as elsewhere, but never more than asked for.
    run_sql(&one, "ANALYZE").await;
    cluster.create_database("copy", "app").await;
    let copy = cluster.superuser_url("copy");
    run_sql(&copy, CORPUS).await;
    let shown = seed(
        &copy,
        &[
            "--sizes-from",
            &one,
            "--rows",
            "100",
            "--table",
            "users",
            "--table",
            "codes=5",
            "--output",
            "json",
        ],
    );
    let shown = shown.ends(0).json();
    let rows: Vec<String> = shown["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| format!("{} {}", t["table"], t["rows"]))
        .collect();
    assert_eq!(rows, ["\"codes\" 5", "\"tenants\" 100", "\"users\" 100"]);
}

#[tokio::test]
async fn a_key_with_few_values_limits_the_rows() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    run_sql(
        &url,
        "CREATE TABLE flags (on_off boolean, level char(1), PRIMARY KEY (on_off, level));
         CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
         CREATE TABLE a_b (a int REFERENCES a, b int REFERENCES b, PRIMARY KEY (a, b))",
    )
    .await;
    let run = seed(
        &url,
        &[
            "--table", "a=3", "--table", "b=4", "--table", "a_b", "--table", "flags", "--rows", "100",
        ],
    )
    .ends(0);
    assert!(
        run.stdout
            .contains("a_b    12    of 100: a_b_pkey allows no more"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("flags  72    of 100: flags_pkey allows no more"),
        "{}",
        run.stdout
    );
    let refused = seed(&url, &["--table", "a_b=50", "-y"]).ends(2);
    assert!(refused.stderr.contains("a_b_pkey"), "{}", refused.stderr);
}
