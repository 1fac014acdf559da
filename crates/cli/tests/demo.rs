//! `ponte demo` from outside, without a terminal: what it prints, how it ends, and that nothing of it is left.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use ponte_testkit::eventually;
use serde_json::Value;

/// How long a demo may take to come up, or to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place of its own for everything that a demo makes, so that what is left over can be seen.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        // Passable, as a temporary directory is: the servers may run as another account.
        let place = tempfile::Builder::new().prefix("p").tempdir_in("/tmp").unwrap();
        let mut permissions = fs::metadata(place.path()).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o777);
        fs::set_permissions(place.path(), permissions).unwrap();
        Self(place)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ponte(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("TMPDIR", self.path())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            // Whatever somebody's shell says: the demo never leads there.
            .env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.ponte(args).output().unwrap()
    }

    /// What lies in the place, without the clusters' templates, which stay on purpose.
    fn contents(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let template = |path: &PathBuf| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("ponte-cache")
        };
        entries.filter(|path| !template(path)).collect()
    }

    /// The processes whose command line names the place.
    fn processes(&self) -> Vec<String> {
        let place = self.path().to_str().unwrap();
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let path = entry.ok()?.path().join("cmdline");
            let words = fs::read(path).ok()?;
            Some(String::from_utf8_lossy(&words).replace('\0', " "))
        });
        pids.filter(|line| line.contains(place)).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_demo_ends_by_itself_with_both_sides_equal_and_leaves_nothing() {
    let place = Place::new();
    let output = place.run(&["demo", "--for", "5"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}{stderr}");
    assert!(stdout.starts_with("EQUAL\n"), "{stdout}");
    assert!(stdout.contains("stays"), "an example of a conflict: {stdout}");
    assert!(stderr.contains("psql \"host="), "how to look around: {stderr}");
    assert_eq!(place.processes(), Vec::<String>::new());
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
}

#[test]
fn a_demo_as_json_is_one_document_with_figures_that_agree() {
    let place = Place::new();
    let output = place.run(&["--output", "json", "-q", "demo", "--for", "3"]);
    assert_eq!(text(&output.stderr), "");
    let proof: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{proof}");
    assert_eq!(proof["equal"], true);
    let table = &proof["tables"][0];
    assert!(table["rows"]["replit"].as_i64().unwrap() > 12, "{proof}");
    assert_eq!(table["rows"]["replit"], table["rows"]["neon"]);
    assert_eq!(table["checksum"]["replit"], table["checksum"]["neon"]);
    for node in ["replit", "neon"] {
        assert!(proof["writes"][node].as_u64().unwrap() > 0, "{proof}");
        assert_eq!(proof["pending"][node], 0);
    }
    assert!(proof["conflicts_kept"].as_i64().unwrap() >= 1, "{proof}");
    assert!(proof["example"]["winner"].is_string(), "{proof}");
}

#[tokio::test]
async fn a_signal_ends_a_demo_as_a_key_does() {
    let place = Place::new();
    let mut demo = place
        .ponte(&["--output", "json", "demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let project = running(&place).await;
    // The project that a person would look around in works from another program, whatever DATABASE_URL says.
    let status = eventually(PATIENCE, "a link that runs", async || {
        let output = place.run(&[
            "-C",
            project.to_str().unwrap(),
            "--output",
            "json",
            "sync",
            "status",
        ]);
        let status: Value = serde_json::from_slice(&output.stdout).ok()?;
        (status["links"][0]["conflicts"].as_i64()? > 0).then_some(status)
    })
    .await;
    assert_eq!(status["links"][0]["state"], "running", "{status}");
    terminate(&demo);
    let status = ended(&mut demo).await;
    assert_eq!(status, Some(0));
    let mut proof = String::new();
    std::io::Read::read_to_string(&mut demo.stdout.take().unwrap(), &mut proof).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&proof).unwrap()["equal"], true);
    assert_eq!(place.processes(), Vec::<String>::new());
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_servers_of_a_demo_that_is_killed_end_with_it() {
    let place = Place::new();
    let mut demo = place
        .ponte(&["demo"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    running(&place).await;
    assert!(
        !place.processes().is_empty(),
        "the servers are to be found at all"
    );
    demo.kill().unwrap();
    demo.wait().unwrap();
    eventually(PATIENCE, "the end of both servers", async || {
        place.processes().is_empty().then_some(())
    })
    .await;
}

#[test]
fn a_demo_that_is_kept_goes_on_where_it_ended() {
    let place = Place::new();
    let rows = |args: &[&str]| {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document
    };
    let first = rows(&["--output", "json", "demo", "--keep", "--for", "2"]);
    assert_eq!(place.processes(), Vec::<String>::new());
    let project = place.path().join(".ponte/demo");
    let project = project.to_str().unwrap();
    // The commands that it names start what they need, and stop it again.
    let diff = rows(&["-C", project, "--output", "json", "sync", "diff"]);
    assert_eq!(diff["equal"], true);
    assert_eq!(diff["links"][0]["tables"][0]["rows"], first["tables"][0]["rows"]);
    let second = rows(&["--output", "json", "demo", "--keep", "--for", "2"]);
    let kept = |proof: &Value| proof["conflicts_kept"].as_i64().unwrap();
    assert!(kept(&second) > kept(&first), "{first} {second}");
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[test]
fn a_port_that_is_taken_is_refused_before_anything_is_left_behind() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = place.run(&["demo", "--for", "1", "--port", &port]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(&port), "{}", text(&output.stderr));
    assert_eq!(place.processes(), Vec::<String>::new());
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
}

/// The project of the demo that is coming up in the place, once the link is installed.
async fn running(place: &Place) -> PathBuf {
    eventually(PATIENCE, "a project", async || {
        let named = |path: &PathBuf| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("ponte-demo-")
        };
        let project = place.contents().into_iter().find(named)?;
        project
            .join(".ponte/run/perfis.json")
            .is_file()
            .then_some(project)
    })
    .await
}

fn terminate(child: &Child) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
}

async fn ended(child: &mut Child) -> Option<i32> {
    let ended = eventually(PATIENCE, "the end of the demo", || {
        let status = child.try_wait().unwrap();
        async move { status }
    });
    ended.await.code()
}
