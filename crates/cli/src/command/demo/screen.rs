//! The terminal: taken, drawn on four times a second, given back whatever happens.

use std::time::Duration;

use ponte_engine::demo::Show;

use super::End;
use super::keys::{Key, Keys};
use super::look::Look;
use super::view::{self, Palette, Scene};
use crate::failure::Failure;
use crate::output;

const PACE: Duration = Duration::from_millis(250);

/// The terminal while it is ours. A panic gives it back as well, through ratatui's own hook.
struct Taken(ratatui::DefaultTerminal);

impl Drop for Taken {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Draws until the end is reached.
pub(super) async fn watch(show: &Show, look: &Look, end: &End) -> Result<(), Failure> {
    let mut scene = Scene {
        palette: Palette::new(output::stdout_has_colour()),
        ends_after: end.after,
        look: look.commands.clone(),
        looking: false,
    };
    let mut terminal = Taken(ratatui::try_init()?);
    let mut keys = Keys::read()?;
    while !show.is_over() {
        let snapshot = show.snapshot();
        if end.reached(snapshot.elapsed) {
            break;
        }
        terminal.0.draw(|frame| view::draw(frame, &snapshot, &scene))?;
        tokio::select! {
            () = end.asked.cancelled() => {}
            () = tokio::time::sleep(PACE) => {}
            key = keys.next() => match key {
                Key::End => end.asked.cancel(),
                Key::Look => scene.looking = !scene.looking,
                Key::Redraw => {}
            },
        }
    }
    Ok(())
}
