//! What every command has in common, seen from outside: output, exit codes, errors.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Project(tempfile::TempDir);

/// The program without anything of this environment that could change what it says.
fn ponte(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
    command.args(args).current_dir(directory).env_clear();
    command
}

impl Project {
    fn new(toml: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::write(project.0.path().join("ponte.toml"), toml).unwrap();
        project
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(ponte(self.0.path(), args).output().unwrap())
    }
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json_error(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(2));
        assert_eq!(self.stdout, "");
        serde_json::from_str::<serde_json::Value>(&self.stderr).unwrap()["error"].take()
    }
}

const LINKED: &str = "\
[nodes.replit]
url = \"${DATABASE_URL}\"
[nodes.neon]
url = \"postgres://ana:geheim@neon/d\"
[[links]]
name = \"perfis\"
between = [\"replit\", \"neon\"]
[[links.tables]]
table = \"perfis\"
[project]
name = \"casa\"
";

#[test]
fn config_show_prints_every_value_with_its_origin_and_no_password() {
    let project = Project::new(LINKED);
    let output = ponte(project.0.path(), &["config", "show", "--node", "neon"])
        .env("PONTE_YES", "1")
        .output()
        .unwrap();
    let run = Run::of(output);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let shown = run.stdout.lines().skip(1).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("config_show", shown);
}

#[test]
fn config_show_as_json_is_one_document() {
    let run = Project::new(LINKED).run(&["--output", "json", "config", "show"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let settings = document["settings"].as_array().unwrap();
    let every = settings
        .iter()
        .find(|line| line["key"] == "links.perfis.every")
        .unwrap();
    assert_eq!(every["value"], "5m");
    assert_eq!(every["origin"], "default");
    assert!(!run.stdout.contains("geheim"));
}

#[test]
fn a_fault_in_the_file_ends_with_two_and_points_at_the_line() {
    let run = Project::new("[nodes.a]\nurl = \"host=a\"\nalow_pooler = true\n").run(&["config", "show"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!("fault_in_the_file", run.stderr);
}

#[test]
fn an_error_as_json_is_one_document_on_stderr() {
    let error = Project::new("[node]\n")
        .run(&["config", "show", "--output=json"])
        .json_error();
    assert_eq!(error["code"], "config.invalid");
    assert_eq!(error["places"][0]["line"], 1);
    assert_eq!(error["places"][0]["help"], "did you mean \"nodes\"?");
    assert_eq!(error["docs"], "ponte explain config.invalid");
}

#[test]
fn a_misspelled_command_is_answered_with_the_one_that_was_meant() {
    let project = Project::new("");
    let run = project.run(&["confgi", "show"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("a similar subcommand exists: 'config'"),
        "{}",
        run.stderr
    );
    let error = project.run(&["--output", "json", "confgi", "show"]).json_error();
    assert_eq!(error["code"], "usage");
    assert_eq!(error["help"], "a similar subcommand exists: 'config'");
}

#[test]
fn a_command_that_needs_no_project_works_beside_a_broken_file() {
    let run = Project::new("broken").run(&["explain", "config.invalid"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.starts_with("# config.invalid: "), "{}", run.stdout);
}

#[test]
fn the_version_and_the_help_are_results() {
    let project = Project::new("");
    let run = project.run(&["--version"]);
    assert_eq!(run.stdout, format!("ponte {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(project.run(&["--help"]).code, Some(0));
    assert_eq!(project.run(&[]).code, Some(2));
}

#[test]
fn another_directory_and_another_file_can_be_named() {
    let project = Project::new("[project]\nname = \"casa\"\n");
    fs::write(
        project.0.path().join("other.toml"),
        "[project]\nname = \"outra\"\n",
    )
    .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let directory = project.0.path().to_str().unwrap();
    let show = |args: &[&str]| Run::of(ponte(elsewhere.path(), args).output().unwrap());
    assert!(show(&["-C", directory, "config", "show"]).stdout.contains("casa"));
    assert!(
        show(&["config", "show", "-C", directory, "--config", "other.toml"])
            .stdout
            .contains("outra")
    );
    let run = show(&["-C", "nowhere", "config", "show"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error[usage]: "), "{}", run.stderr);
}

#[test]
fn what_destroys_something_is_refused_where_nobody_can_be_asked() {
    let project = Project::new(LINKED);
    let both = [("DATABASE_URL", "host=127.0.0.1 port=1 dbname=d user=u")];
    let output = ponte(project.0.path(), &["sync", "drop", "--output", "json"])
        .envs(both)
        .output()
        .unwrap();
    let error = Run::of(output).json_error();
    assert_eq!(error["code"], "usage.unconfirmed");
    assert_eq!(error["help"], "add -y if that is what should happen");
    assert!(
        error["context"]["question"]
            .as_str()
            .unwrap()
            .contains("\"perfis\""),
        "{error}"
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let project = Project::new("");
    let mut child = ponte(project.0.path(), &["explain"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
}

#[test]
fn colour_is_shown_only_where_it_is_wanted() {
    let project = Project::new("[node]\n");
    let stderr = |args: &[&str], variables: &[(&str, &str)]| {
        let output = ponte(project.0.path(), args)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        Run::of(output).stderr
    };
    let forced = [("CLICOLOR_FORCE", "1")];
    assert!(
        !stderr(&["config", "show"], &[]).contains('\u{1b}'),
        "a pipe is no terminal"
    );
    assert!(stderr(&["config", "show"], &forced).contains('\u{1b}'));
    assert!(!stderr(&["--no-color", "config", "show"], &forced).contains('\u{1b}'));
}
