//! A failure on stderr: headline, places in files, facts, causes, advice.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use ponte_engine::Excerpt;

use super::Format;
use crate::diagnostic::Diagnostic;

pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const BLUE: Style = AnsiColor::Blue.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Prints a failure on stderr. A terminal that is gone is no reason to fail again.
pub(crate) fn print_diagnostic(diagnostic: &Diagnostic, format: Format) {
    let mut out = anstream::stderr().lock();
    let _ = match format {
        Format::Text => write_text(diagnostic, &mut out),
        Format::Json => writeln!(out, "{}", diagnostic.to_json()),
    };
}

fn write_text(diagnostic: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
    let Diagnostic {
        code,
        message,
        context,
        excerpts,
        sql,
        causes,
        hint,
    } = diagnostic;
    writeln!(out, "{RED}error[{code}]{RED:#}{BOLD}: {message}{BOLD:#}")?;
    for (index, excerpt) in excerpts.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_excerpt(excerpt, out)?;
    }
    if let Some(sql) = sql {
        super::sql_failure::write(sql, out)?;
    }
    for (key, value) in context {
        writeln!(out, "  {key}: {value}")?;
    }
    for cause in causes {
        // A cause of several lines stays recognisable as one cause.
        writeln!(
            out,
            "  caused by: {}",
            cause.trim_end().replace('\n', "\n             ")
        )?;
    }
    if let Some(hint) = hint {
        writeln!(out, "{GREEN}help{GREEN:#}: {hint}")?;
    }
    writeln!(out, "docs: ponte explain {code}")
}

fn write_excerpt(excerpt: &Excerpt, out: &mut dyn Write) -> io::Result<()> {
    let Excerpt {
        file,
        line,
        column,
        text,
        message,
        ..
    } = excerpt;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    // A tab before the caret has to stay a tab, else the caret points elsewhere.
    let before: String = text
        .chars()
        .take(usize::try_from(*column).unwrap_or(1).saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let caret = "^".repeat(usize::try_from(excerpt.width).unwrap_or(1));
    writeln!(out, "{margin}{BLUE}-->{BLUE:#} {file}:{line}:{column}")?;
    writeln!(out, "{margin} {BLUE}|{BLUE:#}")?;
    writeln!(out, "{BLUE}{number} |{BLUE:#} {text}")?;
    writeln!(
        out,
        "{margin} {BLUE}|{BLUE:#} {before}{RED}{caret} {message}{RED:#}"
    )?;
    if let Some(help) = &excerpt.help {
        writeln!(out, "{margin} {BLUE}={BLUE:#} {GREEN}help{GREEN:#}: {help}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn a_failure_reads_from_what_failed_to_what_to_do() {
        let mut diagnostic = Diagnostic::new(Code::Usage, "cannot use the configuration")
            .with("file", "ponte.toml")
            .because(&io::Error::other("first line\nsecond line"))
            .hint("correct the key");
        diagnostic.excerpts.push(Excerpt {
            file: "ponte.toml".into(),
            line: 12,
            column: 2,
            width: 3,
            text: "\tabc = 1".into(),
            message: "unknown key".into(),
            help: Some("did you mean \"abd\"?".into()),
        });
        let mut out = anstream::StripStream::new(Vec::new());
        write_text(&diagnostic, &mut out).unwrap();
        let text = String::from_utf8(out.into_inner()).unwrap();
        let expected = [
            "error[usage]: cannot use the configuration",
            "  --> ponte.toml:12:2",
            "   |",
            "12 | \tabc = 1",
            "   | \t^^^ unknown key",
            "   = help: did you mean \"abd\"?",
            "  file: ponte.toml",
            "  caused by: first line",
            "             second line",
            "help: correct the key",
            "docs: ponte explain usage",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
    }
}
