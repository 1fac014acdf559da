//! Other products beside this one: the same table, the same load, the same judge, in one run.
//!
//! Every product gets two servers of its own with the settings that it asks for, all of them up at once, so that repetitions
//! go round: one of each, then the next of each. Whatever disturbs the machine disturbs all. A product that fails or hangs is
//! out from there on, and the table says so; one that is not installed is named with the command that installs it.

mod bucardo;
mod by_hand;
mod contest;
mod equal;
mod native;
mod native_two_way;
mod pglogical;
mod ponte;
mod process;
mod report;
mod rows;
mod scenario;
mod stage;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use tokio::signal::unix::{SignalKind, signal};

use crate::{Options, Result};
use contest::Contest;
pub(crate) use contest::Name;
use process::Roots;
use stage::Stage;

/// What a product is asked to do, as it runs.
type Step<'a, T = ()> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A product that keeps `perfis` the same on both sides of a stage.
///
/// In this order: `install` on two empty tables; `first_copy` from A into the empty table at B, and `forget_copy` before it is
/// taken again; `set_up` with both sides equal, after which changes are captured and nothing runs; then `start` and `stop`.
trait Peer: Send + Sync {
    /// Whether B's changes reach A too.
    fn two_way(&self) -> bool;

    /// Whether triggers capture changes, so that the writers pay for it.
    fn has_triggers(&self) -> bool {
        false
    }

    /// What it is at its core, to be found again in the process table.
    fn roots(&self, stage: &Stage) -> Roots;

    fn install<'a>(&'a mut self, stage: &'a Stage) -> Step<'a>;

    /// Begins to copy; it may go on after this returns.
    fn first_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a>;

    fn forget_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a>;

    fn set_up<'a>(&'a mut self, stage: &'a Stage) -> Step<'a>;

    fn start<'a>(&'a mut self, stage: &'a Stage) -> Step<'a>;

    fn stop<'a>(&'a mut self, stage: &'a Stage) -> Step<'a>;

    /// What the product would have tidied up by itself, had it run on for minutes between two measurements.
    fn tidy<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// Measures all products that are installed and prints one table; of what was measured until then, where somebody stops it.
pub(crate) async fn run(options: &Options, ponte: &Path) -> Result<()> {
    rows::check(options)?;
    let mut contest = Contest::default();
    let outcome = tokio::select! {
        () = contest.run(options, ponte) => Ok(()),
        stopped = stopped() => stopped,
    };
    let report = contest.report(options)?;
    report.print()?;
    report.write(options)?;
    outcome
}

/// Waits until somebody stops the run: what runs in the background has to end with it.
async fn stopped() -> Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Err("stopped".into())
}
