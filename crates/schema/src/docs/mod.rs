//! Documentation of a schema: pages and diagrams as texts, by the name of the file that they belong into.
//!
//! What is told comes from a [`Model`] and from a [`Description`], which has what people want to read and a comparison of schemas does not need:
//! the order of columns, where references lead, who may do what. The same schema gives the same bytes, so that the output can be kept under version
//! control. Pages need nothing from elsewhere: no script, no font, no network.

pub mod changes;
mod description;
mod diagram;
mod html;
mod markdown;
mod mermaid;
mod schema;

use std::collections::BTreeMap;

use crate::model::Model;

pub use description::{Access, Column, Description, Reference, Size};
pub use schema::Schema;

/// In what form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Pages for a browser.
    Html,
    /// Pages for a repository.
    Markdown,
    /// One diagram as text.
    Mermaid,
}

/// The files, by their names below the output directory.
pub fn render(
    title: &str,
    model: &Model,
    description: &Description,
    format: Format,
) -> BTreeMap<String, String> {
    let schema = Schema::new(title, model, description);
    match format {
        Format::Html => html::pages(&schema),
        Format::Markdown => markdown::pages(&schema),
        Format::Mermaid => mermaid::files(&schema),
    }
}
