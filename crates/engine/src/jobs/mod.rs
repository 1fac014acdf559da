//! Jobs: what is done by the clock, once per tick however many processes look at it.
//!
//! [`schedule`](JobSchedule), [`due`](due()) and [`overlap`](Overlap) decide, given what time it is and what is known: they have no clock. A
//! [`Keeper`] looks after the jobs of one database: it reads where they stand, decides about ticks that came due, takes runs that wait,
//! carries them out on connections of their own and keeps their leases. It remembers nothing that is not in the database, so that any
//! number of them may come and go. [`daemon`] runs one per database until it is told to stop.

mod by_hand;
mod carry;
pub mod check;
pub mod daemon;
mod due;
mod keeper;
mod overlap;
mod plan;
mod schedule;
mod settle;
mod window;

pub use due::{CatchUp, Due, believable, due};
pub use keeper::{Event, Keeper};
pub use overlap::{Admission, Open, Overlap, admit};
pub use plan::{Group, JobPlan, groups, this_process};
pub use schedule::{JobSchedule, JobScheduleError};
pub use window::Window;
