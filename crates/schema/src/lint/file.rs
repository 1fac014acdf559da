//! A script as rules look at it: its statements read, what it makes itself, and what the server did.

use std::collections::BTreeMap;

use super::Known;
use super::finding::Draft;
use super::observation::Observation;
use super::statement::{Column, CreateTable, Name, Statement, TableAction, TableChange};
use crate::lexer::{self, TokenKind};
use crate::migration::plan::Direction;
use crate::migration::{Revision, Script, TransactionMode};

/// What happened while a script ran on a shadow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observations {
    /// One per statement.
    pub statements: Vec<Observation>,
    /// What the schema lacks after the script.
    pub after: Aftermath,
}

/// What was looked up once a script had run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// Foreign keys that the script made and no index of the referring table serves: constraint, table, columns.
    pub foreign_keys_without_index: Vec<(String, Name, Vec<String>)>,
    /// Indexes that the script made and another one of the same table does the work of: index, table, the other.
    pub redundant_indexes: Vec<(String, Name, String)>,
    /// Tables that the script made and that have no primary key.
    pub without_primary_key: Vec<Name>,
    /// Tables with policies whose row-level security is off.
    pub idle_policies: Vec<Name>,
    /// Tables with row-level security and no policy.
    pub locked_out: Vec<Name>,
    /// Views that the script made, that run with their owner's rights, and that read tables with row-level security: view, table.
    pub views_around_policies: Vec<(Name, Name)>,
}

/// What the history of a database says about a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// It is not applied, and one with a higher number, which is given, is.
    Late(Revision),
    /// It is applied, and its UP was changed since.
    Changed,
}

/// One script.
pub(super) struct File<'a> {
    script: &'a Script,
    direction: Direction,
    statements: Vec<Statement>,
    /// Tables and views that the script makes, by their last name: where, and the whole name.
    made: BTreeMap<String, Vec<(usize, Name)>>,
    observations: Option<&'a Observations>,
    past: Option<&'a Past>,
    /// The other script of the migration, for what a DOWN may take back.
    counterpart: Vec<Statement>,
}

/// One statement of a script.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    /// The script.
    pub file: &'a File<'a>,
    /// Its place in it.
    pub index: usize,
    /// What it does.
    pub statement: &'a Statement,
    /// What the server did.
    pub seen: Option<&'a Observation>,
}

impl<'a> File<'a> {
    /// Reads a script. `up` is the script that a DOWN takes back; what is known beside it is about UP.
    pub(super) fn new(
        script: &'a Script,
        direction: Direction,
        up: Option<&Script>,
        known: Known<'a>,
    ) -> Self {
        let is_up = direction == Direction::Up;
        let statements = read(script);
        Self {
            script,
            direction,
            made: made(&statements),
            statements,
            observations: known.observed.filter(|_| is_up),
            past: known.past.filter(|_| is_up),
            counterpart: up.map(read).unwrap_or_default(),
        }
    }

    /// What the history of a database says about it.
    pub(super) fn past(&self) -> Option<&'a Past> {
        self.past
    }

    /// The script itself.
    pub(super) fn script(&self) -> &'a Script {
        self.script
    }

    /// Whether it is a DOWN.
    pub(super) fn is_down(&self) -> bool {
        self.direction == Direction::Down
    }

    /// Whether two statements are committed together.
    pub(super) fn share_a_transaction(&self, one: usize, other: usize) -> bool {
        self.script.mode() == TransactionMode::Together
            || self
                .script
                .steps()
                .iter()
                .any(|step| step.contains(&one) && step.contains(&other))
    }

    /// What was seen after it had run.
    pub(super) fn after(&self) -> Option<&'a Aftermath> {
        self.observations.map(|seen| &seen.after)
    }

    /// What the server did for a statement.
    pub(super) fn seen(&self, index: usize) -> Option<&'a Observation> {
        self.observations.and_then(|seen| seen.statements.get(index))
    }

    /// All statements.
    pub(super) fn cases(&'a self) -> impl Iterator<Item = Case<'a>> {
        self.statements.iter().enumerate().map(|(index, statement)| Case {
            file: self,
            index,
            statement,
            seen: self.seen(index),
        })
    }

    /// What a rule says of each statement of an UP.
    pub(super) fn each(&'a self, rule: impl Fn(Case<'a>) -> Option<Draft>) -> Vec<Draft> {
        if self.is_down() {
            return Vec::new();
        }
        self.cases().filter_map(rule).collect()
    }

    /// What a rule says of each action on a table that was there before, in an UP.
    pub(super) fn each_action(
        &'a self,
        rule: impl Fn(Case<'a>, &'a Name, &'a TableAction) -> Option<Draft>,
    ) -> Vec<Draft> {
        if self.is_down() {
            return Vec::new();
        }
        let mut drafts = Vec::new();
        for case in self.cases() {
            let Statement::AlterTable { table, actions } = case.statement else {
                continue;
            };
            if case.makes(table) {
                continue;
            }
            for action in actions {
                drafts.extend(rule(case, table, action).map(|draft| draft.at(action.span.start)));
            }
        }
        drafts
    }

    /// What a rule says of each column that an UP makes, in a new table or an old one.
    pub(super) fn each_column(
        &'a self,
        rule: impl Fn(Case<'a>, &'a Name, &'a Column) -> Option<Draft>,
    ) -> Vec<Draft> {
        if self.is_down() {
            return Vec::new();
        }
        let mut drafts = Vec::new();
        for case in self.cases() {
            match case.statement {
                Statement::CreateTable(created) => {
                    for column in &created.columns {
                        let draft = rule(case, &created.table, column);
                        drafts.extend(draft.map(|draft| draft.at(column.span.start)));
                    }
                }
                Statement::AlterTable { table, actions } => {
                    for action in actions {
                        if let TableChange::AddColumn { column, .. } = &action.change {
                            let draft = rule(case, table, column);
                            drafts.extend(draft.map(|draft| draft.at(column.span.start)));
                        }
                    }
                }
                _ => {}
            }
        }
        drafts
    }

    /// The CREATE TABLE of this script that a name means.
    pub(super) fn created(&self, table: &Name) -> Option<(usize, &CreateTable)> {
        created_in(&self.statements, table)
    }

    /// The first statement that names one of these, an earlier one before a later one; the first of all where none does.
    pub(super) fn maker(&self, names: &[&str]) -> usize {
        let text = self.script.text();
        let names_it = |statement: &lexer::Statement, name: &str| {
            let own = statement.text(text);
            statement.tokens(text).any(|token| match token.kind {
                TokenKind::Word => token.text(own).eq_ignore_ascii_case(name),
                TokenKind::QuotedIdent => token.text(own).trim_matches('"') == name,
                _ => false,
            })
        };
        let statements = self.script.statements();
        let first = |name: &&str| statements.iter().position(|statement| names_it(statement, name));
        names.iter().find_map(first).unwrap_or(0)
    }

    /// The CREATE TABLE of the script that this one takes back.
    pub(super) fn created_by_up(&self, table: &Name) -> bool {
        created_in(&self.counterpart, table).is_some()
    }

    /// The statements of the script that this one takes back.
    pub(super) fn counterpart(&self) -> &[Statement] {
        &self.counterpart
    }
}

fn read(script: &Script) -> Vec<Statement> {
    let statements = script.statements().iter();
    statements
        .map(|statement| Statement::read(statement.text(script.text())))
        .collect()
}

/// Tables and materialized views that statements make, and what new tables are renamed to.
fn made(statements: &[Statement]) -> BTreeMap<String, Vec<(usize, Name)>> {
    let mut made: BTreeMap<String, Vec<(usize, Name)>> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        let name = match statement {
            Statement::CreateTable(created) => Some(&created.table),
            Statement::CreateMaterializedView { name } => Some(name),
            Statement::AlterTable { table, actions } if made.contains_key(&table.name) => {
                actions.iter().find_map(|action| match &action.change {
                    TableChange::RenameTable(new) => Some(new),
                    _ => None,
                })
            }
            _ => None,
        };
        if let Some(name) = name {
            made.entry(name.name.clone())
                .or_default()
                .push((index, name.clone()));
        }
    }
    made
}

fn created_in<'s>(statements: &'s [Statement], table: &Name) -> Option<(usize, &'s CreateTable)> {
    statements
        .iter()
        .enumerate()
        .find_map(|(index, statement)| match statement {
            Statement::CreateTable(created) if created.table.may_be(table) => Some((index, created)),
            _ => None,
        })
}

impl<'a> Case<'a> {
    /// Whether this script has made the table before: then nobody waits for it.
    pub(super) fn makes(&self, table: &Name) -> bool {
        if let Some(held) = self
            .seen
            .and_then(|seen| seen.held.iter().find(|held| held.relation.is(table)))
        {
            return !held.relation.existed;
        }
        let made = self.file.made.get(&table.name);
        made.is_some_and(|made| {
            made.iter()
                .any(|(index, name)| *index < self.index && name.may_be(table))
        })
    }

    /// Something about this statement.
    pub(super) fn draft(&self, message: impl Into<String>) -> Draft {
        Draft::new(self.index, message)
    }
}
