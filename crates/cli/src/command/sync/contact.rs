//! How a first contact is shown: a line per table that is drawn over and over on a terminal, log lines otherwise.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ponte_pg::sync::first_contact::{ContactEvent, ContactProgress, TableProgress};

use crate::context::Context;

/// How often lines are drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// How often log lines are written.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// The more tables, the fewer anybody reads.
const LINES_MAX: usize = 15;

/// What is known and what has been shown of it.
pub(super) struct Screen {
    link: String,
    state: Mutex<State>,
    began: Instant,
    drawing: bool,
    silent: bool,
}

#[derive(Default)]
struct State {
    progress: ContactProgress,
    shown_at: Option<Instant>,
    lines: usize,
}

impl Screen {
    pub(super) fn new(context: &Context, link: &str) -> Arc<Self> {
        Arc::new(Self {
            link: link.to_owned(),
            state: Mutex::default(),
            began: Instant::now(),
            drawing: std::io::stderr().is_terminal(),
            silent: context.globals().quiet,
        })
    }

    /// Takes in an event, and shows where things stand if that is due.
    pub(super) fn note(&self, event: &ContactEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.progress.note(event, self.began.elapsed());
        let every = if self.drawing { DRAW_EVERY } else { LOG_EVERY };
        let moving = matches!(event, ContactEvent::Moved { .. } | ContactEvent::Committed { .. });
        // The first line of a log comes after a while: a small table needs none.
        let since = state.shown_at.map_or(self.began.elapsed(), |at| at.elapsed());
        if self.silent || !moving || since < every {
            return;
        }
        state.shown_at = Some(Instant::now());
        if self.drawing {
            draw(&mut state, self.began.elapsed());
        } else {
            log(&self.link, &state.progress, self.began.elapsed());
        }
    }

    /// Draws the last state, which stays.
    pub(super) fn end(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.drawing && !self.silent && state.lines > 0 {
            draw(&mut state, self.began.elapsed());
        }
    }
}

fn draw(state: &mut State, now: Duration) {
    let mut out = anstream::stderr().lock();
    let mut text = String::new();
    if state.lines > 0 {
        text.push_str(
            &crossterm::cursor::MoveToPreviousLine(u16::try_from(state.lines).unwrap_or(u16::MAX))
                .to_string(),
        );
    }
    text.push_str(&crossterm::terminal::Clear(crossterm::terminal::ClearType::FromCursorDown).to_string());
    let unfinished = state.progress.tables().iter().filter(|t| !t.complete());
    let finished = state
        .progress
        .tables()
        .iter()
        .filter(|t| t.complete() && t.rows_expected > 0);
    let lines: Vec<String> = unfinished
        .chain(finished)
        .take(LINES_MAX)
        .map(|t| line(t, now))
        .collect();
    for line in &lines {
        text.push_str(line);
        text.push('\n');
    }
    state.lines = lines.len();
    // A terminal that is gone is no reason to fail.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn log(link: &str, progress: &ContactProgress, now: Duration) {
    for table in progress
        .tables()
        .iter()
        .filter(|t| !t.complete() && t.rows > t.rows_before)
    {
        tracing::info!(link, "{}", line(table, now));
    }
}

/// `perfis  a → b  1200000 of 5000000 rows  24.0 %  180.2 MB  31 s left`
fn line(table: &TableProgress, now: Duration) -> String {
    let TableProgress {
        table: name,
        from,
        to,
        rows,
        rows_expected,
        bytes,
        ..
    } = table;
    let megabytes = *bytes as f64 / 1e6;
    let left = match table.remaining(now) {
        _ if table.complete() => "done".to_owned(),
        Some(left) => format!("{} s left", left.as_secs_f64().ceil()),
        None => "waiting".to_owned(),
    };
    let percent = table.percent();
    format!(
        "{name}  {from} → {to}  {rows} of {rows_expected} rows  {percent:.1} %  {megabytes:.1} MB  {left}"
    )
}
