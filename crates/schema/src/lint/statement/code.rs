//! Views, functions and policies: what runs with somebody's rights.

use super::cursor::Cursor;
use super::{Name, Statement};

/// `CREATE VIEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: Name,
    /// `OR REPLACE`.
    pub replace: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// It has a `WITH (…)`.
    pub options: bool,
    /// `security_invoker` is on.
    pub security_invoker: bool,
}

/// `CREATE FUNCTION` or `PROCEDURE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// `SECURITY DEFINER`.
    pub security_definer: bool,
    /// It has its own `search_path`.
    pub sets_search_path: bool,
}

/// `CREATE POLICY` or `ALTER POLICY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `CREATE` or `ALTER`.
    pub verb: &'static str,
    /// Its name.
    pub name: Name,
    /// Its table.
    pub table: Name,
    /// A condition of it is nothing but `true`.
    pub always_true: bool,
    /// It is `FOR SELECT`.
    pub reads_only: bool,
}

pub(super) fn view(mut cursor: Cursor<'_>, replace: bool, temporary: bool) -> Option<Statement> {
    cursor.eat("if not exists");
    let name = cursor.name()?;
    cursor.brackets();
    let options = if cursor.eat("with") {
        cursor.brackets()
    } else {
        None
    };
    let security_invoker = options.as_ref().is_some_and(|options| {
        options.parts().iter().any(|option| {
            option.sees("security_invoker") && !option.has("false") && !option.has("off") && !option.has("0")
        })
    });
    Some(Statement::View(View {
        name,
        replace,
        temporary,
        options: options.is_some(),
        security_invoker,
    }))
}

pub(super) fn function(mut cursor: Cursor<'_>) -> Option<Statement> {
    cursor.skip();
    Some(Statement::Function(Function {
        name: cursor.name()?,
        security_definer: cursor.has("security definer"),
        sets_search_path: cursor.has("set search_path"),
    }))
}

pub(super) fn policy(verb: &'static str, mut cursor: Cursor<'_>) -> Option<Statement> {
    cursor.eat("policy");
    let name = cursor.name()?;
    cursor.eat("on");
    let table = cursor.name()?;
    let restrictive = cursor.has("as restrictive");
    let mut always_true = false;
    for words in ["using", "with check"] {
        let mut condition = cursor.clone();
        if condition.seek(words) {
            condition.eat(words);
            always_true |= condition.brackets().is_some_and(|inside| is_true(&inside));
        }
    }
    Some(Statement::Policy(Policy {
        verb,
        name,
        table,
        always_true: always_true && !restrictive,
        reads_only: cursor.has("for select"),
    }))
}

fn is_true(condition: &Cursor<'_>) -> bool {
    let bare = condition.rest().trim_matches(['(', ')', ' ', '\n']);
    bare.eq_ignore_ascii_case("true")
}
