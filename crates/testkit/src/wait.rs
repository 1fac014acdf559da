//! Waiting for a condition instead of for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long to wait between two looks.
const POLL: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer; `what` completes «waited 10s for …».
///
/// # Panics
/// When there is none before the deadline, even if a single look takes for ever.
pub async fn eventually<T, F, L>(deadline: Duration, what: &str, mut look: L) -> T
where
    L: FnMut() -> F,
    F: Future<Output = Option<T>>,
{
    let started = Instant::now();
    let asking = async {
        loop {
            if let Some(answer) = look().await {
                return answer;
            }
            tokio::time::sleep(POLL).await;
        }
    };
    match tokio::time::timeout(deadline, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited {:?} in vain for {what}", started.elapsed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_answer_is_returned_as_soon_as_there_is_one() {
        let mut looks = 0;
        let answer = eventually(Duration::from_secs(5), "the third look", || {
            looks += 1;
            let now = looks;
            async move { (now == 3).then_some(now) }
        })
        .await;
        assert_eq!(answer, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "in vain for a look that ends")]
    async fn a_look_that_never_ends_does_not_hold_the_test_up() {
        eventually(
            Duration::from_millis(20),
            "a look that ends",
            std::future::pending::<Option<()>>,
        )
        .await;
    }
}
