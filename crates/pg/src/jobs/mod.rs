//! Jobs, carried out: the books about them in schema `ponte`, and what a run does.
//!
//! Any number of processes may work on the same jobs. They agree through two tables and nothing else: no session lock, so that a pooler
//! in transaction mode may be in between. Deciding about ticks locks the job's row for one short transaction, and a tick has one row in
//! `ponte.job_run`, which its unique key guarantees. Whoever turns that row from *queued* to *running* has a lease, and a **fence**, a number
//! that grows with every claim. Success is written only under that fence and in the transaction that holds the run's effects, so
//! that a process whose lease was given to another one cannot leave anything behind.
//!
//! When to decide what is the engine's business; here are the statements. All times are the server's, so that the clocks of the processes do
//! not matter.

pub mod backup;
pub mod check;
mod install;
mod job;
mod problem;
mod relation;
mod run;
pub mod task;

pub use install::{ensure, exist};
pub use job::{
    Board, Decision, JobState, Registration, Seen, Skipped, decide, look, pause, register, states,
};
pub use problem::Problem;
pub use run::{
    Claim, Failed, Keep, Run, beat, claim, claim_by_hand, fail, forget, history, lose_expired, outcome,
    release,
};
pub use task::{Done, Task, Terms, complete, perform, preview};

use crate::error::{Error, ErrorKind};

fn problem(problem: Problem, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Jobs(problem), message)
}
