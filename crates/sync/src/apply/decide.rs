//! Conflicts: keys of a batch that the target has changed too, without the source having seen it.

use ponte_schema::{Literal, Sql};

use super::{Asked, Direction, Local, Stage, Winner, added, confirm_local, texts};
use crate::forward::travels;
use crate::mask::Mask;
use crate::snapshot::Snapshot;
use crate::table::{TableSide, listed, qualified};

/// Whether a key's row came into being here since the source last saw it.
const BORN_HERE: &str = ", bool_or(l.op = 'I') OVER own AND NOT bool_or(l.op = 'D') OVER own AS born_here";

/// At the first contact nobody asks how rows came to be.
const BORN_ANYHOW: &str = ", false AS born_here";

impl Stage {
    /// Whether the target has any change that the source had not seen; without one, nothing can be in conflict. Answers also in
    /// which snapshot that is so, for [`Self::any_late`].
    pub fn any_local(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
        Sql::render(
            "SELECT EXISTS ({local}), pg_current_snapshot()",
            &[("local", &self.local_changes(table, direction, local, None))],
        )
    }

    /// Whether anybody else has changed a key that was missing when it was planned, and committed that after the snapshot in which
    /// local changes were looked for.
    pub fn any_late(&self, table: &TableSide, link: &str, looked: &Snapshot) -> Sql {
        Sql::render(
            include_str!("late.sql"),
            &[
                ("plan", &self.plan),
                ("changelog", &table.entries()),
                ("same_key", &table.same_staged_key("l", "p")),
                ("xmin", &i64::try_from(looked.xmin()).unwrap_or(i64::MAX)),
                ("looked", looked),
                ("travels", &travels(link)),
            ],
        )
    }

    /// Holds the rows in conflict.
    pub fn lock(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
        Sql::render(
            include_str!("lock.sql"),
            &[
                ("plan", &self.plan),
                ("table", &table.name),
                ("changelog", &table.entries()),
                ("local_keys", &self.local_changes(table, direction, local, None)),
                ("same_key", &table.same_staged_key("l", "p")),
                ("matches", &table.matches_staged_key("t", "p")),
                ("plan_keys", &qualified("p", &table.staged_key())),
            ],
        )
    }

    /// Decides the conflicts; answers how many were recorded.
    pub fn resolve(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        local: Local<'_>,
        winner: Winner,
    ) -> Sql {
        let mask = table.mask.as_ref().filter(|_| !matches!(local, Local::All(_)));
        let asked = winner == Winner::Function && table.decider.is_some() && !matches!(local, Local::All(_));
        let (incoming_wins, same_change) = verdict(table, direction, (winner, asked), mask);
        let confirm_local = match mask.filter(|mask| mask.adds()) {
            None => confirm_local(table, direction, local),
            // The sum has to be right afterwards, whoever wins.
            Some(_) => Sql::text("true"),
        };
        let when_masked = |text: &'static str| Sql::text(if mask.is_some() { text } else { "" });
        let names = Sql::join(", ", table.all_columns().iter().map(|c| Literal::new(c.as_str())));
        Sql::render(
            include_str!("resolve.sql"),
            &[
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("table", &table.name),
                ("log", &table.log()),
                ("local", &self.decidable(table, direction, local)),
                ("incoming_wins", &incoming_wins),
                ("parks", &parks(winner, asked)),
                ("same_change", &same_change),
                ("confirm_local", &confirm_local),
                ("clash_keys", &qualified("p", &table.staged_key())),
                ("key_texts", &texts("p", &table.staged_key())),
                ("here_texts", &texts("t", &table.all_columns())),
                ("there_texts", &texts("s", &table.all_staged())),
                ("same_key", &table.same_staged_key("l", "p")),
                ("matches", &table.matches_staged_key("t", "p")),
                ("keys", &listed(&table.staged_key())),
                ("c_keys", &qualified("c", &table.staged_key())),
                ("column_names", &names),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("here_name", &Literal::new(direction.here)),
                ("there_name", &Literal::new(direction.there)),
                ("undecided", &undecided(mask.is_some(), asked)),
                (
                    "masked",
                    &also(shown(mask.is_some(), asked), mask, |m| m.to_settle(table)),
                ),
                (
                    "changed",
                    &also(when_masked(", changed"), mask, Mask::delta_column),
                ),
                // The source has the content of its own row already.
                (
                    "nothing_changed",
                    &also(when_masked(", B''::varbit"), mask, |m| m.settled(true)),
                ),
                (
                    "held_changed",
                    &also(when_masked(", c.held_mask::varbit"), mask, |m| m.settled(false)),
                ),
            ],
        )
    }

    /// The local changes with what a decision needs to know about them.
    pub(super) fn decidable(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
        let mut asked = Asked {
            logged: Sql::text(match local {
                Local::All(_) => BORN_ANYHOW,
                Local::Pending(_) | Local::Held(_) => BORN_HERE,
            }),
            elsewhere: Sql::text(", false"),
        };
        if let (Some(mask), false) = (&table.mask, matches!(local, Local::All(_))) {
            let noted = mask.noted(direction.link, matches!(local, Local::Held(_)));
            asked.logged.push(&noted.logged);
            asked.elsewhere.push(&noted.elsewhere);
        }
        self.local_changes(table, direction, local, Some(&asked))
    }
}

/// Whether the arrived row wins, and whether nothing is to be recorded about it. `asked` says that a function has been.
fn verdict(
    table: &TableSide,
    direction: Direction<'_>,
    (winner, asked): (Winner, bool),
    mask: Option<&Mask>,
) -> (Sql, Sql) {
    let wins = match winner {
        Winner::Function if asked => "coalesce(s.decided = 'there', false)",
        Winner::Latest | Winner::Columns | Winner::Function => {
            "(s.version_at, s.changed_at, s.node) > (l.version_at, l.changed_at, l.node)"
        }
        Winner::Source => "true",
        Winner::Target | Winner::Nobody => "false",
    };
    // What comes back to the side that made it is older than whatever that side has done since.
    let wins = Sql::render(
        if table.derived {
            "(s.node <> {here_id}::uuid AND {wins})"
        } else {
            "{wins}"
        },
        &[
            ("here_id", &Literal::new(direction.here_id.to_string())),
            ("wins", &Sql::text(wins)),
        ],
    );
    let same_change = if winner == Winner::Nobody {
        "false"
    } else {
        "(s.version_at, s.changed_at, s.node) = (l.version_at, l.changed_at, l.node)"
    };
    if mask.is_some_and(Mask::adds) {
        added::unless_alike(table, &wins, same_change)
    } else {
        (wins, Sql::text(same_change))
    }
}

/// Whether the conflict `c` is left to a person.
fn parks(winner: Winner, asked: bool) -> Sql {
    Sql::text(match winner {
        Winner::Nobody => "true",
        Winner::Function if asked => "c.decided = 'nobody'",
        _ => "false",
    })
}

/// Leaves out what is decided already.
fn undecided(masked: bool, asked: bool) -> Sql {
    Sql::text(match (masked, asked) {
        (_, true) => " AND s.decided IS DISTINCT FROM 'both'",
        (true, false) => " AND s.taken IS NULL",
        (false, false) => "",
    })
}

/// What more is to be seen of a conflict.
fn shown(masked: bool, asked: bool) -> Sql {
    Sql::text(match (masked, asked) {
        (true, true) => ", l.held_mask, s.decided",
        (true, false) => ", l.held_mask",
        (false, true) => ", s.decided",
        (false, false) => "",
    })
}

/// What a mask has to add.
fn also(mut text: Sql, mask: Option<&Mask>, more: impl FnOnce(&Mask) -> Sql) -> Sql {
    text.push(&mask.map(more).unwrap_or_default());
    text
}
