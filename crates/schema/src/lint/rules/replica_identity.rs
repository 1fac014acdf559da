//! What a deleted or changed row is told by, for replicas.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "replica-identity",
    severity: Severity::Note,
    concern: Concern::Clients,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::ReplicaIdentity => Some(
            case.draft(format!("consumers of logical replication get other old rows of {table} from now on"))
                .suggest("tell who reads its changes"),
        ),
        _ => None,
    })
}
