//! The command line: options that every command has, and the commands.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser};
use ponte_engine::config::{Environment, Origin, Sourced};

use crate::command::Command;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::Failure;
use crate::output::Format;

/// Keeps two live PostgreSQL databases in agreement, in both directions, and manages their schema.
#[derive(Debug, Parser)]
#[command(
    name = "ponte",
    version,
    propagate_version = false,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, nothing found; 1 it ran and found something; 2 trouble.\n\
                  A message ends with its code: `ponte explain CODE` says more."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command has.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Work as if started in this directory
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Read this file instead of looking for ponte.toml here and above [env: PONTE_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// The database to work on [env: PONTE_DATABASE_URL, DATABASE_URL]
    #[arg(long, value_name = "URL", global = true, conflicts_with = "node")]
    pub(crate) database_url: Option<String>,
    /// The node of ponte.toml to work on [env: PONTE_NODE]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) node: Option<String>,
    /// How results are printed: text, or json for one JSON document [env: PONTE_OUTPUT] [default: text]
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = true,
        global = true
    )]
    pub(crate) output: Option<Format>,
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more on stderr; twice for every detail [env: PONTE_LOG]
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// Print without colours [env: NO_COLOR]
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Answer every question with yes [env: PONTE_YES=1]
    #[arg(short = 'y', long, global = true)]
    pub(crate) yes: bool,
}

impl Globals {
    /// How results are printed: the flag, else the variable, else as text.
    pub(crate) fn format(&self, environment: &Environment) -> Result<Format, Failure> {
        Ok(self.format_and_origin(environment)?.value)
    }

    /// The same, with where it came from.
    pub(crate) fn format_and_origin(&self, environment: &Environment) -> Result<Sourced<Format>, Failure> {
        if let Some(format) = self.output {
            return Ok(Sourced::new(format, Origin::Flag("--output")));
        }
        let Some(variable) = environment.lookup("PONTE_OUTPUT") else {
            return Ok(Sourced::default(Format::Text));
        };
        match variable.value {
            "text" => Ok(Sourced::new(Format::Text, variable.origin)),
            "json" => Ok(Sourced::new(Format::Json, variable.origin)),
            other => Err(Diagnostic::new(
                Code::Usage,
                format!("cannot print as {other:?}, which PONTE_OUTPUT asks for"),
            )
            .hint("set PONTE_OUTPUT to text or json")
            .into()),
        }
    }

    /// Whether questions are answered with yes.
    pub(crate) fn assume_yes(&self, environment: &Environment) -> bool {
        self.yes || environment.get("PONTE_YES").is_some_and(|value| value == "1")
    }
}

/// Whether errors have to be JSON, found out without the parser, which has just failed.
pub(crate) fn asks_for_json(args: impl Iterator<Item = OsString>, environment: &Environment) -> bool {
    let args: Vec<OsString> = args.collect();
    let flag = args.iter().any(|arg| arg == "--output=json")
        || args
            .windows(2)
            .any(|pair| pair[0] == "--output" && pair[1] == "json");
    flag || environment.get("PONTE_OUTPUT") == Some("json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_is_recognised_without_the_parser() {
        let check = |args: &[&str], expected| {
            let args = args.iter().map(OsString::from);
            assert_eq!(asks_for_json(args, &Environment::default()), expected);
        };
        check(&["ponte", "--output", "json", "nope"], true);
        check(&["ponte", "--output=json"], true);
        check(&["ponte", "--output", "text", "json"], false);
    }
}
