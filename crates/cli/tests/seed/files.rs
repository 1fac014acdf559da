//! Files of SQL: once each, and again where they have changed.

use std::fs;

use ponte_testkit::TestCluster;
use serde_json::json;

use super::{ponte, run_sql, text};

#[tokio::test]
async fn a_file_is_applied_once_and_again_when_it_has_changed() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    run_sql(&url, "CREATE TABLE plans (name text)").await;
    let project = tempfile::tempdir().unwrap();
    let missing = ponte(project.path(), &url, &["seed"]).ends(2);
    assert!(missing.stderr.contains("seed.file"), "{}", missing.stderr);
    let seeds = project.path().join("seeds");
    fs::create_dir(&seeds).unwrap();
    fs::write(seeds.join("002_more.sql"), "INSERT INTO plans VALUES ('team');\n").unwrap();
    fs::write(
        seeds.join("001_plans.sql"),
        "SET search_path = nowhere;\nINSERT INTO public.plans VALUES ('free'), ('pro');\n",
    )
    .unwrap();
    let run = |args: &[&str], code| {
        ponte(
            project.path(),
            &url,
            &[&["seed", "--output", "json"], args].concat(),
        )
        .ends(code)
    };
    let names = async || text(&url, "SELECT string_agg(name, ' ' ORDER BY name) FROM plans").await;

    let first = run(&[], 0).json();
    assert_eq!(
        first,
        json!({"applied": ["001_plans.sql", "002_more.sql"], "changed": [], "unchanged": []})
    );
    let second = run(&[], 0).json();
    assert_eq!(
        second,
        json!({"applied": [], "changed": [], "unchanged": ["001_plans.sql", "002_more.sql"]})
    );
    assert_eq!(names().await, "free pro team");

    fs::write(seeds.join("002_more.sql"), "INSERT INTO plans VALUES ('max');\n").unwrap();
    let third = run(&[], 0).json();
    assert_eq!(third["changed"], json!(["002_more.sql"]));
    assert_eq!(names().await, "free max pro team");
    let again = run(&["--again"], 0).json();
    assert_eq!(again["applied"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_rejected_statement_is_shown_in_its_file_and_undoes_the_file() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    run_sql(&url, "CREATE TABLE plans (name text PRIMARY KEY)").await;
    let project = tempfile::tempdir().unwrap();
    let seeds = project.path().join("seeds");
    fs::create_dir(&seeds).unwrap();
    fs::write(seeds.join("001_good.sql"), "INSERT INTO plans VALUES ('free');\n").unwrap();
    let bad = "INSERT INTO plans VALUES ('pro');\n\nINSERT INTO plans (nome) VALUES ('team');\n";
    fs::write(seeds.join("002_bad.sql"), bad).unwrap();
    let run = ponte(project.path(), &url, &["seed"]).ends(2);
    for said in ["seed.failed", "002_bad.sql:3:20", "^^^^", "nothing of this file"] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    assert_eq!(
        text(&url, "SELECT string_agg(name, ' ') FROM plans").await,
        "free"
    );
    fs::write(seeds.join("002_bad.sql"), "VACUUM plans;\n").unwrap();
    let run = ponte(project.path(), &url, &["seed"]).ends(2);
    assert!(
        run.stderr.contains("cannot run in a transaction"),
        "{}",
        run.stderr
    );
}
