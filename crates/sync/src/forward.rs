//! What it takes to carry a table over several links of one node.
//!
//! All of them read the same changelog. What arrives over one is logged under its own name (`via`) with the version that it
//! came with, so that the others carry it on and none takes it for a change of this node. A row that is meant for one
//! link alone (a confirmation, a row announced at the first contact) says so in `only_link`.
//!
//! Where a node has several links for a table, an entry also goes back once over the link that it came by. The other side finds its
//! own content and stops; where it does not, something else has overtaken the row on another way round a ring, and the two
//! versions meet. A node with one link logs nothing of what arrives, and ships nothing back but what won a conflict.

use ponte_schema::sql::Fragment;
use ponte_schema::{Literal, Sql};

use crate::table::{TableSide, listed, qualified, renamed};

/// An expression: the quoted names of those tables of the link `$1` that other links of the node carry too.
pub fn shared_tables() -> Sql {
    Sql::text(include_str!("forward/shared.sql"))
}

/// Whether an entry `l` of the changelog is a change that the other side of `link` may not know.
pub fn travels(link: &str) -> Sql {
    Sql::render(
        "l.via IS DISTINCT FROM {link} AND coalesce(l.only_link, {link}) = {link}",
        &[("link", &Literal::new(link))],
    )
}

/// What a link ships of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipped {
    /// What did not come over the link.
    Others,
    /// Also what came over it: once more, for the sake of rings.
    Echoed,
}

impl Shipped {
    /// How a node ships a table. `shared` says whether several of its links carry it.
    pub fn of(shared: bool) -> Self {
        if shared { Self::Echoed } else { Self::Others }
    }

    /// Whether an entry `l` of the changelog is shipped over `link`.
    pub(crate) fn condition(self, link: &str) -> Sql {
        match self {
            Self::Others => travels(link),
            Self::Echoed => Sql::render(
                "coalesce(l.only_link, {link}) = {link}",
                &[("link", &Literal::new(link))],
            ),
        }
    }
}

/// What a statement that writes rows of `table` has to return so that [`log`] can log them.
pub(crate) fn returned(table: &TableSide) -> Sql {
    renamed("t", &table.key, &table.staged_key())
}

/// Logs the rows whose keys are in `written`, as they are in `stage`.
pub(crate) fn log(table: &TableSide, link: &str, written: &Sql, stage: &dyn Fragment) -> Sql {
    let keys = table.staged_key();
    let mask = table.mask.as_ref().map(|m| m.as_noted("s.changed"));
    let mask = mask.map(|m| Sql::render(", {mask}", &[("mask", &m)]));
    Sql::render(
        include_str!("forward/log.sql"),
        &[
            ("log", &table.log()),
            ("keys", &listed(&keys)),
            ("staged_keys", &qualified("s", &keys)),
            ("link", &Literal::new(link)),
            ("written", written),
            ("stage", stage),
            ("same_key", &table.same_staged_key("w", "s")),
            (
                "changed",
                &Sql::text(if table.mask.is_some() { ", changed" } else { "" }),
            ),
            ("mask", &mask.unwrap_or_default()),
        ],
    )
}

/// A statement that writes rows `t` and logs the ones it wrote; it counts as many rows as the one without the log.
pub(crate) fn logged(table: &TableSide, link: &str, write: &Sql, stage: &dyn Fragment) -> Sql {
    Sql::render(
        "WITH written AS (\n{write}RETURNING {returned})\n{log}",
        &[
            ("write", write),
            ("returned", &returned(table)),
            ("log", &log(table, link, &Sql::text("written"), stage)),
        ],
    )
}

/// Wakes whoever waits for changes of this node, at most once per transaction.
pub fn wake() -> Sql {
    Sql::text(
        "SELECT CASE WHEN NOT pg_try_advisory_xact_lock_shared(1886350964, 1) THEN pg_notify('ponte', '') END",
    )
}
