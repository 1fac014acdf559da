//! The first line, the last line, and the border of a panel.

use std::time::Duration;

use ponte_engine::demo::{Mood, Snapshot};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Padding};

use super::Scene;

/// What this is, how the link does, how long it has been going.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, scene: &Scene) {
    let palette = scene.palette;
    let [first, second] = &snapshot.nodes;
    let (word, style) = match &snapshot.mood {
        Mood::Starting => ("starting", palette.quiet()),
        Mood::Running => ("running", palette.good()),
        Mood::Paused => ("paused", palette.attention()),
        Mood::Retrying(_) => ("trying again", palette.attention()),
        Mood::Stopped(_) => ("stopped", palette.bad()),
    };
    let left = Line::from(vec![
        Span::styled(" ponte demo  ", palette.strong()),
        Span::styled(first.name.as_str(), palette.node(0)),
        Span::raw(" ⇄ "),
        Span::styled(second.name.as_str(), palette.node(1)),
        Span::raw("  link perfis, continuous, "),
        Span::styled(word, style),
    ]);
    let right = match scene.ends_after {
        Some(end) => format!("{} of {} ", clock(snapshot.elapsed), clock(end)),
        None => format!("{} ", clock(snapshot.elapsed)),
    };
    let [left_area, right_area] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(16)]).areas(area);
    frame.render_widget(left, left_area);
    frame.render_widget(Line::from(right).right_aligned(), right_area);
}

/// The keys.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let key = |name: &'static str| Span::styled(name, scene.palette.strong());
    let look = if scene.looking {
        "  back"
    } else {
        "  look around by hand"
    };
    frame.render_widget(
        Line::from(vec![
            Span::raw(" "),
            key("q"),
            Span::raw("  end: stop the traffic, drain, compare both sides     "),
            key("l"),
            Span::raw(look),
        ]),
        area,
    );
}

/// A border with a title.
pub(super) fn panel<'a>(title: impl Into<Line<'a>>, scene: &Scene) -> Block<'a> {
    let mut title: Line<'a> = title.into();
    title.spans.insert(0, Span::raw(" "));
    title.spans.push(Span::raw(" "));
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(scene.palette.quiet())
        .padding(Padding::horizontal(1))
        .title(title)
}

/// `02:05`, or `1:02:05`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}
