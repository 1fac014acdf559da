//! The full text of what is installed in a database and run there, one file per table and statement, so that a change of a
//! generated statement is seen as what the server will be told.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use ponte_schema::{Expression, Ident, QualifiedName, Sql};
use ponte_sync::apply::{self, Direction, Local, Part, Reason, Reference, Stage, StageLife, Winner};
use ponte_sync::batch::{self, Source, Wire};
use ponte_sync::capture;
use ponte_sync::chunk::{self, Order, Range};
use ponte_sync::compare;
use ponte_sync::delta;
use ponte_sync::fit::fit;
use ponte_sync::forward::Shipped;
use ponte_sync::link::{ConflictRule, TableSpec};
use ponte_sync::mask::Mask;
use ponte_sync::rotation;
use ponte_sync::shape::{ForeignKey, Shape, VersionColumn, VersionKind};
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::{Outgoing, TableSide};
use uuid::Uuid;

fn idents(names: &[&str]) -> Vec<Ident> {
    names.iter().copied().map(Ident::new).collect()
}

/// What most tables are: one key, a column that says how new a row is.
fn plain() -> TableSide {
    TableSide {
        name: QualifiedName::new("public", "perfis"),
        key: idents(&["id"]),
        columns: idents(&["nome", "updated_at"]),
        respelled: Vec::new(),
        domains: Vec::new(),
        version: Some(VersionColumn {
            name: "updated_at".into(),
            kind: VersionKind::Timestamptz,
        }),
        by_row: false,
        packs: true,
        always: false,
        portable: true,
        identity_always: true,
        outgoing: Outgoing::plain(&idents(&["id"]), &idents(&["nome", "updated_at"])),
        derived: false,
        filter: None,
        keeps: false,
        mask: None,
        decider: None,
        part: 0,
    }
}

/// A key of two columns, one of which may be respelled; names to be quoted, a domain, no version.
fn composite() -> TableSide {
    TableSide {
        name: QualifiedName::new("Vendas", "item \"x\""),
        key: idents(&["Pedido", "quanto"]),
        columns: idents(&["cep", "order"]),
        respelled: idents(&["quanto"]),
        domains: idents(&["cep"]),
        version: None,
        by_row: false,
        packs: true,
        always: false,
        portable: false,
        identity_always: false,
        outgoing: Outgoing::plain(&idents(&["Pedido", "quanto"]), &idents(&["cep", "order"])),
        derived: false,
        filter: None,
        keeps: false,
        mask: None,
        decider: None,
        part: 0,
    }
}

/// Rows live in partitions.
fn partitioned() -> TableSide {
    TableSide {
        name: QualifiedName::new("public", "fatura"),
        key: idents(&["mes", "id"]),
        columns: idents(&["valor"]),
        respelled: Vec::new(),
        domains: Vec::new(),
        version: None,
        by_row: true,
        packs: true,
        always: false,
        portable: true,
        identity_always: false,
        outgoing: Outgoing::plain(&idents(&["mes", "id"]), &idents(&["valor"])),
        derived: false,
        filter: None,
        keeps: false,
        mask: None,
        decider: None,
        part: 0,
    }
}

fn direction() -> Direction<'static> {
    Direction {
        link: "perfis",
        here: "neon",
        here_id: Uuid::from_u128(2),
        there: "replit",
    }
}

/// A source of changes, where keys are parked and held back or not.
fn source(hindered: bool) -> Source<'static> {
    Source {
        link: "perfis",
        node_id: Uuid::from_u128(1),
        parked: hindered,
        holds_back: hindered,
    }
}

/// Every statement about one table, under a heading each.
fn statements(table: &TableSide) -> String {
    let stage = Stage::new(0);
    let consumed: Snapshot = "10:20:10,14".parse().unwrap();
    let wire = Wire::between(table, table);
    let source = source(false);
    let order = vec![Order::Own; table.key.len()];
    let bound = |value: &str| Some(vec![value.to_owned(); table.key.len()]);
    let range = Range::between(&order, bound("10"), bound("20"));
    let pending = Local::Pending(&consumed);
    let update = stage.update(table).unwrap();
    let sections: Vec<(&str, Sql)> = vec![
        ("capture: install", capture::install(table, 300)),
        ("capture: upgrade", capture::upgrade(table, 300, None)),
        ("capture: view", capture::view(table, &["perfis".into()])),
        (
            "capture: view over two links",
            capture::view(table, &["perfis".into(), "filial".into()]),
        ),
        ("capture: uninstall", capture::uninstall(table)),
        ("rotation: look", rotation::look(&[table])),
        ("rotation: awaited", rotation::awaited(table, 1)),
        ("rotation: empty", rotation::empty(table, 1, 2)),
        (
            "batch: copy_pending",
            batch::copy_pending(source, table, Shipped::Others, &consumed, wire),
        ),
        (
            "batch: count_pending",
            batch::count_pending(&[(table, Shipped::Echoed)], "perfis", 501),
        ),
        (
            "batch: copy_present",
            batch::copy_present(source, table, Shipped::Others, &consumed, wire),
        ),
        ("chunk: bounds", chunk::bounds(table, &order, 1_000_000, 4)),
        ("batch: copy_rows", batch::copy_rows(table, &range, wire)),
        ("batch: copy_all", batch::copy_all(source, table, &range, wire)),
        ("apply: stage", stage.create(table, StageLife::Connection)),
        ("apply: copy_in", stage.copy_in(table, wire)),
        ("apply: pin", stage.pin(table)),
        ("apply: any_local", stage.any_local(table, direction(), pending)),
        ("apply: any_late", stage.any_late(table, "perfis", &consumed)),
        ("apply: lock", stage.lock(table, direction(), pending)),
        (
            "apply: resolve",
            stage.resolve(table, direction(), pending, Winner::Latest),
        ),
        (
            "apply: resolve at the first contact",
            stage.resolve(table, direction(), Local::All(&range), Winner::Target),
        ),
        ("apply: update", update),
        ("apply: insert", stage.insert(table)),
        ("apply: upsert", stage.upsert(table, None, false)),
        (
            "apply: upsert, carried on",
            stage.upsert(table, Some("perfis"), false),
        ),
        (
            "apply: insert, carried on",
            stage.forwarded(table, "perfis", &stage.insert(table)),
        ),
        ("apply: delete", stage.delete(table, &[])),
        ("apply: announce", stage.announce(table, "perfis", &range)),
        ("apply: captured_meanwhile", apply::captured_meanwhile(&[table])),
    ];
    in_sections(&[sections, statements_of_comparing(table)].concat())
}

/// What is run to compare both sides and to mend what differs.
fn statements_of_comparing(table: &TableSide) -> Vec<(&'static str, Sql)> {
    vec![
        ("compare: buckets", compare::buckets(table)),
        ("compare: rows", compare::rows(table)),
        ("compare: look", compare::look(table)),
        ("compare: pending", compare::pending(table, "perfis")),
        ("compare: versions", compare::versions(table)),
        ("repair: mark", compare::mark(table, "perfis")),
    ]
}

/// What is run where the target refuses something of the table's rows.
fn statements_about_refusals(table: &TableSide) -> String {
    let stage = Stage::new(0);
    let consumed: Snapshot = "10:20:10,14".parse().unwrap();
    let wire = Wire::between(table, table);
    let source = source(true);
    let part = Part { first: 3, last: 5 };
    let reason = Reason {
        sqlstate: "23514",
        message: "a check failed",
    };
    let sections: Vec<(&str, Sql)> = vec![
        ("rescue: mark_unique", stage.mark_unique(table)),
        (
            "rescue: set_aside",
            stage.set_aside(table, direction(), Some(&consumed), reason),
        ),
        ("rescue: number", stage.number(table, true, 7)),
        ("rescue: link_units", stage.link_units(table)),
        ("rescue: split_unit", stage.split_unit(table, 3, 7)),
        ("rescue: pin_part", stage.pin_part(table, part)),
        ("rescue: vacate", stage.vacate(table)),
        (
            "rescue: keep_parents",
            stage.keep_parents(table, direction(), None),
        ),
        ("quarantine: try", stage.try_quarantined(table, "perfis")),
        (
            "quarantine: any_local",
            stage.any_local(table, direction(), Local::Held(&consumed)),
        ),
        (
            "quarantine: discard",
            apply::discard(table, "perfis", 4, r#"{"k1": "5"}"#),
        ),
        (
            "quarantine: copy_retried",
            batch::copy_retried(source, table, &consumed, r#"[{"k1": "5"}]"#, wire),
        ),
        (
            "quarantine: copy_pending",
            batch::copy_pending(source, table, Shipped::Others, &consumed, wire),
        ),
    ];
    in_sections(&sections)
}

fn in_sections(sections: &[(&str, Sql)]) -> String {
    sections
        .iter()
        .map(|(heading, sql)| format!("== {heading}\n{}\n", sql.as_str().trim_end()))
        .collect()
}

#[test]
fn a_plain_table() {
    insta::assert_snapshot!(statements(&plain()));
}

#[test]
fn a_composite_key() {
    insta::assert_snapshot!(statements(&composite()));
}

#[test]
fn a_partitioned_table() {
    insta::assert_snapshot!(statements(&partitioned()));
}

#[test]
fn a_plain_table_whose_rows_are_refused() {
    insta::assert_snapshot!(statements_about_refusals(&plain()));
}

#[test]
fn a_composite_key_whose_rows_are_refused() {
    insta::assert_snapshot!(statements_about_refusals(&composite()));
}

#[test]
fn references() {
    let (parent, child) = (plain(), composite());
    let key = ForeignKey {
        name: "item_perfil".into(),
        child: ("Vendas".into(), "item \"x\"".into()),
        child_columns: vec!["Pedido".into()],
        parent: ("public".into(), "perfis".into()),
        parent_columns: vec!["id".into()],
        deferrable: false,
        temporal: false,
    };
    let (stage, child_stage) = (Stage::new(0), Stage::new(1));
    let reference = Reference {
        key: &key,
        child: Some((&child, child_stage.clone())),
    };
    let sections = [
        stage.hold_deletes(&parent),
        stage.delete(&parent, std::slice::from_ref(&reference)),
        stage.keep_parents(&parent, direction(), Some(&reference)),
        child_stage
            .mark_orphans(&child, &key, Some(&(&parent, stage.clone())))
            .unwrap(),
        child_stage.link_parents(&child, &key, (&parent, &stage)).unwrap(),
        child_stage.link_movers(&child, &key, (&parent, &stage)),
        child_stage.hold_parents(&child, &key, None),
        child_stage.orphans(&child, &key, None),
    ];
    let text: Vec<&str> = sections.iter().map(|sql| sql.as_str().trim_end()).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

/// A table whose conflicts are merged column by column. Its second column was dropped long ago.
fn merging() -> TableSide {
    let column = |name: &str, number: i64| {
        serde_json::json!({
            "name": name, "number": number, "type_name": "text", "base_type": "text", "portable": true, "exact": true, "domain": false,
            "not_null": number == 1, "generated": false, "identity": "", "has_default": false
        })
    };
    let shape: Shape = serde_json::from_value(serde_json::json!({
        "schema": "public", "name": "perfis", "kind": "r", "inherited": false, "inherits": false, "partition_of": null, "role": "dono",
        "owned": true, "row_security": false, "missing_privileges": [], "unique_keys": [], "deferrable": [], "foreign_keys": [],
        "triggers": [], "sequences": [], "capture": [], "capture_always": true, "capture_marks": null, "subscribed": false,
        "columns": [column("id", 1), column("nome", 3), column("updated_at", 4)]
    }))
    .unwrap();
    let side = plain();
    TableSide {
        mask: Some(Mask::of(&shape, &side)),
        ..side
    }
}

#[test]
fn a_table_whose_conflicts_are_merged() {
    let (table, stage) = (merging(), Stage::new(0));
    let rows = TableSide {
        by_row: true,
        packs: true,
        ..table.clone()
    };
    let consumed: Snapshot = "10:20:10,14".parse().unwrap();
    let (pending, held) = (Local::Pending(&consumed), Local::Held(&consumed));
    let wire = Wire::between(&table, &table);
    let reason = Reason {
        sqlstate: "23514",
        message: "a check failed",
    };
    let sections: Vec<(&str, Sql)> = vec![
        ("capture: note_columns", capture::note_columns(&table, 300, 1)),
        (
            "capture: note_columns, row by row",
            capture::note_columns(&rows, 300, 1),
        ),
        (
            "capture: note_columns, no longer",
            capture::note_columns(&plain(), 300, 1),
        ),
        ("capture: noted_columns", capture::noted_columns(&table)),
        (
            "batch: copy_pending",
            batch::copy_pending(source(false), &table, Shipped::Echoed, &consumed, wire),
        ),
        (
            "batch: copy_retried",
            batch::copy_retried(source(false), &table, &consumed, r#"[{"k1": "5"}]"#, wire),
        ),
        ("apply: stage", stage.create(&table, StageLife::Connection)),
        ("apply: copy_in", stage.copy_in(&table, wire)),
        (
            "apply: unite_quarantined",
            stage.unite_quarantined(&table, "perfis").unwrap(),
        ),
        (
            "apply: merge",
            stage
                .merge(&table, direction(), pending, Winner::Columns)
                .unwrap(),
        ),
        (
            "apply: merge with what was held back",
            stage.merge(&table, direction(), held, Winner::Columns).unwrap(),
        ),
        (
            "apply: resolve",
            stage.resolve(&table, direction(), pending, Winner::Columns),
        ),
        (
            "apply: insert, carried on",
            stage.forwarded(&table, "perfis", &stage.insert(&table)),
        ),
        (
            "rescue: set_aside",
            stage.set_aside(&table, direction(), Some(&consumed), reason),
        ),
    ];
    insta::assert_snapshot!(in_sections(&sections));
}

/// A table with a column that is added up.
#[test]
fn a_table_that_adds_a_column_up() {
    let column = |name: &str, number: i64, type_name: &str| {
        serde_json::json!({
            "name": name, "number": number, "type_name": type_name, "base_type": type_name, "portable": true, "exact": true, "domain": false,
            "not_null": number == 1, "generated": false, "identity": "", "has_default": false
        })
    };
    let shape: Shape = serde_json::from_value(serde_json::json!({
        "schema": "public", "name": "conta", "kind": "r", "inherited": false, "inherits": false, "partition_of": null, "role": "dono",
        "owned": true, "row_security": false, "missing_privileges": [], "unique_keys": [{"primary": true, "deferrable": false, "columns": ["id"]}],
        "deferrable": [], "foreign_keys": [], "triggers": [], "sequences": [], "capture": [], "capture_always": true, "capture_marks": null,
        "subscribed": false, "columns": [column("id", 1, "bigint"), column("nome", 3, "text"), column("saldo", 4, "numeric")]
    }))
    .unwrap();
    let mut spec = TableSpec::same(QualifiedName::new("public", "conta"));
    spec.deltas = [vec!["saldo".to_owned()], vec!["saldo".to_owned()]];
    let nodes = ["a".to_owned(), "b".to_owned()];
    let shapes = [shape.clone(), shape];
    let mut sides = fit(&spec, &nodes, shapes.each_ref()).unwrap().sides;
    let problems = delta::ask(&spec, ConflictRule::Latest, &nodes, &shapes, &mut sides);
    assert!(problems.is_empty(), "{problems:?}");
    let [table, _] = sides;
    let (stage, consumed): (_, Snapshot) = (Stage::new(0), "10:20:10,14".parse().unwrap());
    let (pending, held) = (Local::Pending(&consumed), Local::Held(&consumed));
    let wire = Wire::between(&table, &table);
    let sections: Vec<(&str, Sql)> = vec![
        ("capture: note_columns", capture::note_columns(&table, 300, 1)),
        (
            "batch: copy_pending",
            batch::copy_pending(source(false), &table, Shipped::Others, &consumed, wire),
        ),
        (
            "apply: pin_alike",
            stage.pin_alike(&table, direction(), pending, None).unwrap(),
        ),
        (
            "apply: merge with what was held back",
            stage.merge(&table, direction(), held, Winner::Latest).unwrap(),
        ),
        (
            "apply: resolve",
            stage.resolve(&table, direction(), pending, Winner::Latest),
        ),
    ];
    insta::assert_snapshot!(in_sections(&sections));
}

/// A table whose rows stay at the other side when they leave its filter.
#[test]
fn a_table_that_keeps_what_leaves() {
    let table = TableSide {
        filter: Some(Expression::new("ativo")),
        keeps: true,
        ..plain()
    };
    let rows = TableSide {
        by_row: true,
        packs: true,
        ..table.clone()
    };
    let stage = Stage::new(0);
    let consumed: Snapshot = "10:20:10,14".parse().unwrap();
    let wire = Wire::between(&table, &table);
    let reason = Reason {
        sqlstate: apply::OUTSIDE,
        message: "outside",
    };
    let sections: Vec<(&str, Sql)> = vec![
        ("capture: tell_outside", capture::tell_outside(&table, 300, 1)),
        (
            "capture: tell_outside, row by row",
            capture::tell_outside(&rows, 300, 1),
        ),
        (
            "capture: tell_outside, no longer",
            capture::tell_outside(&plain(), 300, 1),
        ),
        ("capture: told_filter", capture::told_filter(&table)),
        ("capture: note_again", capture::note_again(&table, "perfis")),
        (
            "batch: copy_pending",
            batch::copy_pending(source(false), &table, Shipped::Others, &consumed, wire),
        ),
        (
            "batch: copy_retried",
            batch::copy_retried(source(false), &table, &consumed, r#"[{"k1": "5"}]"#, wire),
        ),
        ("apply: pin", stage.pin(&table)),
        (
            "apply: any_local",
            stage.any_local(&table, direction(), Local::Pending(&consumed)),
        ),
        (
            "apply: set_aside",
            stage.set_aside(&table, direction(), Some(&consumed), reason),
        ),
        ("apply: back_inside", apply::back_inside(&table, "perfis", 500)),
        ("compare: look", compare::look(&table)),
    ];
    insta::assert_snapshot!(in_sections(&sections));
}
