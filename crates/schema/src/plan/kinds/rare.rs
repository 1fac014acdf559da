//! Kinds that few schemas have, each a statement or two: schemas, extensions, collations, operators, casts, statistics, publications, event
//! triggers, text search, languages.

use super::super::between::Between;
use super::super::name::{address, noun, plain, qualified};
use super::super::step::{Step, Steps};
use super::super::{grants, options};
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Literal, Printed, Sql};

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let one = |sql: Sql| Steps::one(Step::new(id, sql));
    match id.kind {
        Kind::Schema => one(Sql::render("CREATE SCHEMA {name}", &[("name", &plain(&id.name))])),
        Kind::Extension => one(extension(between, id)),
        Kind::Collation => one(collation(between, id)),
        Kind::Operator => one(operator(between, id)),
        Kind::OperatorFamily => operator_family(between, id),
        Kind::OperatorClass => one(operator_class(between, id)),
        Kind::Cast => one(cast(between, id)),
        Kind::Statistics => statistics(between, id),
        Kind::Publication => one(publication(between, id)),
        Kind::EventTrigger => event_trigger(between, id),
        Kind::Language => one(language(between, id)),
        Kind::TextSearchDictionary => one(dictionary(between, id)),
        Kind::TextSearchConfiguration => configuration(between, id),
        Kind::DefaultPrivileges => default_privileges(between, id),
        _ => {
            let step = Step::new(id, foreign(between, id));
            let hides = options::hides(between.to.fact(id, "options"));
            Steps::one(if hides {
                step.warning(options::SECRET)
            } else {
                step
            })
        }
    }
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    match id.kind {
        Kind::DefaultPrivileges => default_privileges(between, id),
        Kind::UserMapping => {
            let address = foreign_address(id);
            let sql = Sql::render("DROP {address}", &[("address", &address)]);
            Steps::one(Step::new(id, sql))
        }
        kind => {
            let values: [(&str, &dyn Fragment); 2] =
                [("noun", &Sql::text(noun(kind))), ("address", &address(id))];
            Steps::one(Step::new(id, Sql::render("DROP {noun} {address}", &values)))
        }
    }
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    match id.kind {
        Kind::DefaultPrivileges => return Some(default_privileges(between, id)),
        Kind::Extension => {
            let schema = plain(&Ident::new(changed.is("schema")?));
            let values: [(&str, &dyn Fragment); 2] = [("name", &plain(&id.name)), ("schema", &schema)];
            steps.push(Step::new(
                id,
                Sql::render("ALTER EXTENSION {name} SET SCHEMA {schema}", &values),
            ));
        }
        Kind::Statistics if changed.only_in(&["target"]) => {
            if changed.in_fact("target") {
                steps.push(target(id, changed.is("target")));
            }
        }
        Kind::EventTrigger if changed.only_in(&["enabled"]) => {
            if changed.in_fact("enabled") {
                steps.push(event_state(between, id));
            }
        }
        Kind::ForeignDataWrapper | Kind::ForeignServer | Kind::UserMapping => {
            return alter_foreign(between, id);
        }
        _ if changed.only_in(&[]) => {}
        _ => return None,
    }
    Some(steps)
}

fn default_privileges(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut steps = Steps::default();
    steps.now.extend(grants::defaults(between, id));
    steps
}

fn extension(between: &Between<'_>, id: &ObjectId) -> Sql {
    let schema = plain(&Ident::new(between.to.fact(id, "schema").unwrap_or("public")));
    Sql::render(
        "CREATE EXTENSION {name} SCHEMA {schema}",
        &[("name", &plain(&id.name)), ("schema", &schema)],
    )
}

fn collation(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let mut parts = vec![Sql::render(
        "provider = {p}",
        &[("p", &Printed::new(fact("provider").unwrap_or("libc")))],
    )];
    for name in ["locale", "lc_collate", "lc_ctype", "rules"] {
        if let Some(value) = fact(name) {
            let values: [(&str, &dyn Fragment); 2] =
                [("name", &Sql::text(name)), ("value", &Literal::new(value))];
            parts.push(Sql::render("{name} = {value}", &values));
        }
    }
    if fact("deterministic").is_some() {
        parts.push(Sql::text("deterministic = false"));
    }
    Sql::render(
        "CREATE COLLATION {name} ({parts})",
        &[("name", &qualified(id)), ("parts", &Sql::join(", ", parts))],
    )
}

/// `schema.function(a, b)` without the arguments.
fn bare(function: &str) -> Printed {
    Printed::new(function.split('(').next().unwrap_or_default())
}

fn operator(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let mut parts = vec![Sql::render(
        "FUNCTION = {f}",
        &[("f", &bare(fact("function").unwrap_or_default()))],
    )];
    let sides = id.signature.as_deref().unwrap_or_default();
    if let Some((left, right)) = sides.split_once(", ") {
        if left != "NONE" {
            parts.push(Sql::render("LEFTARG = {type}", &[("type", &Printed::new(left))]));
        }
        parts.push(Sql::render(
            "RIGHTARG = {type}",
            &[("type", &Printed::new(right))],
        ));
    }
    for (word, name) in [("COMMUTATOR", "commutator"), ("NEGATOR", "negator")] {
        if let Some(other) = fact(name) {
            let values: [(&str, &dyn Fragment); 2] = [("word", &Sql::text(word)), ("other", &bare(other))];
            parts.push(Sql::render("{word} = OPERATOR({other})", &values));
        }
    }
    for (word, name) in [("RESTRICT", "restrict"), ("JOIN", "join")] {
        if let Some(function) = fact(name) {
            let values: [(&str, &dyn Fragment); 2] =
                [("word", &Sql::text(word)), ("function", &Printed::new(function))];
            parts.push(Sql::render("{word} = {function}", &values));
        }
    }
    parts.extend(fact("hashes").map(|_| Sql::text("HASHES")));
    parts.extend(fact("merges").map(|_| Sql::text("MERGES")));
    let schema = id.schema.as_ref().map(plain).unwrap_or_default();
    let name = Printed::new(id.name.as_str());
    let values: [(&str, &dyn Fragment); 3] = [
        ("schema", &schema),
        ("name", &name),
        ("parts", &Sql::join(", ", parts)),
    ];
    Sql::render("CREATE OPERATOR {schema}.{name} ({parts})", &values)
}

fn cast(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let how = match (fact("function"), fact("method")) {
        (Some(function), _) => Sql::render("WITH FUNCTION {f}", &[("f", &Printed::new(function))]),
        (None, Some("i")) => Sql::text("WITH INOUT"),
        _ => Sql::text("WITHOUT FUNCTION"),
    };
    let context = Sql::text(match fact("context") {
        Some("a") => " AS ASSIGNMENT",
        Some("i") => " AS IMPLICIT",
        _ => "",
    });
    Sql::render(
        "CREATE CAST {cast} {how}{context}",
        &[("cast", &address(id)), ("how", &how), ("context", &context)],
    )
}

/// The family, then the members that belong to none of its classes.
fn operator_family(between: &Between<'_>, id: &ObjectId) -> Steps {
    let address = address(id);
    let create = Sql::render("CREATE OPERATOR FAMILY {address}", &[("address", &address)]);
    let mut steps = Steps::one(Step::new(id, create));
    if let Some(members) = between.to.fact(id, "members") {
        let values: [(&str, &dyn Fragment); 2] = [("address", &address), ("members", &Printed::new(members))];
        let add = Sql::render("ALTER OPERATOR FAMILY {address} ADD {members}", &values);
        steps.push_late(Step::new(id, add));
    }
    steps
}

fn operator_class(between: &Between<'_>, id: &ObjectId) -> Sql {
    let printed = |name: &str| Printed::new(between.to.fact(id, name).unwrap_or_default());
    let default = Sql::text(if between.to.fact(id, "default").is_some() {
        " DEFAULT"
    } else {
        ""
    });
    let values: [(&str, &dyn Fragment); 6] = [
        ("name", &qualified(id)),
        ("default", &default),
        ("type", &printed("type")),
        (
            "method",
            &Printed::new(id.signature.as_deref().unwrap_or_default()),
        ),
        ("family", &printed("family")),
        ("members", &printed("members")),
    ];
    let template = "CREATE OPERATOR CLASS {name}{default} FOR TYPE {type} USING {method} FAMILY {family} AS\n  {members}";
    Sql::render(template, &values)
}

fn statistics(between: &Between<'_>, id: &ObjectId) -> Steps {
    let definition = Printed::new(between.to.fact(id, "definition").unwrap_or_default());
    let mut steps = Steps::one(Step::new(id, Sql::of(&definition)));
    if let Some(value) = between.to.fact(id, "target") {
        steps.push(target(id, Some(value)));
    }
    steps
}

fn target(id: &ObjectId, value: Option<&str>) -> Step {
    let values: [(&str, &dyn Fragment); 2] = [
        ("name", &qualified(id)),
        ("value", &Printed::new(value.unwrap_or("-1"))),
    ];
    Step::new(
        id,
        Sql::render("ALTER STATISTICS {name} SET STATISTICS {value}", &values),
    )
}

fn publication(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let mut sql = Sql::render("CREATE PUBLICATION {name}", &[("name", &plain(&id.name))]);
    let mut parts = Vec::new();
    if let Some(tables) = fact("tables") {
        parts.push(Sql::render(
            "TABLE {tables}",
            &[("tables", &Printed::new(tables))],
        ));
    }
    if let Some(schemas) = fact("schemas") {
        parts.push(Sql::render(
            "TABLES IN SCHEMA {schemas}",
            &[("schemas", &Printed::new(schemas))],
        ));
    }
    if fact("all tables").is_some() {
        sql.push(&Sql::text(" FOR ALL TABLES"));
    } else if !parts.is_empty() {
        sql.push(&Sql::text(" FOR ")).push(&Sql::join(", ", parts));
    }
    let operations = Literal::new(fact("operations").unwrap_or_default());
    sql.push(&Sql::render(
        " WITH (publish = {operations}",
        &[("operations", &operations)],
    ));
    sql.push(&Sql::text(if fact("via root").is_some() {
        ", publish_via_partition_root = true)"
    } else {
        ")"
    }));
    sql
}

fn event_trigger(between: &Between<'_>, id: &ObjectId) -> Steps {
    let fact = |name: &str| between.to.fact(id, name);
    let tags = match fact("tags") {
        Some(tags) => Sql::render(
            " WHEN TAG IN ({tags})",
            &[("tags", &Sql::join(", ", tags.split(", ").map(Literal::new)))],
        ),
        None => Sql::default(),
    };
    let values: [(&str, &dyn Fragment); 4] = [
        ("name", &plain(&id.name)),
        ("event", &Printed::new(fact("event").unwrap_or_default())),
        ("tags", &tags),
        ("function", &Printed::new(fact("function").unwrap_or_default())),
    ];
    let sql = Sql::render(
        "CREATE EVENT TRIGGER {name} ON {event}{tags} EXECUTE FUNCTION {function}",
        &values,
    );
    let mut steps = Steps::one(Step::new(id, sql));
    if fact("enabled").is_some() {
        steps.push(event_state(between, id));
    }
    steps
}

fn event_state(between: &Between<'_>, id: &ObjectId) -> Step {
    let state = Sql::text(match between.to.fact(id, "enabled") {
        Some("no") => "DISABLE",
        Some("on replicas") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    });
    let values: [(&str, &dyn Fragment); 2] = [("name", &plain(&id.name)), ("state", &state)];
    Step::new(id, Sql::render("ALTER EVENT TRIGGER {name} {state}", &values))
}

fn language(between: &Between<'_>, id: &ObjectId) -> Sql {
    let trusted = Sql::text(if between.to.fact(id, "trusted").is_some() {
        "TRUSTED "
    } else {
        ""
    });
    let handler = Printed::new(between.to.fact(id, "handler").unwrap_or_default());
    let values: [(&str, &dyn Fragment); 3] = [
        ("trusted", &trusted),
        ("name", &plain(&id.name)),
        ("handler", &handler),
    ];
    Sql::render("CREATE {trusted}LANGUAGE {name} HANDLER {handler}", &values)
}

fn dictionary(between: &Between<'_>, id: &ObjectId) -> Sql {
    let template = plain(&Ident::new(between.to.fact(id, "template").unwrap_or_default()));
    let options = between.to.fact(id, "options");
    let options = options
        .map(|o| Sql::render(", {options}", &[("options", &Printed::new(o))]))
        .unwrap_or_default();
    let values: [(&str, &dyn Fragment); 3] = [
        ("name", &qualified(id)),
        ("template", &template),
        ("options", &options),
    ];
    Sql::render(
        "CREATE TEXT SEARCH DICTIONARY {name} (TEMPLATE = {template}{options})",
        &values,
    )
}

fn configuration(between: &Between<'_>, id: &ObjectId) -> Steps {
    let parser = plain(&Ident::new(between.to.fact(id, "parser").unwrap_or("default")));
    let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("parser", &parser)];
    let sql = Sql::render(
        "CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = pg_catalog.{parser})",
        &values,
    );
    let mut steps = Steps::one(Step::new(id, sql));
    let mappings = between
        .to
        .fact(id, "mappings")
        .into_iter()
        .flat_map(|list| list.split("; "));
    for (token, dictionaries) in mappings.filter_map(|mapping| mapping.split_once(": ")) {
        let values: [(&str, &dyn Fragment); 3] = [
            ("name", &qualified(id)),
            ("token", &Printed::new(token)),
            ("dictionaries", &Printed::new(dictionaries)),
        ];
        let sql = "ALTER TEXT SEARCH CONFIGURATION {name} ADD MAPPING FOR {token} WITH {dictionaries}";
        steps.push(Step::new(id, Sql::render(sql, &values)));
    }
    steps
}

fn role(id: &ObjectId) -> Sql {
    match id.name.as_str() {
        "public" => Sql::text("PUBLIC"),
        _ => plain(&id.name),
    }
}

/// The server of a mapping, or the object itself.
fn foreign_address(id: &ObjectId) -> Sql {
    let noun = Sql::text(noun(id.kind));
    if id.kind == Kind::UserMapping {
        let server = id.of.clone().unwrap_or_else(|| Ident::new(""));
        let values: [(&str, &dyn Fragment); 2] = [("role", &role(id)), ("server", &plain(&server))];
        return Sql::render("USER MAPPING FOR {role} SERVER {server}", &values);
    }
    Sql::render("{noun} {name}", &[("noun", &noun), ("name", &plain(&id.name))])
}

/// Options, functions and the version; what is behind a server of another kind is another server.
fn alter_foreign(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    if !changed.only_in(&["options", "handler", "validator", "version"]) {
        return None;
    }
    let mut clauses = Vec::new();
    for (fact, with, without) in [
        ("handler", "HANDLER {value}", "NO HANDLER"),
        ("validator", "VALIDATOR {value}", "NO VALIDATOR"),
    ] {
        if changed.in_fact(fact) {
            let value = changed.is(fact).map(Printed::new);
            clauses.push(value.map_or(Sql::text(without), |value| {
                Sql::render(with, &[("value", &value)])
            }));
        }
    }
    if changed.in_fact("version") {
        let version = Literal::new(changed.is("version")?);
        clauses.push(Sql::render("VERSION {version}", &[("version", &version)]));
    }
    clauses.extend(options::change(changed.was("options"), changed.is("options")));
    if clauses.is_empty() {
        return Some(Steps::default());
    }
    let values: [(&str, &dyn Fragment); 2] = [
        ("address", &foreign_address(id)),
        ("clauses", &Sql::join(" ", clauses)),
    ];
    Some(Steps::one(Step::new(
        id,
        Sql::render("ALTER {address} {clauses}", &values),
    )))
}

fn foreign(between: &Between<'_>, id: &ObjectId) -> Sql {
    let mut sql = foreign_without_options(between, id);
    sql.push(&options::clause(between.to.fact(id, "options")));
    sql
}

fn foreign_without_options(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    match id.kind {
        Kind::ForeignDataWrapper => {
            let mut sql = Sql::render(
                "CREATE FOREIGN DATA WRAPPER {name}",
                &[("name", &plain(&id.name))],
            );
            for (words, function) in [(" HANDLER ", fact("handler")), (" VALIDATOR ", fact("validator"))] {
                if let Some(function) = function {
                    sql.push(&Sql::text(words)).push(&Printed::new(function));
                }
            }
            sql
        }
        Kind::ForeignServer => {
            let wrapper = plain(&Ident::new(fact("wrapper").unwrap_or_default()));
            let mut sql = Sql::render("CREATE SERVER {name}", &[("name", &plain(&id.name))]);
            for (words, value) in [(" TYPE ", fact("type")), (" VERSION ", fact("version"))] {
                if let Some(value) = value {
                    sql.push(&Sql::text(words)).push(&Literal::new(value));
                }
            }
            sql.push(&Sql::text(" FOREIGN DATA WRAPPER ")).push(&wrapper);
            sql
        }
        _ => Sql::render("CREATE {address}", &[("address", &foreign_address(id))]),
    }
}
