//! Conflicts in words: what happened to the row, which side stayed, what the other one had.

use ponte_engine::demo::Snapshot;
use ponte_pg::sync::conflicts::{Conflict, Image};
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table};

use super::{Scene, frame};

/// Columns that differ in every conflict and tell nothing.
const TOLD_ELSEWHERE: &str = "updated_at";

/// A conflict, ready to be told.
pub(in crate::command::demo) struct Told<'a> {
    conflict: &'a Conflict,
    winner: &'a Image,
    loser: &'a Image,
}

impl<'a> Told<'a> {
    pub(in crate::command::demo) fn of(conflict: &'a Conflict) -> Self {
        let (winner, loser) = if conflict.winner.as_ref() == Some(&conflict.here.node) {
            (&conflict.here, &conflict.there)
        } else {
            (&conflict.there, &conflict.here)
        };
        Self {
            conflict,
            winner,
            loser,
        }
    }

    /// `row 1032, changed on both sides: neon stays, replit is kept aside`
    pub(in crate::command::demo) fn sentence(&self) -> String {
        format!(
            "row {}, {}: {} stays, {} is kept aside",
            self.key(),
            self.what(),
            self.winner.node,
            self.loser.node
        )
    }

    /// What stayed: node, time, value.
    pub(in crate::command::demo) fn winner(&self) -> String {
        self.side(self.winner)
    }

    /// What did not.
    pub(in crate::command::demo) fn loser(&self) -> String {
        self.side(self.loser)
    }

    fn side(&self, image: &'a Image) -> String {
        let at = time(&image.version_at, 15);
        match self.value(image) {
            ("", value) => format!("{} at {at}, {value}", image.node),
            (column, value) => format!("{} at {at}, {column}: {value}", image.node),
        }
    }

    fn key(&self) -> String {
        self.conflict.key.join(", ")
    }

    fn what(&self) -> String {
        match (&self.winner.row, &self.loser.row) {
            (Some(_), Some(_)) if self.conflict.kind == "insert_exists" => {
                "inserted on both sides".to_owned()
            }
            (Some(_), Some(_)) => "changed on both sides".to_owned(),
            (None, Some(_)) => format!("deleted on {}, changed on {}", self.winner.node, self.loser.node),
            (Some(_), None) => format!("changed on {}, deleted on {}", self.winner.node, self.loser.node),
            (None, None) => "deleted on both sides".to_owned(),
        }
    }

    /// The first column that tells the two sides apart, with this side's value; or that the row is deleted here.
    fn value(&self, image: &'a Image) -> (&'a str, &'a str) {
        let Some(row) = &image.row else {
            return ("", "deleted");
        };
        let other = if std::ptr::eq(image, self.winner) {
            self.loser
        } else {
            self.winner
        };
        let differs = |(position, (name, value)): &(usize, &(String, Option<String>))| {
            name != TOLD_ELSEWHERE
                && other
                    .row
                    .as_ref()
                    .is_none_or(|row| row.get(*position).map(|(_, v)| v) != Some(value))
        };
        let wanted = if other.row.is_some() {
            row.iter().enumerate().find(differs)
        } else {
            // Against a delete every column differs; what was written last is the most telling.
            row.iter().enumerate().find(|(_, (name, _))| name == "bio")
        };
        match wanted {
            Some((_, (name, value))) => (name, value.as_deref().unwrap_or("NULL")),
            None => ("", "the same values"),
        }
    }
}

/// The panel of the last conflicts.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, scene: &Scene) {
    let kept: i64 = snapshot.nodes.iter().map(|node| node.conflicts).sum();
    let title = format!(
        "conflicts: {}, the losing row is kept in ponte.conflict",
        super::grouped(kept)
    );
    let rows = snapshot.conflicts.iter().map(|conflict| {
        let told = Told::of(conflict);
        Row::new(vec![
            Cell::from(time(&conflict.found_at, 8)),
            Cell::from(Line::from(told.key()).right_aligned()),
            Cell::from(side(&told, told.winner, snapshot, scene)),
            Cell::from(side(&told, told.loser, snapshot, scene)),
        ])
    });
    let heading = Row::new(vec![
        Cell::from("time"),
        Cell::from(Line::from("row").right_aligned()),
        Cell::from("stays"),
        Cell::from("is kept aside"),
    ]);
    let widths = [
        Constraint::Length(8),
        Constraint::Length(6),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows, widths)
        .header(heading.style(scene.palette.quiet()))
        .column_spacing(2)
        .block(frame::panel(title, scene));
    frame.render_widget(table, area);
}

fn side<'a>(told: &Told<'a>, image: &'a Image, snapshot: &Snapshot, scene: &Scene) -> Line<'a> {
    let position = usize::from(snapshot.nodes[0].name != image.node);
    let (column, value) = told.value(image);
    let mut line = Line::from(Span::styled(image.node.as_str(), scene.palette.node(position)));
    if !column.is_empty() {
        line.push_span(Span::styled(format!(" {column}"), scene.palette.quiet()));
    }
    line.push_span(Span::raw(format!(" {value}")));
    line
}

/// The time of day in a timestamp in RFC 3339, cut to so many characters.
fn time(timestamp: &str, length: usize) -> String {
    const DATE: usize = "2026-01-01T".len();
    timestamp.chars().skip(DATE).take(length).collect()
}
