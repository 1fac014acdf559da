//! Views and materialized views.

use super::super::between::Between;
use super::super::name::{plain, qualified};
use super::super::step::{Lock, Step, Steps};
use super::super::{Side, satellites, settings};
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Printed, Sql};

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut steps = Steps::one(if between.hollow.contains(id) {
        hollow(between.to, id, "CREATE ")
    } else {
        Step::new(id, definition(between, id, "CREATE "))
    });
    for column in between.to.parts(id, Kind::Column) {
        steps.now.extend(column_facts(between, column, true));
        steps.extend(satellites::created(between, column));
    }
    steps
}

fn definition(between: &Between<'_>, id: &ObjectId, verb: &'static str) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let body = fact("definition")
        .unwrap_or_default()
        .trim()
        .trim_end_matches(';');
    let method = fact("access method").map(|m| Sql::render(" USING {m}", &[("m", &plain(&Ident::new(m)))]));
    let noun = Sql::text(if id.kind == Kind::View {
        "VIEW "
    } else {
        "MATERIALIZED VIEW "
    });
    let no_data = Sql::text(if fact("filled").is_some() {
        "\n  WITH NO DATA"
    } else {
        ""
    });
    let values: [(&str, &dyn Fragment); 7] = [
        ("verb", &Sql::text(verb)),
        ("noun", &noun),
        ("name", &qualified(id)),
        ("method", &method.unwrap_or_default()),
        ("options", &settings::with(fact("options"), None)),
        ("body", &Printed::new(body)),
        ("no_data", &no_data),
    ];
    Sql::render("{verb}{noun}{name}{method}{options} AS\n{body}{no_data}", &values)
}

/// The view with its columns and without what it reads.
pub(super) fn hollow(side: &Side, id: &ObjectId, verb: &'static str) -> Step {
    let values: [(&str, &dyn Fragment); 3] = [
        ("verb", &Sql::text(verb)),
        ("name", &qualified(id)),
        (
            "columns",
            &Printed::new(side.detail(id, "hollow").unwrap_or_default()),
        ),
    ];
    Step::new(
        id,
        Sql::render("{verb}VIEW {name} AS\n SELECT {columns}", &values),
    )
}

/// The definition of a view that was made hollow.
pub(super) fn fill(between: &Between<'_>, id: &ObjectId) -> Step {
    Step::new(id, definition(between, id, "CREATE OR REPLACE "))
}

pub(super) fn drop(id: &ObjectId) -> Steps {
    let template = if id.kind == Kind::View {
        "DROP VIEW {name}"
    } else {
        "DROP MATERIALIZED VIEW {name}"
    };
    let sql = Sql::render(template, &[("name", &qualified(id))]);
    Steps::one(Step::new(id, sql).lock(Lock::AccessExclusive))
}

/// A view may be replaced in place where it keeps its columns and only gets more at the end.
pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    if changed.in_fact("definition") {
        let was = between.from.detail(id, "columns")?;
        let is = between.to.detail(id, "columns")?;
        let grows = is == was || is.strip_prefix(was).is_some_and(|more| more.starts_with('\n'));
        if id.kind == Kind::MaterializedView || !grows {
            return None;
        }
        steps.push(Step::new(id, definition(between, id, "CREATE OR REPLACE ")).lock(Lock::AccessExclusive));
    } else if id.kind == Kind::MaterializedView && !changed.only_in(&["options"]) {
        return None;
    } else {
        let noun = Sql::text(if id.kind == Kind::View {
            "VIEW"
        } else {
            "MATERIALIZED VIEW"
        });
        for action in settings::actions(changed.was("options"), changed.is("options"), "") {
            let values: [(&str, &dyn Fragment); 3] =
                [("noun", &noun), ("name", &qualified(id)), ("action", &action)];
            let sql = Sql::render("ALTER {noun} {name} {action}", &values);
            steps.push(Step::new(id, sql).lock(Lock::AccessExclusive));
        }
    }
    Some(steps)
}

/// What was set on a column of a view: a default, a statistics target.
pub(super) fn column_facts(between: &Between<'_>, id: &ObjectId, is_new: bool) -> Vec<Step> {
    let nothing = crate::model::Facts::new();
    let mut changed = between.changed(id);
    if is_new {
        changed.from = &nothing;
    }
    let whole = between.to.whole(id);
    let noun = Sql::text(match whole.map(|whole| whole.kind) {
        Some(Kind::MaterializedView) => "MATERIALIZED VIEW",
        _ => "VIEW",
    });
    let mut actions = Vec::new();
    if changed.in_fact("default") {
        actions.push(match changed.is("default") {
            Some(default) => Sql::render("SET DEFAULT {default}", &[("default", &Printed::new(default))]),
            None => Sql::text("DROP DEFAULT"),
        });
    }
    if changed.in_fact("statistics") {
        let target = Printed::new(changed.is("statistics").unwrap_or("-1"));
        actions.push(Sql::render("SET STATISTICS {target}", &[("target", &target)]));
    }
    let step = |action: Sql| {
        let values: [(&str, &dyn Fragment); 4] = [
            ("noun", &noun),
            ("whole", &super::super::name::whole(id)),
            ("column", &plain(&id.name)),
            ("action", &action),
        ];
        let sql = Sql::render("ALTER {noun} {whole} ALTER COLUMN {column} {action}", &values);
        Step::new(id, sql).lock(Lock::AccessExclusive)
    };
    actions.into_iter().map(step).collect()
}
