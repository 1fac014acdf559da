//! Starting a server process, and a guardian for one that must not outlive us.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::account::{self, Account};
use super::binaries::Binaries;
use super::home::Home;
use super::postmaster::{self, Postmaster, Status};
use crate::error::{Error, ErrorKind, Result};

/// How often a server that is on its way is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How often a server that did not start is tried again: its port may have been taken in between, or backends of a killed
/// predecessor may still be on their way out.
const ATTEMPTS: usize = 5;

/// How long to wait between these attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Below the range from which systems take the ports of outgoing connections: a port from in there could be taken by any
/// client while the server restarts, even by a client of this very server that connects to itself.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// How much of the log's end an error quotes, in bytes.
const LOG_TAIL_BYTES: u64 = 2000;

/// A log longer than this, in bytes, is put aside at the next start.
const LOG_BYTES_MAX: u64 = 16 << 20;

/// Waits for our end of its pipe to close, which the kernel does however we end, then ends the server and removes its files.
const GUARDIAN: &str = include_str!("guardian.sh");

/// Where the server is to listen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Port {
    /// On a port that is free.
    Any,
    /// On this one if it is free.
    Preferably(u16),
    /// On this one: there are connection strings that name it.
    Exactly(u16),
}

/// What to start.
pub(super) struct Launch<'a> {
    pub(super) binaries: &'a Binaries,
    pub(super) account: Account,
    pub(super) home: &'a Home,
    pub(super) socket_dir: &'a Path,
    pub(super) deadline: Instant,
}

impl Launch<'_> {
    /// Starts the server and waits until it accepts connections.
    pub(super) async fn start(&self, wanted: Port) -> Result<(Child, u16)> {
        for attempt in 0..ATTEMPTS {
            let port = match wanted {
                Port::Exactly(port) => port,
                Port::Preferably(port) if attempt == 0 && is_free(port) => port,
                Port::Preferably(_) | Port::Any => free_port()?,
            };
            let mut starting = Starting(Some(self.spawn(port)?));
            if self.is_up(&mut starting).await?
                && let Some(child) = starting.0.take()
            {
                return Ok((child, port));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(self.failed("the server ends as soon as it is started"))
    }

    fn spawn(&self, port: u16) -> Result<Child> {
        let data = self.home.data();
        let failed = |e: std::io::Error| self.failed("cannot run the server").because(e);
        postmaster::disown_reused_pid(&data, self.account).map_err(failed)?;
        let log = self.open_log().map_err(failed)?;
        let mut sockets = OsString::from("unix_socket_directories=");
        sockets.push(self.socket_dir);
        let mut command = Command::new(self.binaries.program("postgres"));
        self.account.apply(&mut command);
        command
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c"])
            .arg(format!("port={port}"))
            .arg("-c")
            .arg(sockets)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log);
        command.spawn().map_err(failed)
    }

    /// False when the process has ended.
    async fn is_up(&self, starting: &mut Starting) -> Result<bool> {
        while let Some(child) = &mut starting.0 {
            let ours = Postmaster::of(&self.home.data())
                .filter(|server| server.pid == rustix::process::Pid::from_child(child));
            if ours.is_some_and(|server| server.status == Status::Ready) {
                return Ok(true);
            }
            if !matches!(child.try_wait(), Ok(None)) {
                return Ok(false);
            }
            if Instant::now() >= self.deadline {
                return Err(self.failed("the server does not get ready in time"));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(false)
    }

    fn open_log(&self) -> std::io::Result<File> {
        let path = self.home.log();
        if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > LOG_BYTES_MAX) {
            std::fs::rename(&path, path.with_extension("log.old"))?;
        }
        File::options().create(true).append(true).mode(0o600).open(path)
    }

    fn failed(&self, what: &'static str) -> Error {
        let log = self.home.log();
        Error::new(ErrorKind::EmbeddedStart, what)
            .with("data_directory", self.home.data().display())
            .with("log", log.display())
            .with("last_lines", tail(&log).unwrap_or_default())
            .hint(format!("read {}", log.display()))
    }
}

/// A server that is not up yet. It does not stay if nobody waits for it any more.
struct Starting(Option<Child>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            let _ = rustix::process::kill_process(rustix::process::Pid::from_child(child), Signal::QUIT);
        }
        reap(self.0.take());
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port that nobody listens on at this moment.
fn free_port() -> Result<u16> {
    let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
    let span = u64::from(PORTS.end - PORTS.start);
    (0..span)
        .filter_map(|step| u16::try_from((seed.wrapping_add(step * 7)) % span).ok())
        .map(|offset| PORTS.start + offset)
        .find(|port| is_free(*port))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::EmbeddedStart,
                "there is no free port on the loopback address",
            )
        })
}

fn tail(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))
        .ok()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}

/// The process that ends a throw-away server, and removes its files, once we are gone. Dropping it sends it to work.
#[derive(Debug)]
pub(super) struct Guardian {
    child: Option<Child>,
    pipe: Option<ChildStdin>,
}

impl Guardian {
    /// Posts a guardian before there is anything to guard. It has our account, not the server's, which may not be allowed
    /// to remove a directory from ours.
    pub(super) fn post(home: &Home) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        account::detached(&mut command);
        let mut child = command
            .args(["-c", GUARDIAN, "ponte-guardian"])
            .arg(&home.servers)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| {
                Error::new(ErrorKind::EmbeddedStart, "cannot start the guardian of a cluster").because(e)
            })?;
        let pipe = child.stdin.take();
        Ok(Self {
            child: Some(child),
            pipe,
        })
    }

    /// Sends it to work and waits until that is done.
    pub(super) async fn finish(mut self, deadline: Instant) {
        drop(self.pipe.take());
        while let Some(child) = &mut self.child
            && matches!(child.try_wait(), Ok(None))
            && Instant::now() < deadline
        {
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.pipe.take());
        reap(self.child.take());
    }
}

/// Takes note of a child's end whenever it comes, so that it does not stay behind as a zombie.
pub(super) fn reap(child: Option<Child>) {
    if let Some(mut child) = child {
        std::thread::spawn(move || child.wait());
    }
}
