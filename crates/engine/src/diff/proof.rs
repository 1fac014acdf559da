//! A plan is shown only after it was executed, and led where it should.

use ponte_pg::shadow::Replay;
use ponte_schema::migration::MigrationSet;
use ponte_schema::model::{Access, Difference, compare};
use ponte_schema::plan::{Plan, Side};

use crate::error::{Error, ErrorKind, Result};
use crate::reprinted::without_reprinted;

/// Differences that an error names; the rest is counted.
const NAMED_MAX: usize = 10;

/// Executes the plan on a shadow that holds its first side, and compares with the second.
///
/// # Errors
/// `plan.unproved`.
pub(super) async fn prove(replay: &Replay, plan: &Plan, to: &Side, access: Access) -> Result<()> {
    if let Err(error) = run_text(replay, "plan.sql", &plan.to_sql()).await {
        let statement = error
            .context()
            .iter()
            .find(|(key, _)| *key == "statement")
            .map(|(_, sql)| sql.clone());
        return Err(unproved("a statement of it fails there")
            .with("statement", statement.unwrap_or_default())
            .because(error));
    }
    let result = replay.model().await?;
    let differences = compare(&to.model, &result, access);
    let differences = without_reprinted(replay, &result, differences).await?;
    if differences.is_empty() {
        return Ok(());
    }
    let mut error = unproved("the result is not what was asked for");
    for difference in differences.iter().take(NAMED_MAX) {
        error = error.with("differs", in_words(difference));
    }
    if differences.len() > NAMED_MAX {
        error = error.with("further_differences", differences.len() - NAMED_MAX);
    }
    Err(error)
}

fn unproved(why: &str) -> Error {
    Error::new(
        ErrorKind::PlanUnproved,
        format!("cannot show a plan: it was tried on a shadow, and {why}"),
    )
    .hint("write this change by hand: ponte migrate new NAME")
}

fn in_words(difference: &Difference) -> String {
    let fact = difference
        .fact
        .as_deref()
        .map(|fact| format!(", {fact}"))
        .unwrap_or_default();
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "{} {}{fact}: expected {}, got {}",
        difference.object.kind,
        difference.object,
        value(&difference.expected),
        value(&difference.actual)
    )
}

/// Runs the text of a script.
pub(super) async fn run_text(replay: &Replay, name: &str, text: &str) -> Result<()> {
    let script = MigrationSet::from_scripts([(name.to_owned(), text.as_bytes().to_vec())]);
    let script = script.map_err(ponte_pg::Error::from)?;
    for migration in script.iter() {
        replay.run(&migration.up).await?;
    }
    Ok(())
}
