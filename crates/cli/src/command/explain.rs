//! `ponte explain CODE`: the page of an error code, from inside the program.

use std::io::{self, Write};

use ponte_engine::config::nearest;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

/// Code and page, sorted by code.
static PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code, as a message prints it; left out, all codes are listed
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
    let found = PAGES.iter().find(|(known, _)| *known == code);
    if let Some((code, page)) = found {
        return Ok(Page { code, page });
    }
    let unknown = Diagnostic::new(
        Code::Usage,
        format!("cannot explain {code:?}: there is no such code"),
    );
    let hint = match nearest(code, PAGES.iter().map(|(known, _)| *known)) {
        Some(meant) => format!("did you mean ponte explain {meant}?"),
        None => "run ponte explain to list all codes".to_owned(),
    };
    Err(unknown.hint(hint).into())
}

fn list() -> List {
    let title = |page: &'static str| {
        let headline = page.lines().next().unwrap_or_default();
        headline.split_once(": ").map_or(headline, |(_, title)| title)
    };
    List {
        codes: PAGES
            .iter()
            .map(|(code, page)| Entry {
                code,
                title: title(page),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_begins_with_its_code_and_a_title() {
        assert!(!PAGES.is_empty());
        for (code, page) in PAGES {
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
