//! When a link tidies up, and what is said about it.
//!
//! After a pass, never within one. A busy link looks more often the shorter its retention is, an idle one once a minute; where there is
//! nothing to do nothing is written. What goes wrong here is told and tried again later: rows travel all the same.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use ponte_pg::sync::LiveLink;
use ponte_pg::sync::costs::measure_skew;
use ponte_pg::sync::upkeep::Tended;
use ponte_sync::rotation::Pace;

/// How often an idle link looks.
const IDLE_EVERY: Duration = Duration::from_secs(60);

/// How often a busy link looks at most.
const BUSY_EVERY_MIN: Duration = Duration::from_secs(1);

/// How often clocks are compared.
const CLOCKS_EVERY: Duration = Duration::from_secs(600);

/// What a process remembers about tidying up a link.
#[derive(Debug, Default)]
pub struct Upkeep {
    last: Option<Instant>,
    moved: bool,
    measured: Option<Instant>,
    /// What was said already.
    told: HashSet<String>,
}

impl Upkeep {
    /// Tidies up after a pass, if it is time.
    pub async fn after_pass(&mut self, link: &mut LiveLink, moved: bool) {
        self.moved |= moved;
        let busy_every = busy_every(link.spec().retention.changelog_seconds);
        let every = if self.moved { busy_every } else { IDLE_EVERY };
        if self.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        self.last = Some(Instant::now());
        self.moved = false;
        let name = link.spec().name.clone();
        match link.tend(Pace::CALM).await {
            Ok(tended) => self.tell(&name, &tended),
            Err(error) => {
                let next = error.next_step().unwrap_or_default().to_owned();
                self.warn_once(
                    &name,
                    &format!("cannot tidy up, changelogs may grow: {error}; {next}"),
                );
            }
        }
        self.compare_clocks(link).await;
    }

    fn tell(&mut self, link: &str, tended: &Tended) {
        if *tended != Tended::default() {
            tracing::debug!(link, ?tended, "tidied up");
        }
        for (node, table, _) in &tended.future {
            self.warn_once(
                link,
                &format!(
                    "versions of {table} on \"{node}\" lie too far in the future and are cut back, see ponte sync status {link}"
                ),
            );
        }
    }

    async fn compare_clocks(&mut self, link: &mut LiveLink) {
        if self.measured.is_some_and(|last| last.elapsed() < CLOCKS_EVERY) {
            return;
        }
        self.measured = Some(Instant::now());
        let Ok(skew) = measure_skew(link.peers_mut()).await else {
            return;
        };
        if skew.is_worrying() {
            let [first, second] = &link.spec().nodes;
            let (seconds, name) = (skew.ms / 1e3, link.spec().name.clone());
            tracing::debug!(link = name, seconds, "clocks differ");
            self.warn_once(
                &name,
                &format!(
                    "the clocks of \"{first}\" and \"{second}\" are more than a second apart, so the later of two changes may lose: see ponte sync status {name}"
                ),
            );
        }
    }

    fn warn_once(&mut self, link: &str, text: &str) {
        if self.told.insert(text.to_owned()) {
            tracing::warn!(link, "{text}");
        }
    }
}

fn busy_every(retention_seconds: i64) -> Duration {
    let eighth = Duration::from_secs(u64::try_from(retention_seconds / 8).unwrap_or(0));
    eighth.clamp(BUSY_EVERY_MIN, IDLE_EVERY)
}
