//! Sequences of their own, of a column, and behind an identity column.

use super::super::between::{Between, Changed};
use super::super::name::{address, plain, qualified};
use super::super::step::{Lock, Step, Steps};
use crate::model::ObjectId;
use crate::sql::Fragment;
use crate::{Printed, Sql};

const OPTIONS: [(&str, &str); 6] = [
    ("type", " AS {value}"),
    ("increment", " INCREMENT BY {value}"),
    ("minimum", " MINVALUE {value}"),
    ("maximum", " MAXVALUE {value}"),
    ("start", " START WITH {value}"),
    ("cache", " CACHE {value}"),
];

/// What the server takes where nothing is said.
fn usual(between: &Between<'_>, id: &ObjectId, fact: &str, column_type: Option<&str>) -> Option<String> {
    let facts = between.to.facts(id);
    let counts_down = facts.get("increment").is_some_and(|i| i.starts_with('-'));
    let of_type = facts.get("type").map_or("bigint", String::as_str);
    let most = match of_type {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (minimum, maximum) = if counts_down { (most.0, -1) } else { (1, most.1) };
    Some(match fact {
        "type" => column_type.unwrap_or("bigint").to_owned(),
        "increment" | "cache" => "1".to_owned(),
        "minimum" => minimum.to_string(),
        "maximum" => maximum.to_string(),
        "start" => facts
            .get(if counts_down { "maximum" } else { "minimum" })?
            .clone(),
        _ => return None,
    })
}

/// Everything about the sequence that is not as usual.
fn options(between: &Between<'_>, id: &ObjectId, column_type: Option<&str>) -> Sql {
    let facts = between.to.facts(id);
    let mut sql = Sql::default();
    for (fact, template) in OPTIONS {
        let value = facts.get(fact);
        if fact == "type" && column_type.is_some() || value == usual(between, id, fact, column_type).as_ref()
        {
            continue;
        }
        if let Some(value) = value {
            sql.push(&Sql::render(
                template,
                &[("value", &Printed::new(value.as_str()))],
            ));
        }
    }
    if facts.contains_key("cycle") {
        sql.push(&Sql::text(" CYCLE"));
    }
    sql
}

/// ` (SEQUENCE NAME … START WITH …)` for an identity column, or nothing where all is as usual.
pub(super) fn identity_options(between: &Between<'_>, id: &ObjectId, column: &ObjectId) -> Sql {
    let mut inner = Sql::default();
    let of = column.of.as_ref().map(crate::Ident::as_str).unwrap_or_default();
    let usual_name = [of, "_", column.name.as_str(), "_seq"].concat();
    if id.name.as_str() != usual_name || id.schema != column.schema {
        inner.push(&Sql::render(" SEQUENCE NAME {name}", &[("name", &qualified(id))]));
    }
    inner.push(&options(between, id, between.to.fact(column, "type")));
    if inner.is_empty() {
        return inner;
    }
    let inner = Printed::new(inner.as_str().trim_start());
    Sql::render(" ({inner})", &[("inner", &inner)])
}

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    if between.to.is_identity(id) {
        return renamed(between, id);
    }
    let unlogged = Sql::text(if between.to.fact(id, "persistence").is_some() {
        "UNLOGGED "
    } else {
        ""
    });
    let values: [(&str, &dyn Fragment); 3] = [
        ("unlogged", &unlogged),
        ("name", &qualified(id)),
        ("options", &options(between, id, None)),
    ];
    let mut steps = Steps::one(Step::new(
        id,
        Sql::render("CREATE {unlogged}SEQUENCE {name}{options}", &values),
    ));
    if let Some(column) = between.to.owned.get(id) {
        steps.push_late(owned_by(id, Some(column)));
    }
    steps
}

/// An identity that stays may count by a sequence of another name.
fn renamed(between: &Between<'_>, id: &ObjectId) -> Steps {
    let column = between.to.owned.get(id);
    let stays = column.filter(|column| {
        let table = between.to.whole(column);
        let was = between.from.fact(column, "identity").is_some() && !between.replaced.contains(*column);
        was && table.is_some_and(|table| !between.is_fresh(&table))
    });
    let Some(old) = stays.and_then(|column| between.from.sequence_of(column)) else {
        return Steps::default();
    };
    let values: [(&str, &dyn Fragment); 2] = [("old", &qualified(old)), ("new", &plain(&id.name))];
    let rename = Sql::render("ALTER SEQUENCE {old} RENAME TO {new}", &values);
    let changed = Changed {
        from: between.from.facts(old),
        to: between.to.facts(id),
    };
    let mut steps = Steps::one(Step::new(id, rename).lock(Lock::ShareRowExclusive));
    let actions = differing(&changed);
    if !actions.is_empty() {
        let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("action", &actions)];
        let sql = Sql::render("ALTER SEQUENCE {name}{action}", &values);
        steps.push(Step::new(id, sql).lock(Lock::ShareRowExclusive));
    }
    steps
}

/// The options that differ.
fn differing(changed: &Changed<'_>) -> Sql {
    let mut actions = Sql::default();
    for (fact, template) in OPTIONS {
        if let Some(value) = changed.is(fact).filter(|_| changed.in_fact(fact)) {
            actions.push(&Sql::render(template, &[("value", &Printed::new(value))]));
        }
    }
    if changed.in_fact("cycle") {
        actions.push(&Sql::text(if changed.is("cycle").is_some() {
            " CYCLE"
        } else {
            " NO CYCLE"
        }));
    }
    actions
}

fn owned_by(id: &ObjectId, column: Option<&ObjectId>) -> Step {
    let column = column.map_or_else(|| Sql::text("NONE"), address);
    let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("column", &column)];
    Step::new(
        id,
        Sql::render("ALTER SEQUENCE {name} OWNED BY {column}", &values),
    )
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    if between.from.is_identity(id) {
        return Steps::default();
    }
    let sql = Sql::render("DROP SEQUENCE {name}", &[("name", &qualified(id))]);
    Steps::one(Step::new(id, sql).losing("how far the sequence has counted"))
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    if between.from.is_identity(id) != between.to.is_identity(id) {
        return None;
    }
    let changed = between.changed(id);
    let actions = differing(&changed);
    let mut steps = Steps::default();
    let mut push = |action: &Sql| {
        let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("action", action)];
        steps.push(
            Step::new(id, Sql::render("ALTER SEQUENCE {name}{action}", &values))
                .lock(Lock::ShareRowExclusive),
        );
    };
    if !actions.is_empty() {
        push(&actions);
    }
    if changed.in_fact("persistence") {
        push(&Sql::text(if changed.is("persistence").is_some() {
            " SET UNLOGGED"
        } else {
            " SET LOGGED"
        }));
    }
    if between.from.owned.get(id) != between.to.owned.get(id) {
        // Let go before the column that owned it goes, taken on when the new one is there.
        if between.from.owned.contains_key(id) {
            steps.push(owned_by(id, None));
        }
        if let Some(column) = between.to.owned.get(id) {
            steps.push_late(owned_by(id, Some(column)));
        }
    }
    Some(steps)
}
