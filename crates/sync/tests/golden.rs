//! The full text of what is installed in a database and run there, one file per table and statement, so that a change of a
//! generated statement is seen as what the server will be told.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::apply::{self, Direction, Local, Reference, Stage, StageLife, Winner};
use ponte_sync::batch::{self, Source, Wire};
use ponte_sync::capture;
use ponte_sync::chunk::{self, Order, Range};
use ponte_sync::compare;
use ponte_sync::shape::{ForeignKey, VersionColumn, VersionKind};
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;
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
        always: false,
        portable: true,
        identity_always: true,
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
        always: false,
        portable: false,
        identity_always: false,
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
        always: false,
        portable: true,
        identity_always: false,
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

/// Every statement about one table, under a heading each.
fn statements(table: &TableSide) -> String {
    let stage = Stage::new(0);
    let consumed: Snapshot = "10:20:10,14".parse().unwrap();
    let wire = Wire::between(table, table);
    let source = Source {
        link: "perfis",
        node_id: Uuid::from_u128(1),
    };
    let order = vec![Order::Own; table.key.len()];
    let bound = |value: &str| Some(vec![value.to_owned(); table.key.len()]);
    let range = Range::between(&order, bound("10"), bound("20"));
    let pending = Local::Pending(&consumed);
    let update = stage.update(table).unwrap();
    let sections: Vec<(&str, Sql)> = vec![
        ("capture: install", capture::install(table, "perfis", 300)),
        ("capture: uninstall", capture::uninstall(table)),
        (
            "batch: copy_pending",
            batch::copy_pending(source, table, &consumed, wire),
        ),
        (
            "batch: copy_present",
            batch::copy_present(source, table, &consumed, wire),
        ),
        ("chunk: bounds", chunk::bounds(table, &order, 1_000_000, 4)),
        ("batch: copy_rows", batch::copy_rows(table, &range, wire)),
        ("batch: copy_all", batch::copy_all(source, table, &range, wire)),
        ("apply: stage", stage.create(table, StageLife::Connection)),
        ("apply: copy_in", stage.copy_in(table, wire)),
        ("apply: pin", stage.pin(table)),
        ("apply: any_local", stage.any_local(table, direction(), pending)),
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
        ("apply: upsert", stage.upsert(table)),
        ("apply: delete", stage.delete(table, &[])),
        ("apply: announce", stage.announce(table, "perfis", &range)),
        ("apply: captured_meanwhile", apply::captured_meanwhile(&[table])),
        ("compare: buckets", compare::buckets(table)),
        ("compare: rows", compare::rows(table)),
    ];
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
        stage.referenced(&parent, &reference),
        child_stage.hold_parents(&child, &key),
        child_stage.orphans(&child, &key),
    ];
    let text: Vec<&str> = sections.iter().map(|sql| sql.as_str().trim_end()).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}
