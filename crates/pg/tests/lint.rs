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
        cluster.sql("postgres", "CREATE DATABASE base").await;
        cluster.sql("base", &blocks("README.md").remove(0).text).await;
        Self { cluster, copies: 0 }
    }

    async fn observe(&mut self, script: &Script) -> Observations {
        self.copies += 1;
        let name = format!("example_{}", self.copies);
        let copy = format!("CREATE DATABASE {name} TEMPLATE base");
        self.cluster.sql("postgres", &copy).await;
        let conninfo = Conninfo::parse(&self.cluster.superuser_url(&name)).unwrap();
        let witness = Witness::connect(&conninfo, None).await.unwrap();
        match witness.watch(script).await {
            Ok(seen) => seen,
            Err(e) => {
                let failure = e.migration().map(ToString::to_string);
                panic!("cannot run {}: {e}: {failure:?}", script.text())
            }
        }
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
            let seen = laboratory.observe(&files.last().unwrap().up).await;
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
