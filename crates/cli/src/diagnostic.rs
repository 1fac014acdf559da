//! What a person or a script is told when something went wrong, whichever crate it went wrong in.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use ponte_engine::Excerpt;
use ponte_pg::migrate::MarkedLine;
use ponte_pg::migrate::SqlFailure;
use serde::Serialize;

/// What goes wrong before any other crate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The command line cannot be understood.
    Usage,
    /// A question that nobody can answer: no terminal and no `-y`.
    Unconfirmed,
    /// Nothing could be asked.
    Unreachable,
    /// A bug of ours, or a machine that gives us nothing to work with.
    Internal,
}

impl Code {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    fn code(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Unconfirmed => "usage.unconfirmed",
            Self::Unreachable => "sync.unreachable",
            Self::Internal => "internal",
        }
    }
}

/// One failure, ready to be printed.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) code: &'static str,
    /// Lower case, no period: «cannot apply batch to "neon"».
    pub(crate) message: String,
    /// Facts around it: host, file, table.
    pub(crate) context: Vec<(String, String)>,
    /// Places in files.
    pub(crate) excerpts: Vec<Excerpt>,
    /// A statement of a migration that the server rejected.
    pub(crate) sql: Option<Box<SqlFailure>>,
    /// What is underneath, the nearest first.
    pub(crate) causes: Vec<String>,
    /// One imperative line.
    pub(crate) hint: Option<String>,
}

impl Diagnostic {
    /// A failure of the command line itself.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code.code(),
            message: message.into(),
            context: Vec::new(),
            excerpts: Vec::new(),
            sql: None,
            causes: Vec::new(),
            hint: None,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// One more fact around it.
    pub(crate) fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.context.push((key.to_owned(), value.to_string()));
        self
    }

    /// What is underneath.
    pub(crate) fn because(mut self, cause: &dyn StdError) -> Self {
        self.causes = chain(Some(cause));
        self
    }

    /// A command line that the parser refused.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        let rendered = error.to_string();
        let mut paragraphs = rendered.split("\n\n");
        let message = paragraphs.next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message).trim();
        let tip = rendered
            .lines()
            .find_map(|line| line.trim().strip_prefix("tip: "))
            .unwrap_or("run ponte --help");
        Self::new(Code::Usage, message).hint(tip)
    }

    /// The form for scripts.
    pub(crate) fn to_json(&self) -> String {
        let document = ErrorDocument {
            error: ErrorJson {
                code: self.code,
                message: &self.message,
                context: self
                    .context
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .collect(),
                places: self.excerpts.iter().map(PlaceJson::from).collect(),
                causes: &self.causes,
                sql: self.sql.as_deref().map(SqlJson::from),
                help: self.hint.as_deref(),
                docs: format!("ponte explain {}", self.code),
            },
        };
        // Texts and numbers only: this cannot fail, and an error must never be the cause of another one.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorJson<'a>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    code: &'static str,
    message: &'a str,
    context: BTreeMap<&'a str, &'a str>,
    places: Vec<PlaceJson<'a>>,
    causes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<SqlJson<'a>>,
    help: Option<&'a str>,
    docs: String,
}

/// What the server said about a statement of a migration.
#[derive(Serialize)]
struct SqlJson<'a> {
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    sqlstate: &'a str,
    message: &'a str,
    detail: Option<&'a str>,
    hint: Option<&'a str>,
    context: Option<&'a str>,
    inner_statement: Option<&'a str>,
}

impl<'a> From<&'a SqlFailure> for SqlJson<'a> {
    fn from(failure: &'a SqlFailure) -> Self {
        Self {
            file: &failure.file,
            line: failure.position.map(|position| position.line),
            column: failure.position.map(|position| position.column),
            sqlstate: &failure.sqlstate,
            message: &failure.message,
            detail: failure.detail.as_deref(),
            hint: failure.hint.as_deref(),
            context: failure.context.as_deref(),
            inner_statement: failure.internal.as_ref().map(|internal| internal.query.as_str()),
        }
    }
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> From<&'a Excerpt> for PlaceJson<'a> {
    fn from(excerpt: &'a Excerpt) -> Self {
        Self {
            file: &excerpt.file,
            line: excerpt.line,
            column: excerpt.column,
            message: &excerpt.message,
            help: excerpt.help.as_deref(),
        }
    }
}

impl From<ponte_engine::Error> for Diagnostic {
    fn from(error: ponte_engine::Error) -> Self {
        Self {
            code: error.kind().code(),
            message: error.to_string(),
            context: owned(error.context()),
            excerpts: match error.pg().and_then(|pg| pg.marked_line()) {
                Some(line) => vec![excerpt(line, &error.to_string())],
                None => error.excerpts().to_vec(),
            },
            sql: error.pg().and_then(|pg| pg.migration()).cloned().map(Box::new),
            causes: match error.pg() {
                // It is shown where it stands in its file.
                Some(pg) if pg.migration().is_some() || pg.marked_line().is_some() => Vec::new(),
                Some(pg) => pg_causes(pg),
                None => chain(error.source()),
            },
            hint: error.next_step().map(str::to_owned),
        }
    }
}

impl From<ponte_pg::Error> for Diagnostic {
    fn from(error: ponte_pg::Error) -> Self {
        ponte_engine::Error::from(error).into()
    }
}

/// The line, with what the headline says after its colon.
fn excerpt(line: &MarkedLine, headline: &str) -> Excerpt {
    let message = headline.split_once(": ").map_or(headline, |(_, cause)| cause);
    Excerpt {
        file: line.file.clone(),
        line: line.line,
        column: line.column,
        width: 1,
        text: line.text.clone(),
        message: message.to_owned(),
        help: None,
    }
}

fn owned(context: &[(&'static str, String)]) -> Vec<(String, String)> {
    context
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

/// The chain, and where a server answered, its SQLSTATE and advice. What the chain says of the answer is without the parts
/// that quote rows.
fn pg_causes(error: &ponte_pg::Error) -> Vec<String> {
    let mut causes = chain(error.source());
    if let Some(server) = error.server() {
        if let Some(answer) = causes.last_mut() {
            answer.push_str(&format!(" (SQLSTATE {})", server.code().code()));
        }
        causes.extend(server.hint().map(|hint| format!("the server advises: {hint}")));
    }
    causes
}

/// The messages of a chain, without those that only repeat what the one above already said.
fn chain(mut next: Option<&dyn StdError>) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    while let Some(error) = next {
        let text = error.to_string();
        if !causes.last().is_some_and(|above| above.contains(&text)) {
            causes.push(text);
        }
        next = error.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_server_side_keeps_its_code_facts_and_advice() {
        let error = ponte_pg::Error::new(ponte_pg::ErrorKind::ConnRefused, "cannot connect to \"neon\"")
            .with("host", "localhost")
            .hint("start the server")
            .because(std::io::Error::other("nobody listens"));
        let json: serde_json::Value = serde_json::from_str(&Diagnostic::from(error).to_json()).unwrap();
        assert_eq!(json["error"]["code"], "conn.refused");
        assert_eq!(json["error"]["context"]["host"], "localhost");
        assert_eq!(json["error"]["causes"][0], "nobody listens");
        assert_eq!(json["error"]["help"], "start the server");
        assert_eq!(json["error"]["docs"], "ponte explain conn.refused");
    }

    #[test]
    fn a_cause_that_repeats_the_one_above_is_said_once() {
        #[derive(Debug)]
        struct Outer(std::io::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "outer: {}", self.0)
            }
        }
        impl StdError for Outer {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let outer = Outer(std::io::Error::other("inner"));
        assert_eq!(chain(Some(&outer)), ["outer: inner"]);
    }
}
