//! The pages of the rules are true: every example is run on a server and judged.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::fs;
use std::path::PathBuf;

use ponte_pg::Conninfo;
use ponte_pg::observe::Witness;
use ponte_schema::lint::{Finding, Known, Observations, RULES, Severity, lint};
use ponte_schema::migration::{MigrationSet, Script};
use ponte_testkit::TestCluster;

/// A fenced block of a page.
struct Block {
    /// The headline that it stands under.
    section: String,
    language: String,
    text: String,
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/lint")
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(directory().join(page)).unwrap();
    let (mut section, mut blocks, mut open) = (String::new(), Vec::<Block>::new(), false);
    for line in text.lines() {
        match (open, line.strip_prefix("```"), line.strip_prefix("## ")) {
            (false, Some(language), _) => {
                open = true;
                blocks.push(Block {
                    section: section.clone(),
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (true, Some(_), _) => open = false,
            (true, None, _) => {
                let text = &mut blocks.last_mut().unwrap().text;
                text.push_str(line);
                text.push('\n');
            }
            (false, None, Some(headline)) => section = headline.to_owned(),
            (false, None, None) => {}
        }
    }
    blocks
}

fn files(example: &str) -> MigrationSet {
    let file = ("001_example.sql".to_owned(), example.as_bytes().to_vec());
    MigrationSet::from_files([file]).unwrap()
}

fn judge(files: &MigrationSet, observed: Option<&Observations>) -> Vec<Finding> {
    lint(Known {
        migration: files.last().unwrap(),
        observed,
        sizes: None,
        past: None,
    })
}

/// A server with a database that holds the tables of the examples, to be copied for each.
struct Laboratory {
    cluster: TestCluster,
    copies: usize,
}

impl Laboratory {
    async fn open() -> Self {
        let cluster = TestCluster::builder().setting("lc_messages", "C").start().await;
        cluster.sql("postgres", "CREATE ROLE app").await;
        cluster.sql("postgres", "CREATE DATABASE base").await;
        cluster.sql("base", &blocks("README.md").remove(0).text).await;
        Self { cluster, copies: 0 }
    }

    async fn observe(&mut self, script: &Script) -> Result<Observations, String> {
        self.copies += 1;
        let name = format!("example_{}", self.copies);
        let copy = format!("CREATE DATABASE {name} TEMPLATE base");
        self.cluster.sql("postgres", &copy).await;
        let conninfo = Conninfo::parse(&self.cluster.superuser_url(&name)).unwrap();
        let witness = Witness::connect(&conninfo, None).await.unwrap();
        witness.watch(script).await.map_err(|e| {
            let failure = e.migration().map(ToString::to_string);
            format!("cannot run {}: {e}: {failure:?}", script.text())
        })
    }
}

#[tokio::test]
async fn what_the_pages_call_dangerous_is_found_and_what_they_call_harmless_is_not() {
    let mut laboratory = Laboratory::open().await;
    let mut wrong: Vec<String> = Vec::new();
    for rule in RULES {
        let mut last_observed: Vec<String> = Vec::new();
        for block in blocks(&format!("{}.md", rule.code)) {
            let (code, text) = (rule.code, block.text.as_str());
            if block.language == "seen" {
                let expected: Vec<&str> = text.lines().collect();
                if last_observed != expected {
                    wrong.push(format!("{code}: expected {expected:#?}, seen {last_observed:#?}"));
                }
                continue;
            }
            let files = files(text);
            let seen = match laboratory.observe(&files.last().unwrap().up).await {
                Ok(seen) => seen,
                Err(failure) => {
                    wrong.push(failure);
                    continue;
                }
            };
            let found = judge(&files, Some(&seen));
            let named = found.iter().find(|finding| finding.rule == code);
            match block.section.as_str() {
                "Dangerous" => match named {
                    Some(finding) => last_observed.clone_from(&finding.observed),
                    None => wrong.push(format!("{code} does not find\n{text}{found:#?}\n{seen:#?}")),
                },
                "Harmless" => {
                    let loud = found.iter().find(|finding| finding.severity > Severity::Note);
                    if let Some(finding) = loud {
                        wrong.push(format!(
                            "{code}: {} is a false alarm about\n{text}{finding:#?}",
                            finding.rule
                        ));
                    }
                }
                other => panic!("{code}: an example under {other}"),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Statements that other tools warn of and that disturb nobody, or for a moment only.
const HARMLESS: [&str; 25] = [
    "ALTER TABLE users ADD COLUMN a timestamptz DEFAULT now(), ADD COLUMN b text DEFAULT 'x' NOT NULL",
    "ALTER TABLE users ALTER COLUMN name TYPE varchar(400)",
    "ALTER TABLE users ALTER COLUMN name TYPE varchar",
    "ALTER TABLE users ALTER COLUMN note TYPE varchar",
    "ALTER TABLE orders ALTER COLUMN total TYPE numeric(20, 2)",
    "ALTER TABLE users ALTER COLUMN age SET STATISTICS 500, ALTER COLUMN age SET (n_distinct = -0.5)",
    "ALTER TABLE users ALTER COLUMN note SET STORAGE EXTERNAL",
    "ALTER TABLE users ALTER COLUMN age SET DEFAULT 18",
    "ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.01)",
    "ALTER INDEX users_age RENAME TO users_by_age",
    "ALTER INDEX users_age SET (fillfactor = 70)",
    "CREATE STATISTICS users_both (dependencies) ON age, name FROM users",
    "CREATE PUBLICATION changes FOR TABLE users",
    "COMMENT ON TABLE users IS 'people'",
    "ALTER TABLE users OWNER TO app",
    "ALTER TABLE users DISABLE TRIGGER USER",
    "ALTER TABLE users VALIDATE CONSTRAINT users_pending",
    "ALTER TABLE users CLUSTER ON users_age",
    "VACUUM (ANALYZE, FULL off) users",
    "ANALYZE users",
    "SELECT count(*) FROM users",
    "LOCK TABLE users IN SHARE MODE",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
    "REVOKE ALL ON users FROM PUBLIC",
    "CREATE TYPE colour AS ENUM ('red', 'green')",
];

#[tokio::test]
async fn what_disturbs_nobody_is_not_found_by_what_is_seen_nor_by_the_words() {
    let mut laboratory = Laboratory::open().await;
    let mut wrong: Vec<String> = Vec::new();
    let pending = "ALTER TABLE users ADD CONSTRAINT users_pending CHECK (age > 0) NOT VALID;
                   CREATE UNIQUE INDEX ON totals (kind)";
    laboratory.cluster.sql("base", pending).await;
    for statement in HARMLESS {
        let files = files(statement);
        let loud = judge(&files, None)
            .into_iter()
            .filter(|finding| finding.severity > Severity::Note);
        wrong.extend(loud.map(|finding| format!("{statement}, by the words: {finding:?}")));
        match laboratory.observe(&files.last().unwrap().up).await {
            Ok(seen) => {
                let found = judge(&files, Some(&seen)).into_iter();
                wrong.extend(found.map(|finding| format!("{statement}, seen: {finding:?}")));
            }
            Err(failure) => wrong.push(failure),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rules that words alone cannot keep.
const SEEN_ONLY: [&str; 14] = [
    "add-existing-column",
    "alter-table-twice",
    "attach-partition",
    "foreign-key-without-index",
    "late-file",
    "locks-another-table",
    "long-lock",
    "policy-without-row-security",
    "redundant-index",
    "row-security-without-policy",
    "several-tables-locked",
    "table-without-primary-key",
    "unused-allowance",
    "view-around-policies",
];

/// What only a server knows to be harmless: the rule, and a part of the example.
const UNKNOWN_TO_WORDS: [(&str, &str); 4] = [
    ("drop-index", "no_such_index"),
    ("drop-table", "no_such_table"),
    ("narrow-domain", "DOMAIN positive"),
    ("change-storage", "SET LOGGED"),
];

#[test]
fn the_words_alone_find_nearly_everything_and_ask_about_little_more() {
    let mut wrong: Vec<String> = Vec::new();
    for rule in RULES.iter().filter(|rule| !SEEN_ONLY.contains(&rule.code)) {
        let code = rule.code;
        for block in blocks(&format!("{code}.md"))
            .iter()
            .filter(|block| block.language == "sql")
        {
            let found = judge(&files(&block.text), None);
            let named = found.iter().any(|finding| finding.rule == code);
            let loud = found.iter().find(|finding| finding.severity > Severity::Note);
            let excused = |(rule, part): &(&str, &str)| *rule == code && block.text.contains(part);
            match (block.section.as_str(), loud) {
                // The domain's condition is known to a server only.
                ("Dangerous", _) if !named && !block.text.contains("level positive") => {
                    wrong.push(format!("{code} does not find\n{}", block.text));
                }
                ("Harmless", Some(loud)) if !UNKNOWN_TO_WORDS.iter().any(excused) => {
                    wrong.push(format!("{} is a false alarm about\n{}", loud.rule, block.text));
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn how_a_transaction_reads_can_be_said_at_its_beginning() {
    let mut laboratory = Laboratory::open().await;
    let text = "SET lock_timeout = '2s';
                SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
                SET client_min_messages = warning;
                ALTER TABLE users ALTER COLUMN age SET NOT NULL;";
    let files = files(text);
    let seen = laboratory.observe(&files.last().unwrap().up).await.unwrap();
    assert_eq!(seen.statements.len(), 4);
    assert!(seen.statements[3].scans(), "{seen:?}");
}
