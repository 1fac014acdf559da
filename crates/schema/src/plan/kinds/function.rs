//! Functions, procedures and aggregates.

use super::super::between::Between;
use super::super::name::{address, noun_of};
use super::super::step::{Step, Steps};
use crate::model::{Facts, Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Printed, Sql};

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let facts = between.to.facts(id);
    Steps::one(Step::new(
        id,
        if id.kind == Kind::Aggregate {
            aggregate(id, facts)
        } else {
            printed(facts)
        },
    ))
}

/// The server's own text, which replaces what is there.
fn printed(facts: &Facts) -> Sql {
    let definition = facts.get("definition").map(String::as_str).unwrap_or_default();
    Sql::of(&Printed::new(definition.trim_end()))
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    let noun = Sql::text(noun_of(id, between.from.facts(id)));
    let values: [(&str, &dyn Fragment); 2] = [("noun", &noun), ("name", &address(id))];
    Steps::one(Step::new(id, Sql::render("DROP {noun} {name}", &values)))
}

/// In place where what it returns stays and no default of an argument goes.
pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    if id.kind == Kind::Aggregate {
        return changed.only_in(&[]).then(Steps::default);
    }
    if !changed.in_fact("definition") {
        return Some(Steps::default());
    }
    let (was, is) = (
        between.from.detail(id, "arguments"),
        between.to.detail(id, "arguments"),
    );
    let defaults = |arguments: Option<&str>| arguments.map_or(0, |a| a.matches(" DEFAULT ").count());
    let same = between.from.detail(id, "result") == between.to.detail(id, "result")
        && is_procedure(changed.from) == is_procedure(changed.to)
        && (was == is || defaults(was) <= defaults(is));
    same.then(|| Steps::one(Step::new(id, printed(changed.to))))
}

fn is_procedure(facts: &Facts) -> bool {
    facts
        .get("definition")
        .is_some_and(|definition| definition.starts_with("CREATE OR REPLACE PROCEDURE"))
}

fn aggregate(id: &ObjectId, facts: &Facts) -> Sql {
    let quoted = ["initial value", "moving initial value"];
    let parts = [
        ("SFUNC", "state function"),
        ("STYPE", "state type"),
        ("SSPACE", "state size"),
        ("FINALFUNC", "final function"),
        ("COMBINEFUNC", "combine function"),
        ("SERIALFUNC", "serial function"),
        ("DESERIALFUNC", "deserial function"),
        ("INITCOND", "initial value"),
        ("MSFUNC", "moving state function"),
        ("MINVFUNC", "moving inverse function"),
        ("MSTYPE", "moving state type"),
        ("MFINALFUNC", "moving final function"),
        ("MINITCOND", "moving initial value"),
    ];
    let mut clauses: Vec<Sql> = parts
        .into_iter()
        .filter_map(|(word, fact)| {
            let value = facts
                .get(fact)
                .filter(|value| fact != "state size" || value.as_str() != "0")?;
            let (literal, printed) = (crate::Literal::new(value.as_str()), Printed::new(value.as_str()));
            let value: &dyn Fragment = if quoted.contains(&fact) {
                &literal
            } else {
                &printed
            };
            Some(Sql::render(
                "{word} = {value}",
                &[("word", &Sql::text(word)), ("value", value)],
            ))
        })
        .collect();
    let modify = |word: &str| match word {
        "s" => Some("FINALFUNC_MODIFY = SHAREABLE"),
        "w" => Some("FINALFUNC_MODIFY = READ_WRITE"),
        _ => None,
    };
    let ordered = facts.get("kind").is_some_and(|kind| kind != "n");
    let usual = if ordered { "w" } else { "r" };
    let modifies = facts
        .get("final modifies")
        .map(String::as_str)
        .filter(|word| *word != usual);
    clauses.extend(modifies.and_then(modify).map(Sql::text));
    if let Some(operator) = facts.get("sort operator") {
        let name = Printed::new(operator.split('(').next().unwrap_or_default());
        clauses.push(Sql::render("SORTOP = OPERATOR({name})", &[("name", &name)]));
    }
    for (word, fact) in [
        ("FINALFUNC_EXTRA", "final extra"),
        ("MFINALFUNC_EXTRA", "moving final extra"),
    ] {
        clauses.extend(facts.get(fact).map(|_| Sql::text(word)));
    }
    clauses.extend(parallel(facts).map(Sql::text));
    if facts.get("kind").is_some_and(|kind| kind == "h") {
        clauses.push(Sql::text("HYPOTHETICAL"));
    }
    Sql::render(
        "CREATE AGGREGATE {name} ({clauses})",
        &[("name", &address(id)), ("clauses", &Sql::join(", ", clauses))],
    )
}

fn parallel(facts: &Facts) -> Option<&'static str> {
    match facts.get("parallel").map(String::as_str) {
        Some("s") => Some("PARALLEL = SAFE"),
        Some("r") => Some("PARALLEL = RESTRICTED"),
        _ => None,
    }
}
