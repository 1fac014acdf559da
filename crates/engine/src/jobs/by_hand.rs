//! A run that a person asks for now, whatever the schedule says and whether or not the job is paused.

use ponte_pg::jobs::{self, Run};
use tokio_util::sync::CancellationToken;

use super::keeper::Keeper;
use crate::error::{Error, Result};

impl Keeper {
    /// Runs the first of the keeper's jobs, and answers how that is recorded, with the error where it did not succeed. `stop` ends it.
    ///
    /// # Errors
    /// `jobs.running` where a run is under way; what keeps the books from being read.
    pub async fn run_by_hand(mut self, stop: &CancellationToken) -> Result<(Run, Option<Error>)> {
        let job = self.plans[0].job.clone();
        let runner = self.runner.clone();
        let peer = self.peer().await?;
        jobs::lose_expired(peer, &job.name, job.retries).await?;
        let claim = jobs::claim_by_hand(peer, &job.name, &runner, job.lease).await?;
        let run = claim.run;
        self.begin(0, claim);
        let ended = loop {
            if stop.is_cancelled() {
                self.cancel_all();
            }
            tokio::select! {
                ended = self.next_end() => if let Some(ended) = ended { break ended },
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
            // The run has a connection of its own, and says itself how it ends.
            if let Err(error) = self.keep_leases().await {
                tracing::debug!("cannot keep the lease of a run: {error}");
                self.forget_peer();
            }
        };
        self.settle(&ended).await?;
        let recorded = jobs::outcome(self.peer().await?, run).await?;
        let Some(recorded) = recorded else {
            let missing = "the run is not in the books any more";
            return Err(ponte_pg::Error::new(ponte_pg::ErrorKind::Internal, missing).into());
        };
        let error = match recorded.state.as_str() {
            "succeeded" => None,
            _ => ended.outcome.err(),
        };
        Ok((recorded, error))
    }
}
