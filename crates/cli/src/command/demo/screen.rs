//! The terminal: taken, drawn on four times a second, given back whatever happens.

use std::io;
use std::time::Duration;

use ponte_engine::demo::Show;
use ratatui::{DefaultTerminal, Frame};

use super::End;
use super::keys::{Key, Keys};
use super::look::Look;
use super::view::{self, Palette, Scene};
use crate::failure::Failure;
use crate::output;

const PACE: Duration = Duration::from_millis(250);

/// The terminal while it is ours. A panic gives it back as well, through ratatui's own hook.
struct Taken(Option<DefaultTerminal>);

impl Taken {
    fn take() -> io::Result<Self> {
        Ok(Self(Some(ratatui::try_init()?)))
    }

    fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        match &mut self.0 {
            Some(terminal) => terminal.draw(picture).map(drop),
            None => Ok(()),
        }
    }
}

impl Drop for Taken {
    /// Where the terminal has gone away, ratatui would say so on stderr, which may be that very terminal: a panic.
    fn drop(&mut self) {
        let Some(mut terminal) = self.0.take() else { return };
        if terminal.show_cursor().is_err() {
            std::mem::forget(terminal);
        }
        let _ = ratatui::try_restore();
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
    let mut terminal = Taken::take()?;
    let mut keys = Keys::read()?;
    while !show.is_over() {
        let snapshot = show.snapshot();
        if end.reached(snapshot.elapsed) {
            break;
        }
        terminal.draw(|frame| view::draw(frame, &snapshot, &scene))?;
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
