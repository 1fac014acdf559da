//! The panel of a node: what it holds, what is written to it, what it still has to send.

use ponte_engine::demo::NodeView;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, RenderDirection, Sparkline, Wrap};

use super::{Scene, frame, grouped};

/// Width of the figures; the curve gets what is left.
const FIGURES_WIDTH: u16 = 19;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, node: &NodeView, position: usize, scene: &Scene) {
    let palette = scene.palette;
    let title = Line::from(vec![
        Span::styled(node.name.as_str(), palette.node(position)),
        Span::styled(format!(" on port {}", node.port), palette.quiet()),
    ]);
    let block = frame::panel(title, scene);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if let Some(trouble) = &node.trouble {
        let text = Paragraph::new(trouble.as_str()).style(palette.bad());
        frame.render_widget(text.wrap(Wrap { trim: true }), inner);
        return;
    }
    let [figures, _, curve] = Layout::horizontal([
        Constraint::Length(FIGURES_WIDTH),
        Constraint::Length(1),
        Constraint::Fill(1),
    ])
    .areas(inner);
    frame.render_widget(Paragraph::new(lines(node, scene)), figures);
    let newest_first: Vec<u64> = node.history.iter().rev().copied().collect();
    frame.render_widget(
        Sparkline::default()
            .data(newest_first)
            .direction(RenderDirection::RightToLeft)
            .style(palette.curve(position)),
        curve,
    );
}

fn lines<'a>(node: &NodeView, scene: &Scene) -> Vec<Line<'a>> {
    let palette = scene.palette;
    let line = |name: &'static str, value: String| {
        Line::from(vec![
            Span::styled(format!("{name:<9}"), palette.quiet()),
            Span::styled(format!("{value:>10}"), palette.strong()),
        ])
    };
    let rows = node.rows.map_or_else(|| "…".to_owned(), grouped);
    vec![
        line("rows", rows),
        line("writes/s", format!("{:.0}", node.writes_per_second)),
        line("pending", grouped(node.pending)),
        line("lag", lag(node.lag_seconds)),
        line("conflicts", grouped(node.conflicts)),
    ]
}

fn lag(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}
