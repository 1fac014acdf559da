//! The keyboard, read on a thread of its own: the terminal's events come through a blocking call.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

/// How often the thread looks whether it is still wanted.
const POLL: Duration = Duration::from_millis(50);

/// How many keys may wait. Nobody types faster than the view is drawn.
const WAITING_MAX: usize = 16;

/// What a key means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// End the demo.
    End,
    /// Show how to look around, or go back.
    Look,
    /// Draw again: the window has changed.
    Redraw,
}

/// Keys as they are pressed. Dropping it ends the thread.
pub(super) struct Keys {
    pressed: mpsc::Receiver<Key>,
    unwanted: Arc<AtomicBool>,
}

impl Keys {
    /// Begins to read. The terminal must be in raw mode.
    pub(super) fn read() -> io::Result<Self> {
        let (sender, pressed) = mpsc::channel(WAITING_MAX);
        let unwanted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&unwanted);
        std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || pass_on(&sender, &flag))?;
        Ok(Self { pressed, unwanted })
    }

    /// The next key; never returns once the keyboard is gone.
    pub(super) async fn next(&mut self) -> Key {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}

fn pass_on(sender: &mpsc::Sender<Key>, unwanted: &AtomicBool) {
    while !unwanted.load(Ordering::Relaxed) {
        match event::poll(POLL) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) => return,
        }
        let Ok(event) = event::read() else { return };
        if let Some(key) = meaning(&event) {
            // A full channel means that the view is busy; the key can be pressed again.
            let _ = sender.try_send(key);
        }
    }
}

fn meaning(event: &Event) -> Option<Key> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => of_key(*key),
        Event::Resize(..) => Some(Key::Redraw),
        _ => None,
    }
}

fn of_key(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'd') if control => Some(Key::End),
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Key::End),
        KeyCode::Char('l' | 'L' | '?' | 'h') => Some(Key::Look),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_out_is_known() {
        let check = |code, modifiers, expected| {
            assert_eq!(meaning(&Event::Key(KeyEvent::new(code, modifiers))), expected);
        };
        check(KeyCode::Char('q'), KeyModifiers::NONE, Some(Key::End));
        check(KeyCode::Esc, KeyModifiers::NONE, Some(Key::End));
        check(KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Key::End));
        check(KeyCode::Char('c'), KeyModifiers::NONE, None);
        check(KeyCode::Char('l'), KeyModifiers::NONE, Some(Key::Look));
    }
}
