//! Pictures of tables and the references between them, laid out by us.

mod graph;
mod layout;
mod svg;

use super::Schema;
use crate::QualifiedName;

pub(super) use graph::Graph;

/// How much of a table a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// The columns of keys.
    Keys,
    /// All columns, up to a number.
    Columns,
}

/// A picture of these tables. `link` gives the address of a table's page.
pub(super) fn draw(
    schema: &Schema<'_>,
    tables: &[&QualifiedName],
    focus: Option<&QualifiedName>,
    detail: Detail,
    title: &str,
    link: &dyn Fn(&QualifiedName) -> String,
) -> String {
    let boxes = svg::boxes(schema, tables, detail);
    let edges = svg::edges(schema, &boxes);
    let sizes: Vec<(f64, f64)> = boxes.iter().map(|b| (b.width, b.height)).collect();
    let pairs: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let places = layout::place(&sizes, &pairs);
    svg::write(&boxes, &edges, &places, focus, title, link)
}
