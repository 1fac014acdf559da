//! A program of its own that uses a cluster, so that tests can share one with it and kill it.
//!
//! It is the test binary again, told to run only its ignored test `as_another_program`, which calls [`run`].

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use ponte_pg::embedded::{Cluster, ClusterOptions};
use ponte_testkit::{binaries, eventually};

/// Nothing here takes longer unless it hangs.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Precedes what the program says, among what the test harness says.
const MARK: &str = "program: ";

/// What the other program runs.
#[derive(Clone, Copy)]
pub(crate) enum Uses<'a> {
    /// A named cluster in this directory.
    Named(&'a Path),
    /// A throw-away one.
    ThrowAway,
}

/// The other program.
pub(crate) struct Program {
    child: Child,
    orders: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it; templates and sockets go to `temp`.
    pub(crate) fn start(uses: Uses<'_>, temp: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "as_another_program", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut orders = child.stdin.take().unwrap();
        let directory = match uses {
            Uses::Named(directory) => directory.to_str().unwrap(),
            Uses::ThrowAway => "",
        };
        writeln!(orders, "{directory}\n{}", temp.display()).unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            orders: Some(orders),
            says,
        }
    }

    /// Waits until its cluster is up: the server's process id, and its data directory.
    pub(crate) fn up(&mut self) -> (i32, PathBuf) {
        let said = self.hear();
        let (pid, data) = said.split_once(' ').unwrap();
        (pid.parse().unwrap(), PathBuf::from(data))
    }

    /// Tells it to leave, and waits until it has ended.
    pub(crate) fn leave(mut self) {
        drop(self.orders.take());
        assert_eq!(self.hear(), "left");
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn hear(&mut self) -> String {
        for line in self.says.by_ref().lines() {
            // The harness may have written the beginning of this line.
            if let Some((_, said)) = line.unwrap().split_once(MARK) {
                return said.to_owned();
            }
        }
        panic!("the other program ended without a word");
    }
}

/// The other program's whole life: learn what to use, use it, leave when told to.
pub(crate) async fn run() {
    let mut orders = std::io::stdin().lines();
    let (Some(Ok(directory)), Some(Ok(temp))) = (orders.next(), orders.next()) else {
        return;
    };
    let mut options = if directory.is_empty() {
        ClusterOptions::throw_away(binaries())
    } else {
        ClusterOptions::named(binaries(), Path::new(&directory))
    };
    options.temp_dir = PathBuf::from(temp);
    let cluster = Cluster::start(options).await.unwrap();
    println!(
        "{MARK}{} {}",
        cluster.pid().unwrap(),
        cluster.data_dir().display()
    );
    assert!(orders.next().is_none());
    cluster.leave().await.unwrap();
    println!("{MARK}left");
}

/// A named cluster whose start needs nothing but its directory and the temporary one.
pub(crate) fn named(directory: &Path, temp: &Path) -> ClusterOptions {
    let mut options = ClusterOptions::named(binaries(), directory);
    options.temp_dir = temp.to_owned();
    options
}

/// A temporary directory that the server's account can enter as well.
pub(crate) fn open_directory() -> tempfile::TempDir {
    directory_with_mode(0o755)
}

/// A temporary directory that is as open as `mode` says.
pub(crate) fn directory_with_mode(mode: u32) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    directory
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: i32) -> bool {
    let state = if cfg!(target_os = "linux") {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().unwrap_or_default().to_owned()
    } else {
        let mut ps = Command::new("ps");
        ps.args(["-o", "stat=", "-p", &pid.to_string()]);
        String::from_utf8(ps.output().unwrap().stdout).unwrap()
    };
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Waits until a process has ended.
pub(crate) async fn gone(pid: i32) {
    let end = || async { (!is_alive(pid)).then_some(()) };
    eventually(SOON, "the end of the server", end).await;
}
