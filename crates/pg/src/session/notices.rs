//! What a server says beside its answers, for whoever asks to hear it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::error::DbError;

/// How many notices are kept until somebody takes them. One statement that says more says it in a loop.
const NOTICES_MAX: usize = 10_000;

/// The notices of a session since they were last taken. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Mutex<Vec<DbError>>>);

impl Notices {
    /// Everything that was said before the last answer, oldest first.
    pub fn take(&self) -> Vec<DbError> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn keep(&self, notice: DbError) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < NOTICES_MAX {
            kept.push(notice);
        }
    }
}
