//! `ponte explain CODE`: the page of an error code or of a rule of the lint, from inside the program.

use std::io::{self, Write};

use ponte_engine::config::nearest;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

/// Code and page of each error, sorted by code.
static ERRORS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// Code and page of each rule of the lint, sorted by code.
static RULES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/lint_pages.rs"));

fn pages() -> impl Iterator<Item = (&'static str, &'static str)> {
    ERRORS.iter().chain(RULES).copied()
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code, as a message or a finding prints it; left out, all codes are listed
    code: Option<String>,
}

#[derive(Debug, Serialize)]
struct Page {
    code: &'static str,
    page: &'static str,
}

impl Report for Page {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.page.as_bytes())
    }
}

#[derive(Debug, Serialize)]
struct List {
    codes: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    code: &'static str,
    title: &'static str,
}

impl Report for List {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows = self
            .codes
            .iter()
            .map(|entry| [entry.code.to_owned(), entry.title.to_owned()]);
        writeln!(out, "{}", output::table(["CODE", "MEANING"], rows))
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    match &args.code {
        Some(code) => context.print(&page(code)?)?,
        None => context.print(&list())?,
    }
    Ok(Verdict::Clean)
}

fn page(code: &str) -> Result<Page, Failure> {
    let found = pages().find(|(known, _)| *known == code);
    if let Some((code, page)) = found {
        return Ok(Page { code, page });
    }
    let unknown = Diagnostic::new(
        Code::Usage,
        format!("cannot explain {code:?}: there is no such code"),
    );
    let hint = match nearest(code, pages().map(|(known, _)| known)) {
        Some(meant) => format!("did you mean ponte explain {meant}?"),
        None => "run ponte explain to list all codes".to_owned(),
    };
    Err(unknown.hint(hint).into())
}

fn list() -> List {
    List {
        codes: pages()
            .map(|(code, page)| Entry {
                code,
                title: title(page),
            })
            .collect(),
    }
}

/// What a page says in its headline, behind the code.
fn title(page: &'static str) -> &'static str {
    let headline = page.lines().next().unwrap_or_default();
    headline.split_once(": ").map_or(headline, |(_, title)| title)
}

/// What a rule of the lint is about, in one line.
pub(super) fn title_of_rule(code: &str) -> &'static str {
    let page = RULES.iter().find(|(known, _)| *known == code);
    page.map_or("", |(_, page)| title(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_begins_with_its_code_and_a_title() {
        assert!(!ERRORS.is_empty() && !RULES.is_empty());
        for (code, page) in pages() {
            let headline = page.lines().next().unwrap_or_default();
            assert!(headline.starts_with(&format!("# {code}: ")), "{code}: {headline}");
        }
    }

    #[test]
    fn a_misspelled_code_is_answered_with_the_nearest_one() {
        let Err(Failure::Trouble(refused)) = page("config.invald") else {
            panic!("there is no such page");
        };
        assert_eq!(
            refused.hint.as_deref(),
            Some("did you mean ponte explain config.invalid?")
        );
    }
}
