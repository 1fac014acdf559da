//! What a person is told where the machine stops a batch.

use ponte_sync::link::LinkSpec;
use ponte_sync::machine::Stop;

use super::{Batch, links_changed};
use crate::error::{Error, ErrorKind};

/// The error for a stop; `why` is what a server or a check said about it, where that was asked.
pub(super) fn error(stop: Stop, batch: &Batch<'_>, why: Option<Error>) -> Error {
    let target = batch.spec.node(batch.source.other());
    match stop {
        Stop::Overtaken => overtaken(batch.spec, target),
        Stop::Contended => contended(target),
        Stop::Rewritten => rewritten(batch.spec, target),
        Stop::LinksChanged => links_changed(target),
        Stop::Blocked | Stop::Unapproved => why.unwrap_or_else(|| out_of_turn(batch)),
        Stop::NotReady | Stop::WentBack | Stop::ConnectionLost | Stop::OutOfTurn => out_of_turn(batch),
    }
}

/// Another process was faster.
pub(crate) fn overtaken(spec: &LinkSpec, node: &str) -> Error {
    Error::new(
        ErrorKind::SyncOvertaken,
        format!(
            "another process applied to \"{node}\" over link \"{}\" meanwhile",
            spec.name
        ),
    )
}

fn contended(node: &str) -> Error {
    Error::new(
        ErrorKind::SqlTransient,
        format!("rows kept changing on \"{node}\" while a batch was applied"),
    )
}

fn rewritten(spec: &LinkSpec, node: &str) -> Error {
    Error::new(
        ErrorKind::SyncTriggers,
        format!(
            "a trigger on \"{node}\" changes the rows that a batch of link \"{}\" has just written, every time",
            spec.name
        ),
    )
    .hint("give that trigger the condition WHEN (coalesce(current_setting('ponte.applying', true), '') = '')")
}

/// The machine and whoever drives it do not understand each other: a defect.
pub(super) fn out_of_turn(batch: &Batch<'_>) -> Error {
    crate::sync::pass::out_of_turn(batch.spec)
}
