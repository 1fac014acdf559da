//! Statements of the user's.

use ponte_schema::{Command, Sql, lexer};

use super::Done;
use crate::error::Result;
use crate::sync::Peer;
use crate::sync::peer::Plan;

/// Statements that read or write rows, run one after the other in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statements(Vec<Command>);

impl std::str::FromStr for Statements {
    type Err = String;

    /// Takes statements separated by semicolons, none of which can end the transaction that they run in.
    fn from_str(text: &str) -> Result<Self, String> {
        let statements = lexer::split(text).map_err(|e| e.kind.to_string())?;
        if statements.is_empty() {
            return Err("there is no statement in it".to_owned());
        }
        let commands = statements.iter().map(|s| Command::parse(s.text(text)));
        Ok(Self(commands.collect::<Result<_, _>>()?))
    }
}

impl Statements {
    /// The statements, to be tried out.
    pub(in crate::jobs) fn commands(&self) -> &[Command] {
        &self.0
    }

    /// Runs them. The rows that they touched or answered are counted.
    pub(super) async fn run(&self, peer: &mut Peer) -> Result<Done> {
        let mut rows = 0;
        for command in &self.0 {
            rows += peer
                .touched(&Sql::of(command), Plan::Fresh, "run the statements of a job")
                .await?;
        }
        Ok(Done { rows: Some(rows) })
    }
}
