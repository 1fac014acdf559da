//! `DROP …`.

use super::cursor::Cursor;
use super::{Name, Statement};

/// `DROP` of anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drop {
    /// What is dropped.
    pub kind: DropKind,
    /// The objects named.
    pub names: Vec<Name>,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CASCADE`.
    pub cascade: bool,
    /// The table of a trigger, a policy or a rule.
    pub on: Option<Name>,
}

/// A kind of object that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropKind {
    /// A table.
    Table,
    /// A schema.
    Schema,
    /// A database.
    Database,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A materialized view.
    MaterializedView,
    /// A trigger.
    Trigger,
    /// A policy.
    Policy,
    /// A rule.
    Rule,
    /// Anything else.
    Other,
}

/// What follows `DROP`.
pub(super) fn read(mut cursor: Cursor<'_>) -> Option<Statement> {
    const KINDS: [(&str, DropKind); 11] = [
        ("table", DropKind::Table),
        ("foreign table", DropKind::Other),
        ("schema", DropKind::Schema),
        ("database", DropKind::Database),
        ("index", DropKind::Index),
        ("sequence", DropKind::Sequence),
        ("materialized view", DropKind::MaterializedView),
        ("trigger", DropKind::Trigger),
        ("policy", DropKind::Policy),
        ("rule", DropKind::Rule),
        ("owned by", DropKind::Other),
    ];
    let kind = KINDS.into_iter().find(|(word, _)| cursor.eat(word));
    let kind = match kind {
        Some((_, kind)) => kind,
        None => {
            cursor.skip();
            DropKind::Other
        }
    };
    let concurrently = cursor.eat("concurrently");
    let if_exists = cursor.eat("if exists");
    let names = cursor.names();
    let on = if cursor.eat("on") { cursor.name() } else { None };
    Some(Statement::Drop(Drop {
        kind,
        names,
        concurrently,
        if_exists,
        cascade: cursor.has("cascade"),
        on,
    }))
}
