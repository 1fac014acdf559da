//! Findings as a SARIF 2.1.0 log, which code hosts show beside the lines.

use std::io::{self, Write};

use ponte_schema::lint::RULES;
use serde::Serialize;

use super::{Line, Shown};
use crate::command::explain::title_of_rule;
use crate::output::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    /// Columns are counted in characters.
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Description>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    id: &'static str,
    short_description: Text<'static>,
    default_configuration: Configuration,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    text: std::borrow::Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text<'a>,
    locations: [Location<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'a> {
    artifact_location: Artifact<'a>,
    region: Region,
}

#[derive(Debug, Serialize)]
struct Artifact<'a> {
    uri: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
}

impl<'a> Log<'a> {
    pub(super) fn new(shown: &'a Shown) -> Self {
        let rules = RULES.iter().map(|rule| Description {
            id: rule.code,
            short_description: Text {
                text: title_of_rule(rule.code).into(),
            },
            default_configuration: Configuration {
                level: rule.severity.word(),
            },
        });
        Self {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "ponte",
                        semantic_version: env!("CARGO_PKG_VERSION"),
                        rules: rules.collect(),
                    },
                },
                column_kind: "unicodeCodePoints",
                results: shown.findings.iter().map(Outcome::new).collect(),
            }],
        }
    }
}

impl<'a> Outcome<'a> {
    fn new(line: &'a Line) -> Self {
        let message = match &line.suggestion {
            Some(suggestion) => format!("{}\n\n{suggestion}", line.message).into(),
            None => line.message.as_str().into(),
        };
        Self {
            rule_id: line.rule,
            rule_index: RULES.iter().position(|rule| rule.code == line.rule).unwrap_or(0),
            level: line.severity,
            message: Text { text: message },
            locations: [Location {
                physical_location: PhysicalLocation {
                    artifact_location: Artifact { uri: &line.file },
                    region: Region {
                        start_line: line.line,
                        start_column: line.column,
                    },
                },
            }],
        }
    }
}

impl Report for Log<'_> {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        writeln!(out, "{text}")
    }
}
