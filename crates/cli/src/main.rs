//! The `ponte` program: reads the command line, runs one command, prints what it found, and says how it ended.
//!
//! Data goes to stdout and everything else to stderr. The exit code is 0 where nothing was found, 1 where something was,
//! 2 where something went wrong.

mod args;
mod command;
mod context;
mod diagnostic;
mod failure;
mod logging;
mod output;

use std::process::ExitCode;

use clap::Parser;
use ponte_engine::config::Environment;

use crate::args::Cli;
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Format;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    match Cli::try_parse() {
        Ok(cli) => start(cli, environment),
        Err(e) => refuse(&e, &environment),
    }
}

fn start(cli: Cli, environment: Environment) -> ExitCode {
    output::choose_colour(cli.globals.no_color);
    let Cli { globals, command } = cli;
    let format = match globals.format(&environment) {
        Ok(format) => format,
        Err(failure) => return end(&failure, Format::Text),
    };
    logging::start(&globals, &environment, command.log_level());
    let context = Context::new(globals, format, environment);
    match run(&context, command) {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(failure) => end(&failure, format),
    }
}

fn end(failure: &Failure, format: Format) -> ExitCode {
    match failure {
        // Whoever read our output has seen enough, as `head` does.
        Failure::PipeClosed => ExitCode::SUCCESS,
        Failure::Trouble(diagnostic) => fail(diagnostic, format),
    }
}

fn run(context: &Context, command: command::Command) -> Result<Verdict, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Diagnostic::new(Code::Internal, "cannot start the runtime").because(&e))?;
    let verdict = runtime.block_on(command.run(context));
    // A prompt or a name lookup that is still blocked must not hold the program back.
    runtime.shutdown_background();
    verdict
}

fn fail(diagnostic: &Diagnostic, format: Format) -> ExitCode {
    output::print_diagnostic(diagnostic, format);
    ExitCode::from(2)
}

/// The command line was not understood, or asked for help or the version.
fn refuse(error: &clap::Error, environment: &Environment) -> ExitCode {
    let asked_for_json = args::asks_for_json(std::env::args_os(), environment);
    if error.use_stderr() && asked_for_json {
        return fail(&Diagnostic::usage(error), Format::Json);
    }
    // Nobody is left to be told when the terminal is gone.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
