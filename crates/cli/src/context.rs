//! What every command is given: the project, the way to print, the right to ask.

use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ponte_engine::config::{Choice, Config, Database, Environment, Origin, Secret, Sourced};

use crate::args::Globals;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::Failure;
use crate::output::{self, Format, Report};

/// What every command is given.
pub(crate) struct Context {
    globals: Globals,
    format: Format,
    process: Environment,
    config: OnceLock<Config>,
}

impl Context {
    pub(crate) fn new(globals: Globals, format: Format, process: Environment) -> Self {
        Self {
            globals,
            format,
            process,
            config: OnceLock::new(),
        }
    }

    /// The node that `--node` names, for commands that take it as a choice among several.
    pub(crate) fn named_node(&self) -> Option<&str> {
        self.globals.node.as_deref()
    }

    /// The project, read when it is first asked for: a command that needs none works beside a broken file.
    pub(crate) fn config(&self) -> Result<&Config, Failure> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let file = self.globals.config.clone();
        let file = file.or_else(|| self.process.get("PONTE_CONFIG").map(PathBuf::from));
        let config = Config::open(&self.directory()?, file.as_deref(), self.process.clone())?;
        Ok(self.config.get_or_init(|| config))
    }

    /// The directory that the command works in: `-C`, else the current one.
    pub(crate) fn directory(&self) -> Result<PathBuf, Failure> {
        let directory = self.globals.directory.as_deref().unwrap_or(Path::new("."));
        let missing = |reason: &std::io::Error| {
            Diagnostic::new(Code::Usage, "cannot work in the directory that -C names")
                .with("directory", directory.display())
                .because(reason)
                .hint("correct -C")
        };
        let absolute = std::path::absolute(directory).map_err(|e| missing(&e))?;
        // `-C .` and no -C mean the same directory; its name is the project's.
        let resolved = absolute.canonicalize().map_err(|e| missing(&e))?;
        if resolved.is_dir() {
            Ok(resolved)
        } else {
            Err(missing(&std::io::ErrorKind::NotADirectory.into()).into())
        }
    }

    /// The options that every command has.
    pub(crate) fn globals(&self) -> &Globals {
        &self.globals
    }

    /// The variables of the process, without the project's `.env`.
    pub(crate) fn process(&self) -> &Environment {
        &self.process
    }

    /// What the flags and their variables say about the database.
    pub(crate) fn choice(&self) -> Result<Choice, Failure> {
        if let Some(url) = &self.globals.database_url {
            let url = Secret::new(url.as_str());
            return Ok(Choice::Url(Sourced::new(url, Origin::Flag("--database-url"))));
        }
        if let Some(node) = &self.globals.node {
            return Ok(Choice::Node(Sourced::new(node.clone(), Origin::Flag("--node"))));
        }
        let environment = self.config()?.environment();
        if let Some(url) = environment.lookup("PONTE_DATABASE_URL") {
            return Ok(Choice::Url(Sourced::new(Secret::new(url.value), url.origin)));
        }
        if let Some(node) = environment.lookup("PONTE_NODE") {
            return Ok(Choice::Node(Sourced::new(node.value.to_owned(), node.origin)));
        }
        Ok(Choice::Unsaid)
    }

    /// The database that a command on one database is about.
    pub(crate) fn database(&self) -> Result<Database, Failure> {
        Ok(self.config()?.database(&self.choice()?)?)
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints the command's result, its only output on stdout: as text, or as one JSON document.
    pub(crate) fn print(&self, report: &impl Report) -> Result<(), Failure> {
        Ok(output::print(report, self.format)?)
    }

    /// Says something on stderr that is no result; `-q` silences it.
    pub(crate) fn note(&self, text: impl fmt::Display) {
        if !self.globals.quiet {
            output::note(&text);
        }
    }

    /// Says of a failure that the command went on after what a failure at its end would say.
    pub(crate) fn tell(&self, diagnostic: &Diagnostic) {
        output::print_diagnostic(diagnostic, self.format);
    }

    /// Asks what only a person can know. Where nobody can be asked, the answer is no, with and without `-y`.
    pub(crate) fn ask(&self, question: &str) -> Result<bool, Failure> {
        let somebody = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !somebody || self.globals.assume_yes(&self.process) {
            return Ok(false);
        }
        match inquire::Confirm::new(question).with_default(false).prompt() {
            Ok(yes) => Ok(yes),
            Err(inquire::InquireError::OperationCanceled) => Ok(false),
            Err(e) => Err(unconfirmed(question).because(&e).into()),
        }
    }

    /// Asks before something is destroyed. `what` is what will happen, as a question: «Drop the link "perfis"?».
    /// `-y` answers yes.
    ///
    /// A person who says no gets `false`. Without a terminal and without `-y` nobody can say yes: that is a failure.
    pub(crate) fn confirm(&self, what: &str) -> Result<bool, Failure> {
        if self.globals.assume_yes(&self.process) {
            return Ok(true);
        }
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Err(unconfirmed(what).into());
        }
        let answer = inquire::Confirm::new(what).with_default(false).prompt();
        match answer {
            Ok(yes) => Ok(yes),
            Err(inquire::InquireError::OperationCanceled | inquire::InquireError::OperationInterrupted) => {
                Ok(false)
            }
            Err(e) => Err(unconfirmed(what).because(&e).into()),
        }
    }
}

fn unconfirmed(what: &str) -> Diagnostic {
    Diagnostic::new(
        Code::Unconfirmed,
        "cannot ask for a confirmation without a terminal",
    )
    .with("question", what)
    .hint("add -y if that is what should happen")
}
