//! Locks that the kernel releases when their holder dies, however it dies.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};

/// How often a lock that somebody else holds is tried again.
const POLL: Duration = Duration::from_millis(5);

/// A lock on a file, released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Waits until nobody else holds the lock.
    ///
    /// # Errors
    /// `embedded.directory` where the file cannot be made or the holder does not let go before the deadline.
    pub(super) async fn exclusive(path: &Path, deadline: Instant) -> Result<Self> {
        let file = open(path)?;
        while let Err(e) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            let held = matches!(e, Errno::WOULDBLOCK | Errno::INTR);
            if !held {
                return Err(Error::new(
                    ErrorKind::EmbeddedDirectory,
                    "cannot lock the cluster on this file system",
                )
                .with("lock", path.display())
                .because(e));
            }
            if Instant::now() >= deadline {
                return Err(Error::new(
                    ErrorKind::EmbeddedDirectory,
                    "cannot lock the cluster: another program has been starting or stopping it for too long",
                )
                .with("lock", path.display()));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(Self { file })
    }

    /// Takes the lock if nobody else holds it.
    pub(super) fn try_exclusive(path: &Path) -> Option<Self> {
        let file = open(path).ok()?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self { file })
    }

    /// Joins the holders of a shared lock. Whoever wants it alone holds another lock first, so this does not wait.
    pub(super) fn shared(path: &Path) -> Result<Self> {
        let file = open(path)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).map_err(|e| {
            Error::new(
                ErrorKind::EmbeddedDirectory,
                "cannot count as a user of the cluster",
            )
            .with("lock", path.display())
            .because(e)
        })?;
        Ok(Self { file })
    }

    /// Whether we are the only holder of this shared lock, which is given up either way. Asked under the lock that everybody
    /// takes before joining, so that the answer stays true.
    pub(super) fn was_the_last(self) -> bool {
        rustix::fs::flock(&self.file, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// Said aloud instead of left to closing the file, which a child that is just being forked may hold open for a moment.
    fn release(&self) {
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.release();
    }
}

/// Nobody else may open the file: even a reader could take the lock.
fn open(path: &Path) -> Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| {
            Error::new(ErrorKind::EmbeddedDirectory, "cannot make a lock file")
                .with("lock", path.display())
                .because(e)
        })
}
