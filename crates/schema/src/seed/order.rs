//! Which table comes first, and which references have to wait.

use std::collections::BTreeSet;

use super::{Reference, Table};

/// In what order tables are filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Every table that was asked for, and those that they cannot do without.
    pub steps: Vec<Step>,
    /// Tables whose references go round in a circle that no empty column opens, with the constraint that closes it.
    pub closed: Vec<(usize, String)>,
}

/// One table's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The table.
    pub table: usize,
    /// References, by position, that are empty at first: the rows that they point to come later, or are rows of the same table.
    pub later: Vec<usize>,
}

/// Orders tables so that what is pointed to is there first. `wanted` are to be filled, `filled` have rows already.
pub fn order(tables: &[Table], wanted: &BTreeSet<usize>, filled: &BTreeSet<usize>) -> Order {
    let wanted = with_parents(tables, wanted, filled);
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut result = Order {
        steps: Vec::new(),
        closed: Vec::new(),
    };
    while done.len() < wanted.len() {
        let is_pending = |table: usize, r: &Reference| {
            r.table != table && wanted.contains(&r.table) && !done.contains(&r.table)
        };
        let waits = |table: usize, counts: fn(&Table, &Reference) -> bool| {
            let (this, references) = (&tables[table], &tables[table].references);
            references.iter().any(|r| is_pending(table, r) && counts(this, r))
        };
        // Where nothing is free, there is a circle, and a table of it has to begin: one that only waits for it would lose its references.
        let turns = |from: usize| {
            goes_round(from, |table| {
                let references = tables[table].references.iter();
                references
                    .filter(|r| is_pending(table, r))
                    .map(|r| r.table)
                    .collect()
            })
        };
        let any_free = wanted
            .iter()
            .any(|t| !done.contains(t) && !waits(*t, |_, _| true));
        let first = |counts| {
            let mut open = wanted.iter().filter(|t| !done.contains(t));
            open.find(|t| !waits(**t, counts) && (any_free || turns(**t)))
        };
        // Everything there; else what is missing may be empty; else it may come later; else it has to be refused.
        let counts: [fn(&Table, &Reference) -> bool; 4] = [
            |_, _| true,
            |table, r| !r.is_optional(table),
            |table, r| !r.is_optional(table) && !r.deferrable,
            |_, _| false,
        ];
        let Some(&table) = counts.into_iter().find_map(first) else {
            break;
        };
        let pending = |r: &&Reference| is_pending(table, r) && !r.is_optional(&tables[table]);
        let closing = tables[table].references.iter().filter(pending);
        result.closed.extend(closing.map(|r| (table, r.name.clone())));
        let later = (0..).zip(&tables[table].references);
        let later = later.filter(|(_, r)| r.table == table || is_pending(table, r));
        result.steps.push(Step {
            table,
            later: later.map(|(index, _)| index).collect(),
        });
        done.insert(table);
    }
    result
}

/// Whether a way along the references leads back to where it began.
fn goes_round(from: usize, next: impl Fn(usize) -> Vec<usize>) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), next(from));
    while let Some(table) = open.pop() {
        if table == from {
            return true;
        }
        if seen.insert(table) {
            open.extend(next(table));
        }
    }
    false
}

/// The wanted tables, and the empty ones that they have to point to.
fn with_parents(tables: &[Table], wanted: &BTreeSet<usize>, filled: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = wanted.clone();
    let mut open: Vec<usize> = wanted.iter().copied().collect();
    while let Some(table) = open.pop() {
        for reference in &tables[table].references {
            let needed = !reference.is_optional(&tables[table]) && !filled.contains(&reference.table);
            if needed && all.insert(reference.table) {
                open.push(reference.table);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::{Column, Kind, Writer};
    use super::*;
    use crate::{Ident, QualifiedName, TypeName};

    fn table(name: &str, references: &[(usize, bool)]) -> Table {
        let column = |(index, (_, nullable)): (usize, &(usize, bool))| Column {
            name: Ident::new(format!("c{index}")),
            kind: Kind::Boolean,
            base_type: TypeName::new("boolean"),
            nullable: *nullable,
            writer: Writer::Plan,
        };
        let reference = |(index, (table, _)): (usize, &(usize, bool))| Reference {
            name: format!("{name}_fk{index}"),
            columns: vec![index],
            table: *table,
            target_columns: vec![Ident::new("id")],
            deferrable: false,
        };
        Table {
            name: QualifiedName::new("public", name),
            columns: references.iter().enumerate().map(column).collect(),
            uniques: Vec::new(),
            references: references.iter().enumerate().map(reference).collect(),
            checks: Vec::new(),
        }
    }

    fn said(tables: &[Table], wanted: &[usize], filled: &[usize]) -> String {
        let set = |list: &[usize]| list.iter().copied().collect();
        let order = order(tables, &set(wanted), &set(filled));
        let step = |s: &Step| format!("{}{:?}", s.table, s.later);
        let steps: Vec<String> = order.steps.iter().map(step).collect();
        format!("{} closed {:?}", steps.join(" "), order.closed)
    }

    #[test]
    fn parents_come_first() {
        let tables = [table("orders", &[(1, false)]), table("users", &[])];
        assert_eq!(said(&tables, &[0, 1], &[]), "1[] 0[] closed []");
    }

    #[test]
    fn an_empty_parent_is_filled_too_and_a_full_one_is_not() {
        let tables = [table("orders", &[(1, false)]), table("users", &[])];
        assert_eq!(said(&tables, &[0], &[]), "1[] 0[] closed []");
        assert_eq!(said(&tables, &[0], &[1]), "0[] closed []");
    }

    #[test]
    fn a_circle_is_opened_where_null_is_allowed() {
        let tables = [
            table("users", &[(1, false), (0, true)]),
            table("teams", &[(0, true)]),
        ];
        assert_eq!(said(&tables, &[0, 1], &[]), "1[0] 0[1] closed []");
    }

    #[test]
    fn what_only_points_into_a_circle_waits_for_it() {
        let tables = [
            table("arcs", &[(1, true)]),
            table("users", &[(2, true)]),
            table("teams", &[(1, true)]),
        ];
        assert_eq!(said(&tables, &[0, 1, 2], &[]), "1[0] 0[] 2[] closed []");
    }

    #[test]
    fn a_circle_that_nothing_opens_is_named() {
        let tables = [table("a", &[(1, false)]), table("b", &[(0, false)])];
        assert_eq!(said(&tables, &[0, 1], &[]), "0[0] 1[] closed [(0, \"a_fk0\")]");
    }
}
