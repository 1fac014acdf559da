//! What a running link says about itself to other programs on this machine.
//!
//! A pass that finds nothing writes nothing to either database, so «when did it last run» and «why is it waiting» cannot be read
//! there. The process leaves a small file below `.ponte/run/`, replaced in one step, and holds a lock beside it, which ends with
//! the process however that ends: a note without its lock is not believed.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a link is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// A pass is under way or waiting for its time.
    Running,
    /// Somebody paused it.
    Paused,
    /// A connection was lost or a server is busy; it is tried again.
    Retrying,
    /// A person has to change something; it is looked at again at the next scheduled time.
    Stopped,
}

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The process.
    pub pid: u32,
    /// What it is doing.
    pub state: LinkState,
    /// Why it is not running, in words, with the code.
    pub reason: Option<String>,
    /// When the last pass ended well.
    pub last_pass_at: Option<Timestamp>,
    /// When the next one begins, where that is known.
    pub next_pass_at: Option<Timestamp>,
    /// How often it has been tried in vain since.
    pub attempts: u32,
}

/// The files of one link: the note, and a lock that is held as long as the process lives.
#[derive(Debug)]
pub struct Journal {
    note: PathBuf,
    lock: PathBuf,
    held: Option<File>,
}

impl Journal {
    /// The files of a link below the project's state directory. Nothing is made yet.
    pub fn new(state_dir: &Path, link: &str) -> Self {
        let file = |suffix: &str| state_dir.join("run").join(format!("{link}.{suffix}"));
        Self {
            note: file("json"),
            lock: file("lock"),
            held: None,
        }
    }

    /// Claims the link for this process; false where another process of this machine has it.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn claim(&mut self) -> std::io::Result<bool> {
        if let Some(directory) = self.lock.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let file = File::create(&self.lock)?;
        match file.try_lock() {
            Ok(()) => {
                self.held = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    /// Replaces the note. What cannot be written is only missed by `status`, so a failure is logged and no more.
    pub fn write(&self, note: &Note) {
        if let Err(e) = self.try_write(note) {
            tracing::debug!(path = %self.note.display(), "cannot write the link's note: {e}");
        }
    }

    fn try_write(&self, note: &Note) -> std::io::Result<()> {
        let draft = self.note.with_extension("tmp");
        std::fs::write(&draft, serde_json::to_string(note)?)?;
        std::fs::rename(&draft, &self.note)
    }

    /// The note of a process that still runs.
    pub fn read(&self) -> Option<Note> {
        let lock = File::open(&self.lock).ok()?;
        if lock.try_lock().is_ok() {
            return None;
        }
        serde_json::from_str(&std::fs::read_to_string(&self.note).ok()?).ok()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.held.is_some() {
            // A note that stays behind is not believed without its lock.
            let _ = std::fs::remove_file(&self.note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note {
            pid: 1,
            state: LinkState::Running,
            reason: None,
            last_pass_at: None,
            next_pass_at: None,
            attempts: 0,
        }
    }

    #[test]
    fn a_note_is_read_as_long_as_its_process_holds_the_link() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(directory.path(), "perfis");
        assert!(journal.claim().unwrap());
        journal.write(&note());
        let reader = Journal::new(directory.path(), "perfis");
        assert_eq!(reader.read(), Some(note()));
        drop(journal);
        assert_eq!(reader.read(), None);
    }

    #[test]
    fn a_link_has_one_process() {
        let directory = tempfile::tempdir().unwrap();
        let mut one = Journal::new(directory.path(), "perfis");
        assert!(one.claim().unwrap());
        let mut other = Journal::new(directory.path(), "perfis");
        assert!(!other.claim().unwrap());
        drop(one);
        assert!(other.claim().unwrap());
    }

    #[test]
    fn a_note_without_a_living_process_is_not_believed() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(directory.path(), "perfis");
        assert!(journal.claim().unwrap());
        journal.write(&note());
        journal.held = None;
        assert_eq!(journal.read(), None);
    }
}
