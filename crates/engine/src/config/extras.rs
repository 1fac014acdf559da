//! `before`, `after`, `log_table`, `log`, `log_each`: what else happens where rows are written. A link's log holds for its tables, each of
//! which may name another table and give columns of its own.

use ponte_schema::{Command, Expression, Ident, QualifiedName};
use ponte_sync::NodeName;
use ponte_sync::extras::{Extras, LogEach, LogSpec};
use toml::de::{DeTable, DeValue};

use super::mapping::{Given, Mapping};
use super::reader::{Reader, Table, in_file_order};
use super::table_name::TableName;

/// Columns of a log, each with its expression.
type Columns = Vec<(Ident, Expression)>;

/// What is said about a log, before it is known for which tables it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct LogKeys {
    tables: [Option<QualifiedName>; 2],
    columns: [Columns; 2],
    each: Option<LogEach>,
}

/// What a link says; `None` where it has a fault.
pub(super) fn of_link(
    reader: &Reader<'_>,
    between: &[NodeName; 2],
    table: &Table<'_, '_>,
) -> Option<LogKeys> {
    let mapping = Mapping {
        reader,
        between,
        table,
    };
    mapping.log_keys()
}

/// What a table of the link says, on top of what the link says.
pub(super) fn read(mapping: &Mapping<'_, '_>, link: Option<&LogKeys>) -> Option<[Extras; 2]> {
    let before = mapping.per_node("before", |m, v| m.command("before", v));
    let after = mapping.per_node("after", |m, v| m.command("after", v));
    let own = mapping.log_keys();
    let logs = mapping.logs(link?, &own?)?;
    let [before, after] = [before?, after?];
    let mut both = [Extras::default(), Extras::default()];
    for (side, log) in logs.into_iter().enumerate() {
        both[side] = Extras {
            before: before[side].clone(),
            after: after[side].clone(),
            log,
        };
    }
    Some(both)
}

impl<'r, 'd> Mapping<'r, 'd> {
    fn command(&self, name: &str, value: Given<'r, 'd>) -> Option<Command> {
        match Command::parse(self.text(name, value)?) {
            Ok(command) => Some(command),
            Err(message) => {
                self.reader.fault(&value.span(), format!("{name}: {message}"));
                None
            }
        }
    }

    fn log_keys(&self) -> Option<LogKeys> {
        let tables = self.per_node("log_table", |m, v| m.parsed::<TableName>(v).map(|name| name.0));
        let columns = self.log_columns();
        let each = match self.table.value("log_each") {
            None => Some(None),
            Some(_) => self
                .table
                .parsed::<LogEach>("log_each")
                .map(|each| Some(each.value)),
        };
        Some(LogKeys {
            tables: tables?,
            columns: columns?,
            each: each?,
        })
    }

    /// `log`: columns for both nodes, or tables of columns by node.
    fn log_columns(&self) -> Option<[Columns; 2]> {
        let Some(value) = self.table.value("log") else {
            return Some([Vec::new(), Vec::new()]);
        };
        self.record("log", value);
        let DeValue::Table(entries) = value.get_ref() else {
            self.table
                .wrong_type("log", value, "a table of SQL expressions by column");
            return None;
        };
        let by_node =
            !entries.is_empty() && entries.values().all(|v| matches!(v.get_ref(), DeValue::Table(_)));
        if !by_node {
            let columns = self.expressions(entries)?;
            return Some([columns.clone(), columns]);
        }
        let mut columns = [Vec::new(), Vec::new()];
        for (node, value) in in_file_order(entries) {
            let Some(side) = self.between.iter().position(|n| n.as_str() == node.get_ref()) else {
                self.no_such_node(node, "log is given by node");
                return None;
            };
            if let DeValue::Table(entries) = value.get_ref() {
                columns[side] = self.expressions(entries)?;
            }
        }
        Some(columns)
    }

    fn expressions(&self, entries: &'r DeTable<'d>) -> Option<Columns> {
        let entries = in_file_order(entries).into_iter();
        entries
            .map(|(column, value)| {
                let text = self.text("log", value)?;
                Some((Ident::new(column.get_ref().as_ref()), Expression::new(text)))
            })
            .collect()
    }

    /// The log of each side. Whoever names a table has to say what goes into it, and the other way round.
    fn logs(&self, link: &LogKeys, own: &LogKeys) -> Option<[Option<LogSpec>; 2]> {
        let mut logs = [None, None];
        let mut named = false;
        for (side, log) in logs.iter_mut().enumerate() {
            let table = own.tables[side].clone().or_else(|| link.tables[side].clone());
            let Some(table) = table else { continue };
            named = true;
            let columns = merged(&link.columns[side], &own.columns[side]);
            if columns.is_empty() {
                let message = format!("log_table names {table}, and log does not say what its columns get");
                let help =
                    "add log = { entity_id = \"key\", status = \"status\" }, with the columns of that table";
                self.fault_at_log(message, help);
                return None;
            }
            *log = Some(LogSpec {
                table,
                columns,
                each: own.each.or(link.each).unwrap_or_default(),
            });
        }
        if !named && !own.columns.iter().all(Vec::is_empty) {
            self.fault_at_log(
                "log says what to write, but not into which table".into(),
                "add log_table = \"…\"",
            );
            return None;
        }
        Some(logs)
    }

    fn fault_at_log(&self, message: String, help: &str) {
        let given = self.table.value("log_table").or_else(|| self.table.value("log"));
        let span = given.map_or_else(|| self.table.header().clone(), toml::Spanned::span);
        self.reader.fault_with(&span, message, Some(help.to_owned()));
    }
}

/// The link's columns, of which the table may give some other expressions, and then the table's further ones.
fn merged(link: &Columns, own: &Columns) -> Columns {
    let kept = link
        .iter()
        .filter(|(column, _)| own.iter().all(|(other, _)| other != column));
    kept.chain(own).cloned().collect()
}
