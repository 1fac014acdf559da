//! A server as its data directory tells of it: `postmaster.pid`, and the processes that really exist.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};

use super::account::Account;
use super::home;

/// A process id that no system hands out: what a stale `postmaster.pid` is given when its own belongs to a stranger.
const NOBODY: i32 = i32::MAX;

/// How far a server has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It recovers, or is about to listen.
    Starting,
    /// It accepts connections.
    Ready,
    /// It has been told to stop.
    Stopping,
}

/// A server that is alive.
#[derive(Debug, Clone)]
pub(super) struct Postmaster {
    pub(super) pid: Pid,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
    pub(super) status: Status,
}

impl Postmaster {
    /// The server that runs on this data directory, if one does. A file left behind by a dead one counts as none.
    pub(super) fn of(data: &Path) -> Option<Self> {
        let found = parse(&std::fs::read_to_string(pid_file(data)).ok()?)?;
        works_in(found.pid, data).then_some(found)
    }

    /// Sends a signal. A server that is gone already does not mind.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process(self.pid, signal);
    }
}

/// Makes a `postmaster.pid` that outlived its server harmless when its process id has been given to somebody else, which
/// would stop every start with «lock file already exists». The rest of the file stays: the server looks up the shared
/// memory named in it to be sure that no backend of the dead one is left.
pub(super) fn disown_reused_pid(data: &Path, account: Account) -> std::io::Result<()> {
    let Ok(text) = std::fs::read_to_string(pid_file(data)) else {
        return Ok(());
    };
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let taken = pid_from(first)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok() && !works_in(pid, data));
    if taken {
        let disowned = [&NOBODY.to_string(), "\n", rest].concat();
        home::write_private(&pid_file(data), disowned.as_bytes())?;
        account.own(&pid_file(data))?;
    }
    Ok(())
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Lines: process id, data directory, start time, port, socket directory, address, shared memory, status.
fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pid = pid_from(lines.first()?)?;
    Some(Postmaster {
        pid,
        port: lines.get(3).and_then(|line| line.parse().ok()).unwrap_or(0),
        socket_dir: lines.get(4).map(PathBuf::from).unwrap_or_default(),
        status: match lines.get(7).copied() {
            Some("ready" | "standby") => Status::Ready,
            Some("stopping") => Status::Stopping,
            _ => Status::Starting,
        },
    })
}

fn pid_from(line: &str) -> Option<Pid> {
    line.trim()
        .parse()
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw)
}

/// Whether this process is a server of that data directory: every process of a server works inside it.
#[cfg(target_os = "linux")]
fn works_in(pid: Pid, data: &Path) -> bool {
    std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).is_ok_and(|cwd| cwd == data)
}

/// Whether this process is a server of that data directory, which is on its command line.
#[cfg(not(target_os = "linux"))]
fn works_in(pid: Pid, data: &Path) -> bool {
    std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.as_raw_nonzero().to_string()])
        .output()
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&*data.to_string_lossy()))
}

/// Every process of the server on this data directory, the ones whose postmaster has died included.
#[cfg(target_os = "linux")]
pub(super) fn family(data: &Path) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries
        .filter_map(|entry| pid_from(entry.ok()?.file_name().to_str()?))
        .filter(|pid| works_in(*pid, data))
        .collect()
}

/// The postmaster; its children notice its death by themselves.
#[cfg(not(target_os = "linux"))]
pub(super) fn family(data: &Path) -> Vec<Pid> {
    Postmaster::of(data)
        .map(|server| server.pid)
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "4711\n/srv/data\n1700000000\n25432\n/tmp/s\n127.0.0.1\n  5432001    131072\nready   \n";

    #[test]
    fn the_file_of_a_running_server_is_read() {
        let server = parse(FILE).unwrap();
        assert_eq!(server.pid.as_raw_nonzero().get(), 4711);
        assert_eq!(
            (server.port, server.socket_dir.as_path()),
            (25432, Path::new("/tmp/s"))
        );
        assert_eq!(server.status, Status::Ready);
    }

    #[test]
    fn a_file_that_is_still_being_written_means_starting() {
        assert_eq!(
            parse("4711\n/srv/data\n1700000000\n").unwrap().status,
            Status::Starting
        );
        assert!(parse("").is_none());
        assert!(parse("-1\n").is_none());
    }

    #[test]
    fn a_pid_that_belongs_to_a_stranger_is_disowned_and_the_rest_kept() {
        let data = tempfile::tempdir().unwrap();
        let ours = std::process::id();
        let rest = "/srv/data\n1700000000\n25432\n";
        std::fs::write(pid_file(data.path()), format!("{ours}\n{rest}")).unwrap();
        assert!(Postmaster::of(data.path()).is_none());

        disown_reused_pid(data.path(), Account::choose(None).unwrap()).unwrap();

        let text = std::fs::read_to_string(pid_file(data.path())).unwrap();
        assert_eq!(text, format!("{NOBODY}\n{rest}"));
    }
}
