//! A partition whose rows, or those of the default partition, are read before it belongs.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::observation::Work;
use crate::lint::statement::{Name, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "attach-partition",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AttachPartition { partition, .. } = &action.change else {
            return None;
        };
        // Words cannot tell whether a CHECK proves it; only what was seen counts.
        let read: Vec<&Work> = case.seen?.works.iter().filter(|work| matches!(work, Work::Scan(_))).collect();
        let scanned = read.first()?.table();
        let name = Name {
            schema: Some(scanned.schema.clone()),
            name: scanned.name.clone(),
            spelling: scanned.to_string(),
        };
        let is_default = !scanned.is(partition);
        let whose = if is_default { "the default partition" } else { "it" };
        Some(
            case.draft(format!(
                "reads and writes of {name} wait while every row of {whose} is read for the bounds of {partition}"
            ))
            .about(&name)
            .suggest(format!(
                "-- ponte: no-transaction\n\
                 ALTER TABLE {name} ADD CONSTRAINT {} CHECK (…) NOT VALID; -- {}\n\
                 ALTER TABLE {name} VALIDATE CONSTRAINT {};\n\
                 ALTER TABLE {table} {};",
                bounds_check(&name),
                if is_default { "everything but the bounds" } else { "the bounds, and no nulls" },
                bounds_check(&name),
                action.text
            )),
        )
    })
}

fn bounds_check(table: &Name) -> crate::Ident {
    crate::Ident::new(format!("{}_bounds", table.name))
}
