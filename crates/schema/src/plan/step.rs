//! One statement of a plan, and what is to be known about it before it runs.

use crate::Sql;
use crate::model::ObjectId;

/// The strongest lock that a statement takes on a table that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum Lock {
    None,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    AccessExclusive,
}

impl Lock {
    /// As the server's documentation spells it; nothing where no table is locked.
    pub fn mode(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::ShareUpdateExclusive => Some("SHARE UPDATE EXCLUSIVE"),
            Self::Share => Some("SHARE"),
            Self::ShareRowExclusive => Some("SHARE ROW EXCLUSIVE"),
            Self::AccessExclusive => Some("ACCESS EXCLUSIVE"),
        }
    }
}

/// How a statement shares transactions with its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placement {
    /// In one transaction with them.
    Together,
    /// In one of its own: what came before is committed, so that its locks are not held while this runs.
    Alone,
    /// In none: the server refuses it inside a transaction.
    Outside,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The statement, without a semicolon.
    pub sql: Sql,
    /// What it is about.
    pub object: ObjectId,
    /// The strongest lock that it takes on what exists.
    pub lock: Lock,
    /// How it shares transactions.
    pub placement: Placement,
    /// What it destroys that no statement brings back; nothing for most.
    pub loses: Option<&'static str>,
    /// What a person has to see to before it can run; nothing for most.
    pub warns: Option<&'static str>,
    /// Whether it reads or writes every row of a table while it holds its lock.
    pub rewrites: bool,
}

impl Step {
    /// A statement that locks nothing that exists and loses nothing.
    pub(super) fn new(object: &ObjectId, sql: Sql) -> Self {
        Self {
            sql,
            object: object.clone(),
            lock: Lock::None,
            placement: Placement::Together,
            loses: None,
            warns: None,
            rewrites: false,
        }
    }

    /// Whether the state before can be had back by another statement.
    pub fn is_reversible(&self) -> bool {
        self.loses.is_none()
    }

    pub(super) fn lock(self, lock: Lock) -> Self {
        Self { lock, ..self }
    }

    pub(super) fn placed(self, placement: Placement) -> Self {
        Self { placement, ..self }
    }

    pub(super) fn losing(self, loses: &'static str) -> Self {
        Self {
            loses: Some(loses),
            ..self
        }
    }

    pub(super) fn warning(self, warns: &'static str) -> Self {
        Self {
            warns: Some(warns),
            ..self
        }
    }

    pub(super) fn rewriting(self) -> Self {
        Self {
            rewrites: true,
            ..self
        }
    }
}

/// What becomes of one object: statements for when its turn comes, and those that may wait for others.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    /// In order.
    pub(super) now: Vec<Step>,
    /// In order, after everything that is needed for them.
    pub(super) late: Vec<Step>,
}

impl Steps {
    pub(super) fn one(step: Step) -> Self {
        Self {
            now: vec![step],
            late: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, step: Step) {
        self.now.push(step);
    }

    pub(super) fn push_late(&mut self, step: Step) {
        self.late.push(step);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.now.extend(other.now);
        self.late.extend(other.late);
    }
}
