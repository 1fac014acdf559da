//! How a cluster ends: left, stopped, stopped at once, killed, or dropped.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::cluster::Cluster;
use super::home::{LOCK, Note};
use super::launch::reap;
use super::lock::Lock;
use super::postmaster::{self, Postmaster};
use crate::error::{Error, ErrorKind, Result};

/// How often a server that was told to stop is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How long a server may take over an orderly stop before it is told more firmly.
const PATIENCE: Duration = Duration::from_secs(20);

impl Cluster {
    /// Leaves the cluster, and stops a named one if nobody else uses it and nobody asked to keep it running. A throw-away
    /// one is stopped and removed.
    ///
    /// # Errors
    /// `embedded.directory` where another program starts or stops it for too long, `embedded.start` where it does not stop.
    pub async fn leave(mut self) -> Result<()> {
        let Some(users) = self.users.take() else {
            self.halt(Signal::QUIT).await?;
            if let Some(guardian) = self.guardian.take() {
                guardian.finish(Instant::now() + PATIENCE).await;
            }
            return Ok(());
        };
        let lock = self.lock().await?;
        if users.was_the_last() && self.home.note(Note::Keep).is_none() {
            self.halt(Signal::INT).await?;
            let _ = std::fs::remove_dir(&self.socket_dir);
        }
        drop(lock);
        Ok(())
    }

    /// Stops the server in good order, whoever else uses it. [`Cluster::restart`] starts it again.
    ///
    /// # Errors
    /// As [`Cluster::leave`].
    pub async fn stop(&self) -> Result<()> {
        self.home.remove_note(Note::Keep);
        self.halt(Signal::INT).await
    }

    /// Stops the server at once, without a checkpoint: it will have to recover.
    ///
    /// # Errors
    /// As [`Cluster::leave`].
    pub async fn stop_immediate(&self) -> Result<()> {
        self.halt(Signal::QUIT).await
    }

    /// Kills every process of the server, as a crash of its machine would.
    ///
    /// # Errors
    /// As [`Cluster::leave`].
    pub async fn kill(&self) -> Result<()> {
        let mut child = self.child.lock().await;
        self.kill_family().await?;
        reap(child.take());
        Ok(())
    }

    /// Sends the signal and waits for the end; more firmly when that takes too long.
    pub(super) async fn halt(&self, signal: Signal) -> Result<()> {
        let mut child = self.child.lock().await;
        for signal in [signal, Signal::QUIT] {
            let Some(server) = Postmaster::of(&self.home.data()) else {
                break;
            };
            server.signal(signal);
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline && Postmaster::of(&self.home.data()).is_some() {
                tokio::time::sleep(POLL).await;
            }
        }
        self.kill_family().await?;
        reap(child.take());
        Ok(())
    }

    /// Kills what is left of the server until nothing is.
    async fn kill_family(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let family = postmaster::family(&self.home.data());
            if family.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::new(
                    ErrorKind::EmbeddedStart,
                    "the server does not even end when it is killed",
                )
                .with("data_directory", self.home.data().display()));
            }
            for pid in family {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Cluster {
    /// Leaves without waiting. The note tells whoever comes next that the server, though it looks ready, is on its way out.
    fn drop(&mut self) {
        let child = self.child.get_mut().take();
        if let Some(users) = self.users.take()
            && let Some(_lock) = Lock::try_exclusive(&self.home.ours.join(LOCK))
            && users.was_the_last()
            && self.home.note(Note::Keep).is_none()
            && let Some(server) = Postmaster::of(&self.home.data())
        {
            let pid = server.pid.as_raw_nonzero().to_string();
            if self.home.write_note(Note::Stopping, &pid).is_ok() {
                server.signal(Signal::INT);
            }
        }
        drop(self.guardian.take());
        reap(child);
    }
}
