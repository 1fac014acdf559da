//! A read point of one node, as `pg_current_snapshot()` prints it: `xmin:xmax:xip,xip,…`.
//!
//! On a server it is the server that decides what is visible in a snapshot; its bounds give the server's index a range to
//! start from and show a source that went back in time. [`Snapshot::sees`] says the same as the server, for model nodes.

use std::{fmt, str::FromStr};

use ponte_schema::sql::{Fragment, Literal};

/// A `pg_snapshot` value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Snapshot {
    text: String,
    xmin: u64,
    xmax: u64,
    running: Vec<u64>,
}

/// Text that is no `pg_snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a snapshot: {0:?}")]
pub struct NotASnapshot(String);

impl Snapshot {
    /// A snapshot before which nobody but `running`, in ascending order, had not ended, and `next` had not begun.
    pub fn new(next: u64, running: &[u64]) -> Self {
        let xmin = running.first().copied().unwrap_or(next);
        let list: Vec<String> = running.iter().map(u64::to_string).collect();
        Self {
            text: format!("{xmin}:{next}:{}", list.join(",")),
            xmin,
            xmax: next,
            running: running.to_vec(),
        }
    }

    /// Whether a transaction had ended when the snapshot was taken; whether it committed is not known here.
    pub fn sees(&self, xid: u64) -> bool {
        xid < self.xmin || (xid < self.xmax && !self.running.contains(&xid))
    }

    /// Every transaction below this id had ended when the snapshot was taken.
    pub fn xmin(&self) -> u64 {
        self.xmin
    }

    /// No transaction from this id on had begun.
    pub fn xmax(&self) -> u64 {
        self.xmax
    }

    /// The server's own spelling.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `self`, read from a source just now, lies before `consumed`, which was read from it earlier. A server that
    /// kept its history never does that; a restored or failed-over one may. Transactions that were running do not count: one that
    /// had not written anything is forgotten in a crash, and its number is given out again.
    pub fn went_back_from(&self, consumed: &Self) -> bool {
        self.xmax < consumed.after_ended()
    }

    /// The number after the last transaction that had ended.
    fn after_ended(&self) -> u64 {
        let unbroken = self
            .running
            .iter()
            .rev()
            .zip(1..)
            .take_while(|(xid, back)| **xid + back == self.xmax);
        self.xmax - unbroken.count() as u64
    }
}

impl FromStr for Snapshot {
    type Err = NotASnapshot;

    fn from_str(text: &str) -> Result<Self, NotASnapshot> {
        let wrong = || NotASnapshot(text.to_owned());
        let mut parts = text.split(':');
        let (Some(xmin), Some(xmax), Some(running), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let number = |part: &str| part.parse::<u64>().map_err(|_| wrong());
        let listed = running.split(',').filter(|_| !running.is_empty());
        Ok(Self {
            text: text.to_owned(),
            xmin: number(xmin)?,
            xmax: number(xmax)?,
            running: listed.map(number).collect::<Result<_, _>>()?,
        })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Fragment for Snapshot {
    fn append_to(&self, out: &mut String) {
        Literal::new(self.text.clone()).append_to(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_from_the_servers_text() {
        let snapshot: Snapshot = "10:20:10,14,15".parse().unwrap();
        assert_eq!((snapshot.xmin(), snapshot.xmax()), (10, 20));
    }

    #[test]
    fn a_snapshot_sees_what_had_ended() {
        let snapshot: Snapshot = "10:20:10,14,15".parse().unwrap();
        let seen: Vec<u64> = (8..22).filter(|xid| snapshot.sees(*xid)).collect();
        assert_eq!(seen, [8, 9, 11, 12, 13, 16, 17, 18, 19]);
        assert_eq!(Snapshot::new(20, &[10, 14, 15]), snapshot);
        assert_eq!(Snapshot::new(7, &[]), "7:7:".parse().unwrap());
    }

    #[test]
    fn a_snapshot_without_running_transactions_is_read() {
        assert!("740:740:".parse::<Snapshot>().is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "1:2", "1:2:3:4", "a:2:", "1:2:'; DROP TABLE x"] {
            assert!(
                text.parse::<Snapshot>().is_err(),
                "{text:?} was taken for a snapshot"
            );
        }
    }

    #[test]
    fn only_an_earlier_upper_bound_means_going_back() {
        let earlier: Snapshot = "10:20:".parse().unwrap();
        let later: Snapshot = "9:30:9".parse().unwrap();
        assert!(earlier.went_back_from(&later));
        assert!(!later.went_back_from(&earlier));
        assert!(!earlier.went_back_from(&earlier));
    }

    #[test]
    fn a_crash_may_give_the_numbers_of_running_transactions_out_again() {
        let consumed: Snapshot = "16:20:16,18,19".parse().unwrap();
        assert!(!"18:18:".parse::<Snapshot>().unwrap().went_back_from(&consumed));
        assert!("17:17:".parse::<Snapshot>().unwrap().went_back_from(&consumed));
    }
}
