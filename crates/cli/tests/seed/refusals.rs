//! What cannot be made up is named, and nothing is written.

use ponte_testkit::TestCluster;

use super::{ponte, run_sql, text};

#[tokio::test]
async fn what_cannot_be_satisfied_is_named_and_nothing_is_written() {
    let cluster = TestCluster::start().await;
    let directory = tempfile::tempdir().unwrap();
    let cases = [
        (
            "CREATE TABLE digits (code text NOT NULL, CONSTRAINT is_checked CHECK (md5(code) LIKE 'abcdef0123%'))",
            "seed.unsatisfied",
            "digits that is_checked accepts",
        ),
        (
            "CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
             ALTER TABLE a ADD CONSTRAINT round FOREIGN KEY (b) REFERENCES b",
            "seed.unsatisfied",
            "round accepts",
        ),
        (
            "CREATE TABLE parts (at date) PARTITION BY RANGE (at)",
            "seed.unsatisfied",
            "its partitions",
        ),
        (
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
             CREATE TABLE guarded (id int PRIMARY KEY); CREATE TRIGGER no BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION no()",
            "sql.rejected",
            "not today",
        ),
    ];
    for (index, (schema, code, said)) in cases.into_iter().enumerate() {
        let url = cluster.create_database(&format!("case_{index}"), "app").await;
        // It comes first, and would be full if anything were half done.
        run_sql(
            &url,
            &format!("CREATE SCHEMA aa; CREATE TABLE aa.first (id int PRIMARY KEY); {schema}"),
        )
        .await;
        let run = ponte(directory.path(), &url, &["seed", "--rows", "10"]).ends(2);
        assert!(
            run.stderr.contains(code) && run.stderr.contains(said),
            "{said}: {}",
            run.stderr
        );
        assert_eq!(text(&url, "SELECT count(*)::text FROM aa.first").await, "0");
    }
    let url = cluster.url("case_0", "app");
    let run = ponte(directory.path(), &url, &["seed", "--table", "digit"]).ends(2);
    assert!(run.stderr.contains("did you mean digits?"), "{}", run.stderr);
    let run = ponte(directory.path(), &url, &["seed", "--table", "digits=many"]).ends(2);
    assert!(run.stderr.contains("no number of rows"), "{}", run.stderr);
    let run = ponte(directory.path(), &url, &["seed", "--seed", "7"]).ends(2);
    assert!(
        run.stderr.contains("ponte seed --rows 100 --seed 7"),
        "{}",
        run.stderr
    );
}
