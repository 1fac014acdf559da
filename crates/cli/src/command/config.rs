//! `ponte config show`: every value that holds, and where it came from.

use std::io::{self, Write};

use clap::Subcommand;
use ponte_engine::config::{Origin, Setting};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print each value and its origin: flag, environment, line of .env, line of ponte.toml, default
    Show,
}

#[derive(Debug, Serialize)]
struct Shown {
    /// The file that was read.
    file: Option<String>,
    /// The project's directory.
    root: String,
    settings: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    key: String,
    value: String,
    origin: String,
}

impl From<&Setting> for Line {
    fn from(setting: &Setting) -> Self {
        Self {
            key: setting.key.clone(),
            value: setting.value.clone(),
            origin: setting.origin.to_string(),
        }
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.file {
            Some(file) => writeln!(out, "# {file}")?,
            None => writeln!(out, "# no ponte.toml in {} or above", self.root)?,
        }
        let rows = self
            .settings
            .iter()
            .map(|line| [line.key.clone(), line.value.clone(), line.origin.clone()]);
        writeln!(out, "{}", output::table(["KEY", "VALUE", "FROM"], rows))
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    match args.action {
        Action::Show => show(context),
    }
}

fn show(context: &Context) -> Result<Verdict, Failure> {
    let config = context.config()?;
    let mut settings: Vec<Line> = Vec::new();
    settings.extend(global_settings(context)?.iter().map(Line::from));
    settings.extend(config.settings().iter().map(Line::from));
    context.print(&Shown {
        file: config.file().map(|file| file.display().to_string()),
        root: config.root().display().to_string(),
        settings,
    })?;
    Ok(Verdict::Clean)
}

/// What flags and variables decide, beside the file.
fn global_settings(context: &Context) -> Result<Vec<Setting>, Failure> {
    let globals = context.globals();
    let format = globals.format_and_origin(context.process())?;
    let yes = if globals.yes {
        Origin::Flag("--yes")
    } else if let Some(variable) = context.process().lookup("PONTE_YES") {
        variable.origin
    } else {
        Origin::Default
    };
    let format_name = if context.is_json() { "json" } else { "text" };
    Ok(vec![
        // A project without any database is still a project.
        match context.database() {
            Ok(database) => Setting::new("database", database.address.to_string(), database.origin),
            Err(Failure::Trouble(reason)) => {
                Setting::new("database", format!("({})", reason.message), Origin::Default)
            }
            Err(other) => return Err(other),
        },
        Setting::new("output", format_name, format.origin),
        Setting::new("yes", globals.assume_yes(context.process()).to_string(), yes),
    ])
}
