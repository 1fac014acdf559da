//! Printing. Data goes to stdout, everything else to stderr; colour is left out where nobody would see it.

mod diagnostic;
mod sql_failure;

use std::fmt;
use std::io::{self, Write};

use anstream::ColorChoice;
use clap::ValueEnum;
use serde::Serialize;

pub(crate) use diagnostic::print_diagnostic;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// The result of a command: serialised for scripts, written for people.
pub(crate) trait Report: Serialize {
    /// Writes the form for people. Styles may be used; they are taken out where they cannot be shown.
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Prints a result.
pub(crate) fn print(report: &impl Report, format: Format) -> io::Result<()> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match format {
        Format::Text => report.write_text(&mut out)?,
        Format::Json => {
            let text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
            writeln!(out, "{text}")?;
        }
    }
    out.flush()
}

/// Says something on stderr. A terminal that is gone is no reason to fail.
pub(crate) fn note(text: &dyn fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Follows `--no-color`. NO_COLOR, CLICOLOR and terminals are looked at by the stream itself.
pub(crate) fn choose_colour(never: bool) {
    if never {
        ColorChoice::Never.write_global();
    }
}

/// Whether stderr shows colours.
pub(crate) fn stderr_has_colour() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// Whether stdout shows colours.
pub(crate) fn stdout_has_colour() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// What a terminal shows without breaking lines.
const COLUMNS_MAX: u16 = 80;

/// As [`table`], with long values broken so that no line is longer than a terminal's.
pub(crate) fn wrapped_table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    arranged(headings, rows, |table| {
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        table.set_width(COLUMNS_MAX);
    })
}

/// Rows under headings, columns two spaces apart, nothing drawn: easy on eyes and on `awk`.
pub(crate) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    arranged(headings, rows, |table| {
        table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    })
}

fn arranged<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    arrange: impl FnOnce(&mut comfy_table::Table),
) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    arrange(&mut table);
    table.set_header(headings);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_aligned_columns_and_no_trailing_space() {
        let rows = [["a".into(), "long value".into()], ["bb".into(), "x".into()]];
        assert_eq!(
            table(["key", "value"], rows),
            "key  value\na    long value\nbb   x"
        );
    }
}
