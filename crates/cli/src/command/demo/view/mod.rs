//! The picture: a header, a panel per node, the last conflicts, the last passes, the keys.
//!
//! Everything that colour says is said by words or weight as well. At 80 by 24 all of it fits.

pub(super) mod conflict;
mod frame;
mod node;
mod palette;
mod passes;

use std::time::Duration;

use ponte_engine::demo::Snapshot;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

pub(super) use palette::Palette;

/// Height of a node's panel, its border included.
const NODE_LINES: u16 = 7;

/// What the picture depends on besides the figures.
pub(super) struct Scene {
    pub(super) palette: Palette,
    /// `--for`.
    pub(super) ends_after: Option<Duration>,
    /// How to look around by hand: commands, and what each is about.
    pub(super) look: Vec<(String, String)>,
    /// Whether that is shown instead of conflicts and passes.
    pub(super) looking: bool,
}

/// Draws one picture.
pub(super) fn draw(frame: &mut Frame<'_>, snapshot: &Snapshot, scene: &Scene) {
    let [header, nodes, rest, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(NODE_LINES),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame::header(frame, header, snapshot, scene);
    let [first, second] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(nodes);
    node::draw(frame, first, &snapshot.nodes[0], 0, scene);
    node::draw(frame, second, &snapshot.nodes[1], 1, scene);
    if scene.looking {
        look_around(frame, rest, scene);
    } else {
        let [conflicts, passes] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(rest);
        conflict::draw(frame, conflicts, snapshot, scene);
        passes::draw(frame, passes, snapshot, scene);
    }
    frame::footer(frame, footer, scene);
}

fn look_around(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let lines: Vec<Line<'_>> = scene
        .look
        .iter()
        .flat_map(|(command, about)| {
            let about = format!("# {about}");
            [
                Line::styled(about, scene.palette.quiet()),
                Line::from(command.as_str()),
            ]
        })
        .collect();
    let block = frame::panel("look around from another terminal", scene);
    // Wrapped and not cut off: these lines are there to be copied.
    frame.render_widget(
        Paragraph::new(lines).wrap(Wrap { trim: false }).block(block),
        area,
    );
}

/// Thousands apart: `1 204`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
pub(super) mod tests;
