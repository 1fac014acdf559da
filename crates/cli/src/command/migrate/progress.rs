//! What happens while migrations run, said on stderr as it happens.

use ponte_pg::migrate::{Blocker, Event};
use ponte_schema::migration::plan::{Direction, label};

use crate::context::Context;

/// Says it.
pub(super) fn tell(context: &Context, event: &Event<'_>) {
    match event {
        Event::WaitingForRunner { holder: Some(holder) } => context.note(format_args!(
            "waiting: another runner is at work (pid {}, application {:?})",
            holder.pid, holder.application_name
        )),
        Event::WaitingForRunner { holder: None } => context.note("waiting: another runner is at work"),
        Event::Resumed {
            migration,
            steps_done,
        } => context.note(format_args!(
            "resuming {} after {steps_done} of its statements",
            label(&migration.revision, &migration.name)
        )),
        Event::Blocked { what, by } => {
            context.note(format_args!("{what} waits for {}", blockers(by)));
        }
        Event::LockTimedOut { what, by, again_in } => context.note(format_args!(
            "{what} did not get its locks{}; trying again in {:.1} s",
            if by.is_empty() {
                String::new()
            } else {
                format!(", held by {}", blockers(by))
            },
            again_in.as_secs_f64()
        )),
        Event::BuildingIndex { what, phase, percent } => context.note(match percent {
            Some(percent) => format!("{what}: {phase}, {percent} %"),
            None => format!("{what}: {phase}"),
        }),
        Event::StillRunning { what, seconds } => {
            context.note(format_args!("{what} is still running, {seconds} s so far"));
        }
        Event::InvalidIndexDropped { index } => context.note(format_args!(
            "dropped the invalid index {index} that an earlier build has left behind"
        )),
        Event::Repeated { name, duration } => {
            context.note(format_args!("ran R__{name} ({} ms)", duration.as_millis()));
        }
        Event::Finished {
            migration,
            direction,
            duration,
        } => context.note(format_args!(
            "{} {} ({} ms)",
            match direction {
                Direction::Up => "applied",
                Direction::Down => "undone",
            },
            label(&migration.revision, &migration.name),
            duration.as_millis()
        )),
        _ => {}
    }
}

fn blockers(blockers: &[Blocker]) -> String {
    let one = |blocker: &Blocker| {
        let state = if blocker.state.is_empty() {
            "state unknown"
        } else {
            &blocker.state
        };
        format!(
            "pid {} ({}, {:?}, {state}, transaction open for {} s)",
            blocker.pid, blocker.username, blocker.application_name, blocker.transaction_seconds
        )
    };
    blockers.iter().map(one).collect::<Vec<_>>().join("; ")
}
