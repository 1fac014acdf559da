//! A placed picture as SVG.

use std::fmt::Write as _;

use super::Detail;
use super::layout::{Passage, Places};
use crate::QualifiedName;
use crate::docs::Schema;
use crate::docs::html::escaped;

const ROW: f64 = 18.0;
const HEAD: f64 = 26.0;
/// The width of a letter of the diagram's font.
const LETTER: f64 = 7.3;
/// Longer names are cut; the whole one is in the title of the box.
const LETTERS_MAX: usize = 30;
/// More columns are counted instead of shown.
const ROWS_MAX: usize = 16;

/// Colours, and others for a dark screen. In a page the rules hold for all of it, so that they name the picture.
const STYLE: &str = ".erd{color:#1b1f27}.erd a{color:inherit;outline:none;text-decoration:none}\
.erd text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:currentColor}\
.erd .h{font-weight:600}.erd .b{fill:#fff;stroke:#8a94a6}.erd .t{fill:#eef1f6}.erd .k{fill:#8a5a00}.erd .m{fill:#5b6472}\
.erd .e{fill:none;stroke:#6b7687;stroke-width:1.4}.erd .f .b{stroke:#0b57d0;stroke-width:2.5}.erd .f .t{fill:#d8e5ff}\
.erd a:focus .b,.erd a:hover .b{stroke:#0b57d0;stroke-width:2.5}@media (prefers-color-scheme:dark){.erd{color:#e6e9ef}\
.erd .b{fill:#171b22;stroke:#5d6879}.erd .t{fill:#232a35}.erd .k{fill:#f0b95c}.erd .m{fill:#a3adbd}.erd .e{stroke:#8793a6}\
.erd .f .t{fill:#1d3357}.erd .f .b,.erd a:focus .b,.erd a:hover .b{stroke:#8ab4ff}}";

/// A table in a picture.
pub(super) struct TableBox {
    name: QualifiedName,
    rows: Vec<RowText>,
    comment: String,
    pub(super) width: f64,
    pub(super) height: f64,
}

struct RowText {
    column: Option<String>,
    text: String,
    class: &'static str,
}

/// A reference in a picture.
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    from_column: String,
    to_column: String,
    name: String,
}

pub(super) fn boxes(schema: &Schema<'_>, tables: &[&QualifiedName], detail: Detail) -> Vec<TableBox> {
    let mut boxes = Vec::new();
    for name in tables {
        let Some(table) = schema.tables.get(*name) else {
            continue;
        };
        let is_key = |c: &&super::super::Column| c.in_primary_key || table.is_reference(&c.name);
        let shown = table
            .columns
            .iter()
            .filter(|c| detail == Detail::Columns || is_key(c));
        let mut rows: Vec<RowText> = shown
            .take(ROWS_MAX)
            .map(|column| RowText {
                text: format!("{} {}", column.name, column.type_name),
                class: if is_key(&column) { "k" } else { "" },
                column: Some(column.name.clone()),
            })
            .collect();
        let left = table.columns.len() - rows.len();
        if left > 0 {
            rows.push(RowText {
                column: None,
                text: format!("{left} more"),
                class: "m",
            });
        }
        let longest = rows
            .iter()
            .map(|row| &row.text)
            .chain([&name.to_string()])
            .map(|t| t.chars().count())
            .max();
        boxes.push(TableBox {
            name: (*name).clone(),
            width: (longest.unwrap_or(0).min(LETTERS_MAX) as f64 * LETTER + 22.0)
                .max(90.0)
                .round(),
            height: HEAD + rows.len() as f64 * ROW + 6.0,
            comment: table.comment().to_owned(),
            rows,
        });
    }
    boxes
}

pub(super) fn edges(schema: &Schema<'_>, boxes: &[TableBox]) -> Vec<Edge> {
    let place = |name: &QualifiedName| boxes.iter().position(|b| b.name == *name);
    let mut edges = Vec::new();
    for (from, table_box) in boxes.iter().enumerate() {
        for reference in schema
            .tables
            .get(&table_box.name)
            .map_or(&[][..], |t| &t.references)
        {
            if let Some(to) = place(&reference.target) {
                // Of several columns the last: the first is often one that all tables of a tenant share.
                edges.push(Edge {
                    from,
                    to,
                    from_column: reference.columns.last().cloned().unwrap_or_default(),
                    to_column: reference.target_columns.last().cloned().unwrap_or_default(),
                    name: reference.name.clone(),
                });
            }
        }
    }
    edges
}

/// The height of a column's row in its box, or of the head where it is not shown.
fn row_y(table: &TableBox, column: &str) -> f64 {
    let row = table
        .rows
        .iter()
        .position(|row| row.column.as_deref() == Some(column));
    row.map_or(HEAD / 2.0, |row| HEAD + row as f64 * ROW + ROW / 2.0 + 2.0)
}

pub(super) fn write(
    boxes: &[TableBox],
    edges: &[Edge],
    places: &Places,
    focus: Option<&QualifiedName>,
    title: &str,
    link: &dyn Fn(&QualifiedName) -> String,
) -> String {
    let mut out = String::new();
    let (width, height) = (places.width, places.height);
    let told = format!(
        "{} tables and {} references between them",
        boxes.len(),
        edges.len()
    );
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"erd\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"group\" \
         aria-label=\"{}\"><title>{}</title><desc>{told}</desc><style>{STYLE}</style>",
        escaped(title),
        escaped(title)
    );
    for (edge, way) in edges.iter().zip(&places.ways) {
        write_edge(edge, boxes, places, way, &mut out);
    }
    for (table, corner) in boxes.iter().zip(&places.corners) {
        write_box(
            table,
            *corner,
            focus == Some(&table.name),
            &link(&table.name),
            &mut out,
        );
    }
    out.push_str("</svg>");
    out
}

/// From the side of the column that points to the side of the one that is pointed to, with a crow's foot where there are many.
fn write_edge(edge: &Edge, boxes: &[TableBox], places: &Places, way: &[Passage], out: &mut String) {
    let (child, parent) = (&boxes[edge.from], &boxes[edge.to]);
    let (from, to) = (places.corners[edge.from], places.corners[edge.to]);
    let (y1, y2) = (
        from.1 + row_y(child, &edge.from_column),
        to.1 + row_y(parent, &edge.to_column),
    );
    let (child_sides, parent_sides) = ((from.0, from.0 + child.width), (to.0, to.0 + parent.width));
    // Towards each other where one stands left of the other; else both on the right, round the outside.
    let (x1, x2, out_1, out_2) = if parent_sides.1 < child_sides.0 {
        (child_sides.0, parent_sides.1, -1.0, 1.0)
    } else if parent_sides.0 > child_sides.1 {
        (child_sides.1, parent_sides.0, 1.0, -1.0)
    } else {
        (child_sides.1, parent_sides.1, 1.0, 1.0)
    };
    let mut path = format!("M{x1} {y1}");
    let (mut x, mut y) = (x1, y1);
    for passage in way {
        let (near, far) = if out_1 < 0.0 {
            (passage.right, passage.left)
        } else {
            (passage.left, passage.right)
        };
        bow(&mut path, (x, y, out_1), (near, passage.y, -out_1));
        let _ = write!(path, "H{far}");
        (x, y) = (far, passage.y);
    }
    bow(&mut path, (x, y, out_1), (x2, y2, out_2));
    let (foot, tick) = (x1 + out_1 * 8.0, x2 + out_2 * 6.0);
    let _ = write!(
        out,
        "<g><title>{}</title><path class=\"e\" d=\"{path}M{x1} {}L{foot} {y1}L{x1} {}M{tick} {}V{}\"/></g>",
        escaped(&edge.name),
        y1 - 4.0,
        y1 + 4.0,
        y2 - 4.0,
        y2 + 4.0,
    );
}

/// A curve from one point to another that leaves both horizontally; the third number of each says to which side.
fn bow(path: &mut String, (x1, y1, out_1): (f64, f64, f64), (x2, y2, out_2): (f64, f64, f64)) {
    let reach = ((x1 - x2).abs() / 2.0).clamp(36.0, 160.0);
    let (bow_1, bow_2) = (x1 + out_1 * reach, x2 + out_2 * reach);
    let _ = write!(path, "C{bow_1} {y1} {bow_2} {y2} {x2} {y2}");
}

fn write_box(table: &TableBox, (x, y): (f64, f64), is_focus: bool, link: &str, out: &mut String) {
    let (width, height) = (table.width, table.height);
    let class = if is_focus { " class=\"f\"" } else { "" };
    let name = table.name.to_string();
    let comment = if table.comment.is_empty() {
        String::new()
    } else {
        format!(": {}", table.comment)
    };
    let _ = write!(
        out,
        "<a href=\"{}\"{class} aria-label=\"table {}\"><title>{}{}</title><g transform=\"translate({x} {y})\">\
         <rect class=\"b\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>\
         <path class=\"t\" d=\"M1 {HEAD}V5a4 4 0 0 1 4-4H{}a4 4 0 0 1 4 4V{HEAD}z\"/><text class=\"h\" x=\"10\" y=\"17\">{}</text>",
        escaped(link),
        escaped(&name),
        escaped(&name),
        escaped(&comment),
        width - 5.0,
        escaped(&cut(&name)),
    );
    for (index, row) in table.rows.iter().enumerate() {
        let baseline = HEAD + index as f64 * ROW + 15.0;
        let class = if row.class.is_empty() {
            String::new()
        } else {
            format!(" class=\"{}\"", row.class)
        };
        let _ = write!(
            out,
            "<text{class} x=\"10\" y=\"{baseline}\">{}</text>",
            escaped(&cut(&row.text))
        );
    }
    out.push_str("</g></a>");
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LETTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(LETTERS_MAX - 1).chain(['…']).collect()
}
