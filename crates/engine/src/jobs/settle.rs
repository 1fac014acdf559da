//! What is written about a run that ended without success, and whether there is another attempt. Pure.

use std::time::Duration;

use ponte_pg::jobs::{Failed, Problem};
use ponte_pg::{ErrorKind as PgErrorKind, Retry};

use crate::backoff::Backoff;
use crate::{Error, ErrorKind};

/// Why this process ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Somebody asked for it.
    Asked,
    /// The process is about to end.
    Stopping,
    /// The lease is gone, and the run is no longer ours.
    LeaseGone,
}

/// What is to be written about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ended like this.
    Failed(Failed),
    /// It is given back.
    Released,
    /// Nothing: it is another's.
    Nothing,
}

/// The server was asked to end a statement. Who took too long once does so again.
const QUERY_CANCELED: &str = "57014";

/// The first pause before a repetition is about a second.
const PAUSES_SKIPPED: u32 = 2;

/// Decides what is written about a run that ended with this error.
pub(super) fn verdict(error: &Error, cut: Option<Cut>, attempt: u32, retries: u32) -> Verdict {
    match (error.kind(), cut) {
        (ErrorKind::Pg(PgErrorKind::Jobs(Problem::Fenced)), _) | (_, Some(Cut::LeaseGone)) => {
            Verdict::Nothing
        }
        (_, Some(Cut::Stopping)) => Verdict::Released,
        (_, cut) => Verdict::Failed(Failed {
            retry_in: retry_in(error, cut, attempt, retries),
            cancelled: cut == Some(Cut::Asked),
            code: error.kind().code().to_owned(),
            error: error.in_words(),
        }),
    }
}

fn retry_in(error: &Error, cut: Option<Cut>, attempt: u32, retries: u32) -> Option<Duration> {
    let server = error.pg().and_then(ponte_pg::Error::server);
    let ended = server.is_some_and(|db| db.code().code() == QUERY_CANCELED);
    let passes = error.retry() == Retry::Later && !ended;
    (cut.is_none() && passes && attempt <= retries)
        .then(|| Backoff::after(attempt.saturating_add(PAUSES_SKIPPED)).next_pause())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: PgErrorKind, cut: Option<Cut>, attempt: u32, expected: &str) {
        let error = Error::from(ponte_pg::Error::new(kind, "cannot do it"));
        let found = match verdict(&error, cut, attempt, 2) {
            Verdict::Nothing => "nothing",
            Verdict::Released => "released",
            Verdict::Failed(failed) if failed.cancelled => "cancelled",
            Verdict::Failed(failed) if failed.retry_in.is_some() => "again",
            Verdict::Failed(_) => "failed",
        };
        assert_eq!(found, expected, "{kind:?} {cut:?} {attempt}");
    }

    #[test]
    fn only_what_passes_is_tried_again_and_only_so_often() {
        check(PgErrorKind::SqlTransient, None, 1, "again");
        check(PgErrorKind::ConnLost, None, 2, "again");
        check(PgErrorKind::SqlTransient, None, 3, "failed");
        check(PgErrorKind::SqlRejected, None, 1, "failed");
        check(PgErrorKind::Jobs(Problem::TimedOut), None, 1, "failed");
    }

    #[test]
    fn a_run_that_is_anothers_is_left_alone() {
        check(PgErrorKind::Jobs(Problem::Fenced), None, 1, "nothing");
        check(
            PgErrorKind::Jobs(Problem::Cancelled),
            Some(Cut::LeaseGone),
            1,
            "nothing",
        );
    }

    #[test]
    fn a_process_that_ends_gives_its_runs_back() {
        let kind = PgErrorKind::Jobs(Problem::Cancelled);
        check(kind, Some(Cut::Stopping), 1, "released");
        check(kind, Some(Cut::Asked), 1, "cancelled");
    }
}
