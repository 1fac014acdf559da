//! Reading the tables that rows are made up for.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use ponte_schema::lexer::{TokenKind, tokens};
use ponte_schema::seed::{Check, Column, Kind, Reference, Table, Unique, Writer};
use ponte_schema::{Ident, QualifiedName, Sql, TypeName};
use tokio_postgres::Row;

use crate::catalog::OURS;
use crate::error::{During, Result};
use crate::session::Session;

/// The tables, and for some of them what keeps rows from being made up.
pub(super) struct Survey {
    pub(super) tables: Vec<Table>,
    pub(super) obstacles: BTreeMap<usize, String>,
}

/// Reads the tables of the session's database.
pub(super) async fn read(session: &Session) -> Result<Survey> {
    let ours = Sql::text(OURS);
    let queries = [
        include_str!("sql/tables.sql"),
        include_str!("sql/columns.sql"),
        include_str!("sql/types.sql"),
        include_str!("sql/constraints.sql"),
        include_str!("sql/uniques.sql"),
        include_str!("sql/partitions.sql"),
    ]
    .map(|template| Sql::render(template, &[("ours", &ours)]));
    let answers = queries
        .iter()
        .map(|sql| session.client().query_typed(sql.as_str(), &[]));
    let answers = try_join_all(answers)
        .await
        .during(|| "read the tables".to_owned())?;
    let [tables, columns, types, constraints, uniques, partitions] = answers.as_slice() else {
        return Ok(Survey {
            tables: Vec::new(),
            obstacles: BTreeMap::new(),
        });
    };
    let mut reading = Reading::new(tables, types, constraints);
    columns.iter().for_each(|row| reading.column(row));
    uniques.iter().for_each(|row| reading.unique(row));
    constraints.iter().for_each(|row| reading.constraint(row));
    partitions.iter().for_each(|row| reading.partitions(row));
    Ok(reading.finish())
}

/// A type as the catalog describes it.
struct Type {
    name: String,
    base_printed: Option<String>,
    class: String,
    element: i64,
    base: i64,
    base_modifier: i32,
    not_null: bool,
    subtype: Option<i64>,
    several: bool,
    labels: Vec<String>,
    fields: Vec<(i64, i32)>,
}

/// Tables under construction.
struct Reading {
    tables: Vec<Table>,
    /// By the server's number of the table.
    places: BTreeMap<i64, usize>,
    /// For each table, the server's numbers of its columns.
    numbers: Vec<Vec<i16>>,
    types: BTreeMap<i64, Type>,
    domain_checks: BTreeMap<i64, Vec<(String, String)>>,
    obstacles: BTreeMap<usize, String>,
}

impl Reading {
    fn new(tables: &[Row], types: &[Row], constraints: &[Row]) -> Self {
        let table = |row: &Row| Table {
            name: QualifiedName::new(row.get::<_, String>(1), row.get::<_, String>(2)),
            columns: Vec::new(),
            uniques: Vec::new(),
            references: Vec::new(),
            checks: Vec::new(),
        };
        let mut domain_checks: BTreeMap<i64, Vec<(String, String)>> = BTreeMap::new();
        for row in constraints.iter().filter(|row| row.get::<_, i64>(1) != 0) {
            let check = (row.get(2), row.get::<_, Option<String>>(8).unwrap_or_default());
            domain_checks.entry(row.get(1)).or_default().push(check);
        }
        Self {
            tables: tables.iter().map(table).collect(),
            places: (0..)
                .zip(tables)
                .map(|(place, row)| (row.get(0), place))
                .collect(),
            numbers: vec![Vec::new(); tables.len()],
            types: types.iter().map(|row| (row.get(0), type_of(row))).collect(),
            domain_checks,
            obstacles: BTreeMap::new(),
        }
    }

    fn column(&mut self, row: &Row) {
        let Some(place) = self.places.get(&row.get::<_, i64>(0)).copied() else {
            return;
        };
        let name: String = row.get(2);
        let below = self.below_domains(row.get(3), row.get(4), row.get(8));
        let nullable = !row.get::<_, bool>(5) && !below.not_null;
        let (is_counted, has_default): (bool, bool) = (row.get(6), row.get(7));
        let kind = self.kind(below.oid, below.modifier);
        let writer = match kind {
            _ if is_counted => Writer::Server,
            Kind::Unknown if nullable || has_default => Writer::Server,
            Kind::Unknown => {
                self.obstacles.insert(place, format!("column {name}"));
                Writer::Server
            }
            _ => Writer::Plan,
        };
        let at = self.tables[place].columns.len();
        let checks = below.checks.into_iter().map(|(name, expression)| Check {
            name,
            expression,
            columns: vec![at],
            of_domain: true,
        });
        self.tables[place].checks.extend(checks);
        self.tables[place].columns.push(Column {
            name: Ident::new(name),
            kind,
            base_type: TypeName::new(below.printed),
            nullable,
            writer,
        });
        self.numbers[place].push(row.get(1));
    }

    fn below_domains(&self, oid: i64, modifier: i32, printed: String) -> Below {
        let mut below = Below {
            oid,
            modifier,
            printed,
            not_null: false,
            checks: Vec::new(),
        };
        while let Some(domain) = self.types.get(&below.oid).filter(|t| t.class == "d") {
            below.not_null |= domain.not_null;
            below
                .checks
                .extend(self.domain_checks.get(&below.oid).cloned().unwrap_or_default());
            below.modifier = domain.base_modifier;
            below.printed = domain.base_printed.clone().unwrap_or_default();
            below.oid = domain.base;
        }
        below
    }

    fn kind(&self, oid: i64, modifier: i32) -> Kind {
        let Some(described) = self.types.get(&oid) else {
            return Kind::Unknown;
        };
        let boxed = |oid| {
            let below = self.below_domains(oid, modifier, String::new());
            Box::new(self.kind(below.oid, below.modifier))
        };
        match described.class.as_str() {
            "e" => Kind::Enum(described.labels.clone()),
            "r" | "m" => Kind::Range {
                of: boxed(described.subtype.unwrap_or(0)),
                several: described.several,
            },
            "c" => {
                let field = |(oid, modifier): &(i64, i32)| self.kind(*oid, *modifier);
                Kind::Composite(described.fields.iter().map(field).collect())
            }
            "d" => *boxed(oid),
            _ if described.element != 0 => Kind::Array(boxed(described.element)),
            _ => Kind::of_base_type(&described.name, modifier),
        }
    }

    fn unique(&mut self, row: &Row) {
        let Some(place) = self.places.get(&row.get::<_, i64>(0)).copied() else {
            return;
        };
        let numbers: Vec<i16> = row.get(2);
        let columns = self.columns_of(place, &numbers);
        let counted = columns
            .iter()
            .any(|c| self.tables[place].columns[*c].writer == Writer::Server);
        self.tables[place].uniques.push(Unique {
            name: row.get(1),
            has_other_columns: counted || columns.len() < numbers.len(),
            columns,
            is_loose: row.get(3),
        });
    }

    fn constraint(&mut self, row: &Row) {
        let Some(place) = self.places.get(&row.get::<_, i64>(0)).copied() else {
            return;
        };
        let numbers: Vec<i16> = row.get(4);
        let columns = self.columns_of(place, &numbers);
        if columns.len() < numbers.len() {
            // A generated column is in it: the server computes that one, and judges the row.
            return;
        }
        if row.get::<_, bool>(3) {
            let Some(table) = self.places.get(&row.get::<_, i64>(5)).copied() else {
                return;
            };
            self.tables[place].references.push(Reference {
                name: row.get(2),
                columns,
                table,
                target_columns: row.get::<_, Vec<String>>(6).into_iter().map(Ident::new).collect(),
                deferrable: row.get(7),
            });
        } else {
            self.tables[place].checks.push(Check {
                name: row.get(2),
                expression: row.get::<_, Option<String>>(8).unwrap_or_default(),
                columns,
                of_domain: false,
            });
        }
    }

    fn partitions(&mut self, row: &Row) {
        let place = self.places.get(&row.get::<_, i64>(0)).copied();
        let (Some(place), Some(expression)) = (place, row.get::<_, Option<String>>(1)) else {
            return;
        };
        if expression == "false" {
            self.obstacles
                .insert(place, "its partitions (there is none)".to_owned());
            return;
        }
        let columns = mentioned(&self.tables[place], &expression);
        self.tables[place].checks.push(Check {
            name: "its partitions".to_owned(),
            expression,
            columns,
            of_domain: false,
        });
    }

    fn columns_of(&self, place: usize, numbers: &[i16]) -> Vec<usize> {
        let position = |number: &i16| self.numbers[place].iter().position(|known| known == number);
        numbers.iter().filter_map(position).collect()
    }

    fn finish(self) -> Survey {
        Survey {
            tables: self.tables,
            obstacles: self.obstacles,
        }
    }
}

/// What lies below all domains, and what they ask for.
struct Below {
    oid: i64,
    modifier: i32,
    printed: String,
    not_null: bool,
    checks: Vec<(String, String)>,
}

fn type_of(row: &Row) -> Type {
    Type {
        name: row.get(1),
        base_printed: row.get(2),
        class: row.get(3),
        element: row.get(4),
        base: row.get(5),
        base_modifier: row.get(6),
        not_null: row.get(7),
        subtype: row.get(8),
        several: row.get(9),
        labels: row.get(10),
        fields: row
            .get::<_, Vec<i64>>(11)
            .into_iter()
            .zip(row.get::<_, Vec<i32>>(12))
            .collect(),
    }
}

/// The columns whose names stand in an expression.
fn mentioned(table: &Table, expression: &str) -> Vec<usize> {
    let names: Vec<String> = tokens(expression)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
        .map(|token| token.text(expression).trim_matches('"').replace("\"\"", "\""))
        .collect();
    let stands = |(_, column): &(usize, &Column)| names.iter().any(|name| name == column.name.as_str());
    table
        .columns
        .iter()
        .enumerate()
        .filter(stands)
        .map(|(at, _)| at)
        .collect()
}
