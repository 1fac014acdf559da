//! What can go wrong with a job apart from what its statements run into.

/// Why a job, or one run of it, is refused or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The books were made by a newer release.
    Newer,
    /// What the job names does not exist, or cannot be used that way.
    Unfit,
    /// Another run of the job is under way.
    Running,
    /// A transaction that has been open for long is in the way.
    Held,
    /// The run was given to another process, or given up, while this one worked on it.
    Fenced,
    /// It took longer than its `timeout`.
    TimedOut,
    /// Somebody or something ended it.
    Cancelled,
    /// The process that ran it is gone.
    Lost,
    /// A backup could not be made or read.
    Backup,
}

impl Problem {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Newer => "jobs.newer",
            Self::Unfit => "jobs.unfit",
            Self::Running => "jobs.running",
            Self::Held => "jobs.held",
            Self::Fenced => "jobs.fenced",
            Self::TimedOut => "jobs.timeout",
            Self::Cancelled => "jobs.cancelled",
            Self::Lost => "jobs.lost",
            Self::Backup => "jobs.backup",
        }
    }

    /// What to do where nothing more exact is known.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Newer => "install the release that made them, or a later one",
            Self::Unfit => "correct the job in ponte.toml, or create what it names",
            Self::Running => "wait until it is over: ponte jobs history",
            Self::Held => "end the transaction, or wait for its end: SELECT pg_terminate_backend(PID)",
            Self::Fenced => "look at ponte jobs history: another process has the run, or had it",
            Self::TimedOut => "raise the job's timeout, or give it less to do",
            Self::Cancelled => "run it again with ponte jobs run, if it is still wanted",
            Self::Lost => {
                "look for what ended the process; retries in ponte.toml lets such a run be repeated"
            }
            Self::Backup => "read what the program said",
        }
    }
}
