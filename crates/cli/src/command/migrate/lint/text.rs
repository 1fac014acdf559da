//! Findings for people: what, where, the line, what was seen, what to do instead.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use ponte_schema::lint::Severity;

use super::{Line, Shown};
use crate::command::migrate::migrations;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const BOLD: Style = Style::new().bold();

pub(super) fn write(shown: &Shown, out: &mut dyn Write) -> io::Result<()> {
    for line in &shown.findings {
        if line.weight == Severity::Note {
            write_note(line, out)?;
        } else {
            write_whole(line, out)?;
        }
    }
    let how = match (shown.observed, shown.sized) {
        (false, _) => ", by the words alone",
        (true, true) => ", with the sizes of the live database",
        (true, false) => "",
    };
    let looked_at = migrations(shown.migrations);
    if shown.findings.is_empty() {
        return writeln!(out, "nothing dangerous in {looked_at}{how}");
    }
    let count = |weight: Severity| shown.findings.iter().filter(|line| line.weight == weight).count();
    let counts =
        [Severity::Error, Severity::Warning, Severity::Note].map(|weight| (count(weight), weight.word()));
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    writeln!(out, "{} in {looked_at}{how}", counts.join(", "))?;
    writeln!(
        out,
        "more about a rule: ponte explain RULE; what is meant so: -- ponte: allow RULE: reason, above the statement"
    )
}

fn style(weight: Severity) -> Style {
    match weight {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Note => CYAN,
    }
}

/// Good to know, in as little space as it takes.
fn write_note(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let style = style(line.weight);
    let Line {
        rule,
        severity,
        file,
        line: number,
        column,
        message,
        ..
    } = line;
    writeln!(
        out,
        "{style}{severity}[{rule}]{style:#} {file}:{number}:{column}: {message}{}\n",
        size(line)
    )
}

fn write_whole(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let style = style(line.weight);
    let Line {
        rule,
        severity,
        file,
        line: number,
        column,
        message,
        source,
        ..
    } = line;
    writeln!(out, "{style}{severity}[{rule}]{style:#}{BOLD}: {message}{BOLD:#}")?;
    let digits = number.to_string();
    let margin = " ".repeat(digits.len());
    writeln!(out, "{margin}{BLUE}-->{BLUE:#} {file}:{number}:{column}")?;
    writeln!(out, "{margin} {BLUE}|{BLUE:#}")?;
    writeln!(out, "{BLUE}{digits} |{BLUE:#} {source}")?;
    writeln!(out, "{margin} {BLUE}|{BLUE:#}")?;
    for seen in &line.observed {
        writeln!(out, "{margin} {BLUE}={BLUE:#} seen: {seen}")?;
    }
    let size = size(line);
    if !size.is_empty() {
        writeln!(out, "{margin} {BLUE}={BLUE:#} size:{size}")?;
    }
    if let Some(suggestion) = &line.suggestion {
        let mut lines = suggestion.lines();
        let first = lines.next().unwrap_or_default();
        writeln!(out, "{margin} {BLUE}={BLUE:#} {GREEN}help{GREEN:#}: {first}")?;
        for more in lines {
            writeln!(out, "{margin}         {more}")?;
        }
    }
    writeln!(out)
}

/// How large the table is, where that is known.
fn size(line: &Line) -> String {
    match (line.table_rows, line.table_bytes) {
        (Some(rows), Some(bytes)) => format!(" {rows} rows, {}", bytes_in_words(bytes)),
        _ => String::new(),
    }
}

fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut scaled = bytes / 1024;
    let mut unit = 0;
    while scaled >= 10 * 1024 && unit + 1 < UNITS.len() {
        scaled /= 1024;
        unit += 1;
    }
    format!("{scaled} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_at_most_five_digits() {
        assert_eq!(bytes_in_words(8192), "8 KiB");
        assert_eq!(bytes_in_words(12 * 1024 * 1024), "12 MiB");
        assert_eq!(bytes_in_words(10 * 1024 * 1024 * 1024), "10 GiB");
    }
}
