//! How long to wait before something that failed is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_millis(200);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that double up to half a minute, each spread by a quarter so that many programs do not come back at once.
#[derive(Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// As after so many pauses.
    pub fn after(attempts: u32) -> Self {
        Self { attempts }
    }

    /// How many pauses there were since the last success.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The next pause.
    pub fn next_pause(&mut self) -> Duration {
        let pause = FIRST
            .saturating_mul(1_u32.checked_shl(self.attempts.min(16)).unwrap_or(u32::MAX))
            .min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        // Randomness from the standard library's hash keys is good enough to spread programs over a few seconds.
        let spread = u32::try_from(RandomState::new().hash_one(self.attempts) % 256).unwrap_or(0);
        pause * 3 / 4 + pause / 512 * spread
    }

    /// Forgets all failures.
    pub fn succeed(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_no_further() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..40).map(|_| backoff.next_pause()).collect();
        assert!(pauses[0] >= Duration::from_millis(150) && pauses[0] <= Duration::from_millis(250));
        assert!(pauses.iter().all(|p| *p <= LONGEST + LONGEST / 4));
        assert!(pauses[39] >= LONGEST * 3 / 4);
    }

    #[test]
    fn success_starts_over() {
        let mut backoff = Backoff::default();
        for _ in 0..10 {
            backoff.next_pause();
        }
        backoff.succeed();
        assert!(backoff.next_pause() <= FIRST * 5 / 4);
        assert_eq!(backoff.attempts(), 1);
    }
}
