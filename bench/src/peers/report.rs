//! One table of all, for people, as Markdown and as JSON.

use std::io::Write;

use serde::Serialize;

use super::contest::{Entrant, NOT_INSTALLED};
use super::scenario::Row;
use crate::statistics::median;
use crate::{Options, Result};

/// What `--json` writes.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    server: String,
    cores: usize,
    rows: i64,
    batch: i64,
    repetitions: usize,
    seconds: u64,
    entrants: Vec<Column>,
    #[serde(skip)]
    table: String,
}

#[derive(Debug, Serialize)]
struct Column {
    name: &'static str,
    version: String,
    /// Why it took no part, or no longer.
    out: Option<String>,
    figures: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    figure: Row,
    title: String,
    median: f64,
    samples: Vec<f64>,
}

impl Report {
    pub(super) fn of(entrants: &[Entrant], options: &Options) -> Result<Self> {
        let columns: Vec<Column> = entrants.iter().map(|entrant| column(entrant, options)).collect();
        Ok(Self {
            server: ponte_testkit::binaries().release().to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            rows: options.rows,
            batch: options.batch,
            repetitions: options.repetitions,
            seconds: options.seconds,
            table: table(&columns, options),
            entrants: columns,
        })
    }

    pub(super) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        Ok(out.write_all(self.markdown().as_bytes())?)
    }

    pub(super) fn write(&self, options: &Options) -> Result<()> {
        if let Some(path) = &options.json {
            std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?;
        }
        if let Some(path) = &options.markdown {
            std::fs::write(path, self.markdown())?;
        }
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "PostgreSQL {}, {} cores, {} rows at the start, medians of {}\n\n{}\n",
            self.server, self.cores, self.rows, self.repetitions, self.table
        );
        for column in &self.entrants {
            if let Some(why) = &column.out {
                text += &format!("\n{}: {why}\n", column.name);
            }
        }
        text
    }
}

fn column(entrant: &Entrant, options: &Options) -> Column {
    let figures = entrant.samples.iter().filter_map(|(row, samples)| {
        Some(Cell {
            figure: *row,
            title: row.title(options),
            median: median(samples.clone())?,
            samples: samples.clone(),
        })
    });
    Column {
        name: entrant.name.title(),
        version: entrant.version.clone(),
        out: entrant.out.clone(),
        figures: figures.collect(),
    }
}

fn table(columns: &[Column], options: &Options) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    let line = |first: &str, cell: &dyn Fn(&Column) -> String| -> Vec<String> {
        std::iter::once(first.to_owned())
            .chain(columns.iter().map(cell))
            .collect()
    };
    table.set_header(line("figure", &|column| column.name.to_owned()));
    table.add_row(line("version", &|column| {
        if column.is_missing() {
            "not installed".to_owned()
        } else {
            column.version.clone()
        }
    }));
    for row in Row::ALL {
        if columns.iter().any(|column| column.cell(row).is_some()) {
            table.add_row(line(&row.title(options), &|column| column.show(row)));
        }
    }
    table.to_string()
}

impl Column {
    fn is_missing(&self) -> bool {
        self.out.as_deref() == Some(NOT_INSTALLED)
    }

    fn cell(&self, row: Row) -> Option<&Cell> {
        self.figures.iter().find(|cell| cell.figure == row)
    }

    /// A figure; a dash where the question makes no sense, and why it is missing where one was asked for.
    fn show(&self, row: Row) -> String {
        match (self.cell(row), &self.out) {
            (Some(cell), _) => row.unit().show(cell.median),
            (None, None) => "–".to_owned(),
            (None, Some(_)) if self.is_missing() => String::new(),
            (None, Some(_)) => "out".to_owned(),
        }
    }
}
