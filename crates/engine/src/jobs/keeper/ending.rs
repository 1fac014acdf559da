//! How runs ended, written into the books.

use ponte_pg::jobs::{self, Claim};

use super::runs::Ended;
use super::{Event, Keeper};
use crate::error::Result;
use crate::jobs::settle::{Verdict, verdict};

impl Keeper {
    /// Writes down how runs ended. What cannot be written now stays for the next time.
    pub(super) async fn settle_ended(&mut self) -> Result<()> {
        while let Some(ended) = self.unsettled.pop() {
            if let Err(error) = self.settle(&ended).await {
                self.unsettled.push(ended);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes down how a run ended, where it did not write it itself.
    pub(in crate::jobs) async fn settle(&mut self, ended: &Ended) -> Result<()> {
        let job = self.names[ended.plan].clone();
        let error = match &ended.outcome {
            Ok(done) => {
                let rows = done.rows;
                (self.observe)(&Event::Succeeded { job, rows });
                return Ok(());
            }
            Err(error) => error,
        };
        let Claim {
            run, fence, attempt, ..
        } = ended.claim;
        let retries = match ended.claim.scheduled_at {
            Some(_) => self.plans[ended.plan].job.retries,
            None => 0,
        };
        let mut retry_in = None;
        match verdict(error, ended.cut, attempt, retries) {
            Verdict::Nothing => {}
            Verdict::Released => jobs::release(self.peer().await?, run, fence).await?,
            Verdict::Failed(failed) => {
                retry_in = failed.retry_in;
                if !jobs::fail(self.peer().await?, run, fence, &failed).await?
                    && let Some(recorded) = jobs::outcome(self.peer().await?, run).await?
                    && recorded.state == "succeeded"
                {
                    // Only the answer to its COMMIT was lost.
                    let rows = recorded.rows.and_then(|rows| u64::try_from(rows).ok());
                    (self.observe)(&Event::Succeeded { job, rows });
                    return Ok(());
                }
            }
        }
        (self.observe)(&Event::Failed {
            job,
            reason: error.in_words(),
            retry_in,
        });
        Ok(())
    }
}
