//! What keeps a table from being synced, whatever the other side looks like.

use ponte_schema::{Ident, QualifiedName};

use super::{Problem, Shape};
use crate::link::ApplyAs;

/// Encloses the bodies of our trigger functions, which hold names of the user's.
const BODY_QUOTE: &str = "$ponte$";

/// Foreign keys that do not compare values: the order of writes and the check for orphans would be wrong.
fn periods(shape: &Shape) -> impl Iterator<Item = Problem> {
    shape.foreign_keys.iter().filter(|key| key.temporal).map(|key| {
        let (child, parent) = (key.child_name(), key.parent_name());
        Problem::new(
            format!(
                "foreign key {} of table {child} asks for a covered PERIOD",
                key.name
            ),
            format!(
                "leave {child} and {parent} out of the link, or make {} NOT ENFORCED",
                key.name
            ),
        )
    })
}

/// What keeps the role of a node from syncing this table, apart from its key. All of it, so that one round of mending is enough.
pub fn obstacles(shape: &Shape, node: &str, apply: ApplyAs) -> Vec<Problem> {
    let (table, role) = (shape.qualified_name(), Ident::new(&shape.role));
    let mut found = Vec::new();
    if !matches!(shape.kind.as_str(), "r" | "p") {
        found.push(Problem::new(
            format!("{table} is not a table"),
            "sync the tables behind it",
        ));
        return found;
    }
    let columns = shape.columns.iter().map(|c| &c.name);
    for name in columns
        .chain([&shape.schema, &shape.name])
        .filter(|n| n.contains(BODY_QUOTE))
    {
        found.push(Problem::new(
            format!("the name {name} of or in table {table} would end the body of a trigger function"),
            format!("rename it to one without {BODY_QUOTE}"),
        ));
    }
    if apply == ApplyAs::Replica {
        found.extend(shape.deferrable.iter().map(|constraint| {
            Problem::new(
                format!("constraint {constraint} of table {table} is deferrable, and replica mode does not check it"),
                format!("set apply = \"plain\", or make {constraint} NOT DEFERRABLE"),
            )
        }));
    }
    found.extend(periods(shape));
    if let Some((schema, name)) = &shape.partition_of {
        let whole = QualifiedName::new(schema, name);
        found.push(Problem::new(
            format!("{table} is a partition of {whole}"),
            format!("sync {whole}"),
        ));
    }
    if shape.inherited {
        found.push(Problem::new(
            format!("table {table} has inheritance children"),
            "list the child tables instead, or turn the inheritance into partitions",
        ));
    }
    if !shape.missing_privileges.is_empty() {
        found.push(Problem::new(
            format!(
                "role {role} of node \"{node}\" lacks {} on table {table}",
                shape.missing_privileges.join(", ")
            ),
            format!(
                "GRANT {} ON {table} TO {role}",
                shape.missing_privileges.join(", ")
            ),
        ));
    }
    if shape.row_security {
        found.push(Problem::new(
            format!("row-level security hides rows of {table} from role {role} of node \"{node}\""),
            format!("ALTER ROLE {role} BYPASSRLS, or let the role that owns the table run the sync"),
        ));
    }
    found
}
