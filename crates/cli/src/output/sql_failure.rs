//! A statement of a migration that the server rejected: its lines, a caret, and everything that the server said.

use std::io::{self, Write};

use ponte_pg::migrate::{InternalQuery, Snippet, SqlFailure};

use super::diagnostic::{BLUE, RED};

/// Lines of a statement inside a function that are shown at most.
const INNER_LINES_MAX: usize = 8;

/// Writes it, between the headline and the facts.
pub(super) fn write(failure: &SqlFailure, out: &mut dyn Write) -> io::Result<()> {
    let margin = match (&failure.snippet, failure.position) {
        (Some(snippet), Some(position)) => {
            let last = usize::try_from(snippet.first_line).unwrap_or(0) + snippet.lines.len();
            let margin = " ".repeat(last.to_string().len());
            let (line, column) = (position.line, position.column);
            writeln!(out, "{margin}{BLUE}-->{BLUE:#} {}:{line}:{column}", failure.file)?;
            writeln!(out, "{margin} {BLUE}|{BLUE:#}")?;
            write_snippet(snippet, &failure.message, margin.len(), out)?;
            margin
        }
        _ => {
            writeln!(out, " {BLUE}-->{BLUE:#} {}: at its commit", failure.file)?;
            writeln!(out, "  {RED}{}{RED:#}", failure.message)?;
            " ".to_owned()
        }
    };
    if let Some(internal) = &failure.internal {
        write_internal(internal, &margin, out)?;
    }
    let said = [
        ("detail", failure.detail.as_deref()),
        ("the server advises", failure.hint.as_deref()),
        ("context", failure.context.as_deref()),
        ("SQLSTATE", Some(failure.sqlstate.as_str())),
    ];
    for (name, text) in said {
        if let Some(text) = text {
            let indented = text.trim_end().replace('\n', &format!("\n{margin}     "));
            writeln!(out, "{margin} {BLUE}={BLUE:#} {name}: {indented}")?;
        }
    }
    Ok(())
}

fn write_snippet(snippet: &Snippet, message: &str, digits: usize, out: &mut dyn Write) -> io::Result<()> {
    for (index, text) in snippet.lines.iter().enumerate() {
        let number = usize::try_from(snippet.first_line).unwrap_or(0) + index;
        writeln!(out, "{BLUE}{number:>digits$} |{BLUE:#} {text}")?;
        if index == snippet.caret_line {
            let before = blank(text, snippet.caret.start);
            let caret = "^".repeat(snippet.caret.len());
            let gap = if caret.is_empty() { "" } else { " " };
            writeln!(
                out,
                "{:digits$} {BLUE}|{BLUE:#} {before}{RED}{caret}{gap}{message}{RED:#}",
                ""
            )?;
        }
    }
    Ok(())
}

fn write_internal(internal: &InternalQuery, margin: &str, out: &mut dyn Write) -> io::Result<()> {
    let position = usize::try_from(internal.position.saturating_sub(1)).unwrap_or(0);
    let before: String = internal.query.chars().take(position).collect();
    let (line, column) = (
        before.matches('\n').count(),
        before.chars().rev().take_while(|c| *c != '\n').count(),
    );
    writeln!(out, "{margin} {BLUE}={BLUE:#} in the statement that it ran:")?;
    for (index, text) in internal
        .query
        .lines()
        .enumerate()
        .take(INNER_LINES_MAX.max(line + 1))
    {
        writeln!(out, "{margin}     {text}")?;
        if index == line {
            writeln!(out, "{margin}     {}{RED}^{RED:#}", blank(text, column))?;
        }
    }
    Ok(())
}

/// As wide as the beginning of a line: a tab stays a tab, else what follows stands elsewhere.
fn blank(line: &str, chars: usize) -> String {
    line.chars()
        .take(chars)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect()
}
