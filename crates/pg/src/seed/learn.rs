//! Asking the server which values its CHECKs accept.

use ponte_schema::seed::{Candidate, Table, TablePlan};

use super::stage::Stage;
use super::unsatisfied;
use crate::error::Result;

/// How often more candidates are tried.
const ROUNDS: usize = 2;

/// Lets the plan know what is accepted, group by group.
pub(super) async fn learn(plan: &mut TablePlan<'_>, table: &Table, stage: &mut Stage<'_>) -> Result<()> {
    for group in 0..plan.groups() {
        if !learn_group(plan, group, stage).await? {
            return Err(refusing(plan, group, table, stage).await?);
        }
    }
    Ok(())
}

async fn learn_group(plan: &mut TablePlan<'_>, group: usize, stage: &mut Stage<'_>) -> Result<bool> {
    for round in 0..ROUNDS {
        let mut candidates: Vec<Option<Candidate>> =
            plan.candidates(group, round).into_iter().map(Some).collect();
        stage
            .load(
                candidates
                    .iter()
                    .flatten()
                    .map(|candidate| candidate.values.clone()),
            )
            .await?;
        let accepted = stage.judged(&plan.group_checks(group)).await?;
        let accepted = accepted
            .into_iter()
            .filter_map(|at| candidates.get_mut(at)?.take());
        if plan.learn(group, accepted.collect()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The check that refuses everything, or all of them where only together they do. The candidates are still in the stage.
async fn refusing(
    plan: &TablePlan<'_>,
    group: usize,
    table: &Table,
    stage: &Stage<'_>,
) -> Result<crate::error::Error> {
    let checks = plan.group_checks(group);
    let mut names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    for check in &checks {
        if stage.judged(&[check]).await?.is_empty() {
            names = vec![&check.name];
            break;
        }
    }
    let error = unsatisfied(table, &names.join(" and "));
    let named = checks.iter().filter(|check| names.contains(&check.name.as_str()));
    Ok(named
        .fold(error, |error, check| error.with("expression", &check.expression))
        .hint("write such rows into a file in seeds/, and name the other tables with --table"))
}
