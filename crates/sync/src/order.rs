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

/// Groups tables for a first contact that writes several at once: each wave only references rows of the waves before it, and
/// what references each other, in a ring, is one group that has to be written together. `edges` are (child, parent).
pub fn waves(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<Vec<usize>>> {
    let reaches = reachable(count, edges);
    let in_ring = |a: usize, b: usize| a == b || (reaches[a][b] && reaches[b][a]);
    let mut waiting: Vec<Vec<usize>> = (0..count)
        .filter(|table| (0..*table).all(|earlier| !in_ring(earlier, *table)))
        .map(|table| (table..count).filter(|other| in_ring(table, *other)).collect())
        .collect();
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let still: Vec<usize> = waiting.iter().flatten().copied().collect();
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|group: &Vec<usize>| {
            !still
                .iter()
                .any(|parent| !group.contains(parent) && reaches[group[0]][*parent])
        });
        waves.push(ready);
        waiting = later;
    }
    waves
}

/// Which tables each one references, directly or through others.
fn reachable(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<bool>> {
    let mut reaches = vec![vec![false; count]; count];
    for (child, parent) in edges {
        reaches[*child][*parent] = true;
    }
    for through in 0..count {
        for from in 0..count {
            for to in 0..count {
                reaches[from][to] |= reaches[from][through] && reaches[through][to];
            }
        }
    }
    reaches
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
    fn a_wave_references_only_earlier_ones_and_a_ring_stays_together() {
        // 3 references 0; 1 and 2 reference each other and 0; 4 references 2; 5 references itself.
        let edges = [(3, 0), (1, 2), (2, 1), (1, 0), (4, 2), (5, 5)];
        let expected = [vec![vec![0], vec![5]], vec![vec![1, 2], vec![3]], vec![vec![4]]];
        assert_eq!(waves(6, &edges), expected);
    }

    #[test]
    fn a_cycle_passes_only_if_a_check_in_it_can_wait() {
        let tables = [name("a"), name("b")];
        assert!(parents_first(&tables, &[key("a", "b", false), key("b", "a", true)]).is_ok());
        let cycle = parents_first(&tables, &[key("a", "b", false), key("b", "a", false)]).unwrap_err();
        assert_eq!(cycle.to_string(), "foreign keys of a, b form a cycle");
    }
}
