//! The panel of the last passes, a line for each direction in which something moved.

use ponte_engine::demo::{Direction, Mood, PassView, Snapshot};
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, Wrap};

use super::{Scene, frame, grouped};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, scene: &Scene) {
    let totals = &snapshot.totals;
    let count = |n: u64| grouped(i64::try_from(n).unwrap_or(i64::MAX));
    let title = format!(
        "passes: {}, carried {} rows",
        count(totals.passes),
        count(totals.upserts + totals.deletes)
    );
    let block = frame::panel(title, scene);
    if let Mood::Retrying(reason) | Mood::Stopped(reason) = &snapshot.mood {
        let text = Paragraph::new(reason.as_str()).style(scene.palette.attention());
        frame.render_widget(text.wrap(Wrap { trim: true }).block(block), area);
        return;
    }
    let rows = snapshot.passes.iter().flat_map(|pass| {
        let lines = pass.directions.iter();
        lines.map(move |direction| line(pass, direction, snapshot, scene))
    });
    let right = |text: &'static str| Cell::from(Line::from(text).right_aligned());
    let heading = Row::new(vec![
        Cell::from("time"),
        Cell::from("from → to"),
        right("written"),
        right("deleted"),
        right("conflicts"),
        right("ms"),
    ]);
    let widths = [
        Constraint::Length(8),
        Constraint::Fill(1),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(8),
    ];
    let table = Table::new(rows, widths)
        .header(heading.style(scene.palette.quiet()))
        .column_spacing(2)
        .block(block);
    frame.render_widget(table, area);
}

fn line<'a>(pass: &PassView, direction: &Direction, snapshot: &Snapshot, scene: &Scene) -> Row<'a> {
    let style = |name: &str| scene.palette.node(usize::from(snapshot.nodes[0].name != name));
    let number = |n: u64| Cell::from(Line::from(n.to_string()).right_aligned());
    let conflicts = Line::from(direction.conflicts.to_string()).right_aligned();
    Row::new(vec![
        Cell::from(pass.at.strftime("%H:%M:%S").to_string()),
        Cell::from(Line::from(vec![
            Span::styled(direction.from.clone(), style(&direction.from)),
            Span::raw(" → "),
            Span::styled(direction.to.clone(), style(&direction.to)),
        ])),
        number(direction.upserts),
        number(direction.deletes),
        Cell::from(if direction.conflicts > 0 {
            conflicts.style(scene.palette.attention())
        } else {
            conflicts
        }),
        Cell::from(Line::from(format!("{:.1}", direction.duration.as_secs_f64() * 1e3)).right_aligned()),
    ])
}
