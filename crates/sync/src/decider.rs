//! A function of the user's that decides conflicts: it is given both rows with their versions, the first node's before the second's, and answers the row
//! that both sides are to have.
//!
//! Which node asks it is chance, so its answer must not depend on that: the two sides of the table are alike, column by column, and what the function
//! is at both nodes is compared by `ponte-pg`.

use ponte_schema::{Ident, Literal, QualifiedName, Sql};

use crate::link::{ConflictRule, Side};
use crate::mapping::{Leaving, TableSpec};
use crate::shape::{Problem, Shape};
use crate::table::{TableSide, member};

/// What one side has to know to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decider {
    /// The function.
    pub function: QualifiedName,
    /// All columns of the table in their order, each with its name in the stage; `None` for those that the server computes.
    row: Vec<(Ident, Option<Ident>)>,
    /// Whether this is the first side.
    first: bool,
}

/// What keeps a function from deciding the conflicts of a table, or gives it to both sides.
pub fn ask(
    spec: &TableSpec,
    conflict: ConflictRule,
    nodes: &[String; 2],
    shapes: &[Shape; 2],
    sides: &mut [TableSide; 2],
) -> Vec<Problem> {
    let Some(function) = spec
        .decider
        .as_ref()
        .filter(|_| conflict == ConflictRule::Function)
    else {
        return Vec::new();
    };
    let table = spec.name(Side::First);
    let mut problems = Vec::new();
    if let Some(why) = unlike(spec, shapes) {
        problems.push(Problem::new(
            format!(
                "function {function} cannot decide about table {table}: {why}, so that {} and {} would ask it about other rows",
                nodes[0], nodes[1]
            ),
            "give the table another rule for conflicts, or both sides the same columns",
        ));
    }
    if spec.leaving == Leaving::Keep {
        problems.push(Problem::new(
            format!(
                "function {function} cannot decide about table {table}, whose rows may stop without leaving"
            ),
            "give the table another rule for conflicts, or take leaving = \"keep\" out of it",
        ));
    }
    if spec.deltas.iter().any(|names| !names.is_empty()) {
        problems.push(Problem::new(
            format!("function {function} decides about whole rows of table {table}, and delta adds up columns of it"),
            "take delta out of the table, or give it another rule for conflicts",
        ));
    }
    for side in Side::BOTH {
        let i = side.index();
        sides[i].decider = Some(Decider {
            function: function.clone(),
            row: row(&shapes[i], &sides[i]),
            first: side == Side::First,
        });
    }
    problems
}

/// How the two sides differ, as far as a function would see it.
fn unlike(spec: &TableSpec, shapes: &[Shape; 2]) -> Option<&'static str> {
    if spec.names[0] != spec.names[1] {
        return Some("its name differs on the two sides");
    }
    let stay = spec.columns.is_some() || spec.local.iter().any(|local| !local.is_empty());
    if stay || !spec.maps.is_empty() {
        return Some("some of its columns stay where they are or are called or valued otherwise");
    }
    let columns = |shape: &Shape| {
        let mut columns: Vec<_> = shape
            .columns
            .iter()
            .map(|c| (c.name.clone(), c.type_name.clone(), c.generated))
            .collect();
        columns.sort();
        columns
    };
    (columns(&shapes[0]) != columns(&shapes[1])).then_some("its columns differ on the two sides")
}

fn row(shape: &Shape, side: &TableSide) -> Vec<(Ident, Option<Ident>)> {
    let (names, staged) = (side.all_columns(), side.all_staged());
    let columns = shape.columns.iter().map(|c| Ident::new(&c.name));
    columns
        .map(|column| {
            let place = names.iter().position(|name| *name == column);
            let staged = place.map(|place| staged[place].clone());
            (column, staged)
        })
        .collect()
}

impl Decider {
    /// The function with its arguments, as `to_regprocedure` reads it.
    pub fn signature(&self, table: &TableSide) -> Literal {
        let signature = Sql::render(
            "{function}({table},{table},timestamptz,timestamptz)",
            &[("function", &self.function), ("table", &table.name)],
        );
        Literal::new(signature.as_str())
    }

    /// The row `t` of the table, NULL where there is none.
    pub(crate) fn row_here(&self, table: &TableSide) -> Sql {
        let values = self.row.iter().map(|(column, staged)| match staged {
            Some(_) => member("t", column),
            None => Sql::text("NULL"),
        });
        composed(
            "CASE WHEN t.ctid IS NOT NULL THEN ROW({values})::{table} END",
            table,
            values,
        )
    }

    /// The staged row `s`, NULL where it is a delete.
    pub(crate) fn row_there(&self, table: &TableSide) -> Sql {
        let values = self.row.iter().map(|(_, staged)| match staged {
            Some(staged) => member("s", staged),
            None => Sql::text("NULL"),
        });
        composed(
            "CASE WHEN s.present THEN ROW({values})::{table} END",
            table,
            values,
        )
    }

    /// What it answers about the conflict `c`.
    pub(crate) fn answer(&self) -> Sql {
        let template = if self.first {
            "{function}(c.here_row, c.there_row, c.here_version_at, c.there_version_at)"
        } else {
            "{function}(c.there_row, c.here_row, c.there_version_at, c.here_version_at)"
        };
        Sql::render(template, &[("function", &self.function)])
    }
}

fn composed(template: &'static str, table: &TableSide, values: impl Iterator<Item = Sql>) -> Sql {
    Sql::render(
        template,
        &[("values", &Sql::join(", ", values)), ("table", &table.name)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::fit;
    use crate::mapping::ColumnMap;
    use crate::shape::tests::{column, perfis};

    fn problems(adapt: impl FnOnce(&mut TableSpec, &mut [Shape; 2])) -> Vec<String> {
        let mut spec = TableSpec::same(QualifiedName::new("public", "perfis"));
        spec.decider = Some(QualifiedName::new("app", "decide"));
        let mut shapes = [perfis(), perfis()];
        let nodes = ["a".to_owned(), "b".to_owned()];
        let mut sides = fit(&spec, &nodes, shapes.each_ref()).unwrap().sides;
        adapt(&mut spec, &mut shapes);
        let found = ask(&spec, ConflictRule::Function, &nodes, &shapes, &mut sides);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_function_decides_only_where_both_sides_would_ask_it_the_same() {
        assert_eq!(problems(|_, _| {}), [""; 0]);
        for (reason, found) in [
            (
                "stay where they are",
                problems(|spec, _| spec.local[0].push("nome".into())),
            ),
            (
                "called or valued otherwise",
                problems(|spec, _| spec.maps.push(ColumnMap::renamed("nome", "name"))),
            ),
            (
                "columns differ",
                problems(|_, shapes| shapes[1].columns.push(column("extra", "text"))),
            ),
            (
                "stop without leaving",
                problems(|spec, _| spec.leaving = Leaving::Keep),
            ),
            (
                "adds up columns",
                problems(|spec, _| spec.deltas = [vec!["n".into()], vec!["n".into()]]),
            ),
        ] {
            assert!(
                found.len() == 1 && found[0].contains(reason),
                "{reason}: {found:?}"
            );
        }
    }
}
