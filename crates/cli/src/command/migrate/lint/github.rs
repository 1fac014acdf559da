//! Findings as annotations of GitHub's workflows: one command to the runner per line.

use std::io::{self, Write};

use serde::Serialize;

use super::Shown;
use crate::output::Report;

#[derive(Debug, Serialize)]
pub(super) struct Annotations<'a>(pub(super) &'a Shown);

impl Report for Annotations<'_> {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.0.findings {
            let command = match line.severity {
                "note" => "notice",
                other => other,
            };
            let mut message = line.message.clone();
            if let Some(suggestion) = &line.suggestion {
                message = format!("{message}\n{suggestion}");
            }
            writeln!(
                out,
                "::{command} file={},line={},col={},title={}::{}",
                property(&line.file),
                line.line,
                line.column,
                property(line.rule),
                escaped(&message)
            )?;
        }
        Ok(())
    }
}

/// What would end the command, or begin an escape, is written in hexadecimal.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property, so is what would end it.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_end_the_command() {
        assert_eq!(escaped("100 %\nnext"), "100 %25%0Anext");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
