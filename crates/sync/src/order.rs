//! Parents before children: the order in which a batch's tables are written.

use std::collections::BTreeSet;

use ponte_schema::QualifiedName;

use crate::shape::ForeignKey;

/// Tables whose foreign keys form a ring that cannot be deferred to the commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("foreign keys of {} form a cycle", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Cycle(pub Vec<QualifiedName>);

/// Orders `tables` so that each comes after those it references; otherwise the given order is kept. References to itself and
/// to other tables than these do not matter, nor do deferrable ones inside a cycle.
///
/// # Errors
/// A cycle with a foreign key that is checked at once.
pub fn parents_first(tables: &[QualifiedName], foreign_keys: &[ForeignKey]) -> Result<Vec<usize>, Cycle> {
    let edges = |deferrable_too: bool| -> Vec<(usize, usize)> {
        let position = |name: &QualifiedName| tables.iter().position(|t| t == name);
        foreign_keys
            .iter()
            .filter(|key| deferrable_too || !key.deferrable)
            .filter_map(|key| Some((position(&key.child_name())?, position(&key.parent_name())?)))
            .filter(|(child, parent)| child != parent)
            .collect()
    };
    sorted(tables.len(), &edges(true))
        .or_else(|_| sorted(tables.len(), &edges(false)))
        .map_err(|stuck| Cycle(stuck.into_iter().map(|i| tables[i].clone()).collect()))
}

fn sorted(count: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, BTreeSet<usize>> {
    let mut waiting: BTreeSet<usize> = (0..count).collect();
    let mut order = Vec::with_capacity(count);
    while !waiting.is_empty() {
        let ready = waiting.iter().copied().find(|table| {
            !edges
                .iter()
                .any(|(child, parent)| child == table && waiting.contains(parent))
        });
        let Some(ready) = ready else { return Err(waiting) };
        waiting.remove(&ready);
        order.push(ready);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> QualifiedName {
        QualifiedName::new("public", name)
    }

    fn key(child: &str, parent: &str, deferrable: bool) -> ForeignKey {
        ForeignKey {
            name: format!("{child}_{parent}"),
            child: ("public".into(), child.into()),
            child_columns: vec![format!("{parent}_id")],
            parent: ("public".into(), parent.into()),
            parent_columns: vec!["id".into()],
            deferrable,
            temporal: false,
        }
    }

    #[test]
    fn children_come_after_their_parents() {
        let tables = [name("item"), name("customer"), name("orders")];
        let keys = [key("item", "orders", false), key("orders", "customer", false)];
        assert_eq!(parents_first(&tables, &keys).unwrap(), [1, 2, 0]);
    }

    #[test]
    fn a_reference_to_itself_is_no_cycle() {
        assert_eq!(
            parents_first(&[name("node")], &[key("node", "node", false)]).unwrap(),
            [0]
        );
    }

    #[test]
    fn a_cycle_passes_only_if_a_check_in_it_can_wait() {
        let tables = [name("a"), name("b")];
        assert!(parents_first(&tables, &[key("a", "b", false), key("b", "a", true)]).is_ok());
        let cycle = parents_first(&tables, &[key("a", "b", false), key("b", "a", false)]).unwrap_err();
        assert_eq!(cycle.to_string(), "foreign keys of a, b form a cycle");
    }
}
