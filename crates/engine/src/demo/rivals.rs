//! Two people who change the same profile on both nodes at the same time, on purpose.
//!
//! Both transactions are open before either commits, so neither can know of the other: a conflict whatever the timing. Every
//! now and then one of them deletes what the other one changes.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use ponte_pg::{Conninfo, Session};
use ponte_sync::link::Side;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::traffic::enter;
use super::{during, people};
use crate::backoff::Backoff;
use crate::error::Result;

/// How often they clash.
const PACE: Duration = Duration::from_secs(1);

/// One clash in so many is a change against a delete.
const DELETES: u32 = 5;

const CHOOSE: &str = "SELECT id FROM public.perfis \
     ORDER BY id OFFSET (SELECT floor(random() * count(*))::bigint FROM public.perfis) LIMIT 1";
const CHANGE: &str = "UPDATE public.perfis SET bio = $2 WHERE id = $1";
const DELETE: &str = "DELETE FROM public.perfis WHERE id = $1";

/// The two of them.
pub(super) struct Rivals {
    pub(super) conninfos: [Conninfo; 2],
    pub(super) board: Arc<Board>,
    pub(super) rng: Rng,
}

impl Rivals {
    /// Clashes until `stop` is cancelled. A clash that has begun is ended on both sides.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.rival(&stop, &mut backoff).await {
            tracing::debug!("the rivals begin again: {}", error.in_words());
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(backoff.next_pause()) => {}
            }
        }
    }

    async fn rival(&mut self, stop: &CancellationToken, backoff: &mut Backoff) -> Result<()> {
        let [first, second] = &self.conninfos;
        let sessions = [
            enter(first, Side::First).await?,
            enter(second, Side::Second).await?,
        ];
        let mut ticks = tokio::time::interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            self.clash(&sessions).await?;
            backoff.succeed();
        }
    }

    async fn clash(&mut self, sessions: &[Session; 2]) -> Result<()> {
        let chosen = sessions[0].client().query_opt(CHOOSE, &[]).await;
        let Some(row) = during(chosen, "choose a profile")? else {
            return Ok(());
        };
        let id: i64 = row.get(0);
        let earlier = if self.rng.bool() {
            Side::First
        } else {
            Side::Second
        };
        let deletes = self.rng.u32(0..DELETES) == 0;
        let bios = people::different_bios(&mut self.rng);
        let mut both = true;
        for side in [earlier, earlier.other()] {
            let client = sessions[side.index()].client();
            during(client.batch_execute("BEGIN").await, "begin a transaction")?;
            let touched = if deletes && side == earlier {
                client.execute(DELETE, &[&id]).await
            } else {
                let bio = bios[side.index()];
                client.execute(CHANGE, &[&id, &bio]).await
            };
            both &= during(touched, "change a profile")? == 1;
        }
        // It may not have arrived on both nodes yet, or be gone from one.
        let end = if both { "COMMIT" } else { "ROLLBACK" };
        let [first, second] = sessions;
        let (first, second) = tokio::join!(
            first.client().batch_execute(end),
            second.client().batch_execute(end)
        );
        for (side, ended) in Side::BOTH.into_iter().zip([first, second]) {
            during(ended, "end a transaction")?;
            self.board.wrote(side, u64::from(both));
        }
        Ok(())
    }
}
