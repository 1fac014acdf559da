//! Columns whose changes are added up: two withdrawals from one balance, on two sides, both count.
//!
//! Capture notes for each update by how much such a column changed. What a key's notes add up to, of those that the other side has not seen, is the
//! difference between the row here and the row that both sides last agreed on. So where both sides changed a row, what arrived
//! plus the sum of what happened here is the value that counts both; nobody has to remember what the two had agreed on.
//!
//! That holds as long as every write is noted exactly once. Whatever decides a conflict as a whole therefore notes the difference
//! that it makes ([`Mask::settled`]). An amount that nobody can tell (from or to NULL, NaN, an infinity; older notes) is NULL and makes the sum
//! unknown; the column then is decided like any other.
//!
//! Where a change can reach a node by two ways it would count twice, and a node knows no more than its own links: such a table
//! belongs to one link of a node.

use ponte_schema::{Ident, Sql};

use crate::link::{ConflictRule, Side};
use crate::mapping::{Leaving, TableSpec};
use crate::mask::{Mask, own};
use crate::shape::{Problem, Shape};
use crate::table::{TableSide, member};
use crate::value::Value;

/// The types whose values can be added up without rounding.
const EXACT: [&str; 4] = ["smallint", "integer", "bigint", "numeric"];

/// A column that is added up, on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    column: Ident,
    /// In the catalog.
    number: i64,
    /// Its place among what is written here.
    written: usize,
    /// Its place among what is sent from here.
    sent: usize,
}

/// What keeps the columns of a table from being added up that are asked for, or gives them to the masks of both sides.
pub fn ask(
    spec: &TableSpec,
    conflict: ConflictRule,
    nodes: &[String; 2],
    shapes: &[Shape; 2],
    sides: &mut [TableSide; 2],
) -> Vec<Problem> {
    if spec.deltas.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let table = spec.name(Side::First);
    let mut problems = Vec::new();
    if conflict == ConflictRule::Manual {
        problems.push(Problem::new(
            format!("table {table} adds up columns, and its conflicts wait for a person"),
            "give the table another rule than conflict = \"manual\", or take delta out of it",
        ));
    }
    if spec.leaving == Leaving::Keep {
        problems.push(Problem::new(
            format!("table {table} adds up columns, and its rows may stop without leaving: their changes would be missed"),
            "take delta or leaving = \"keep\" out of the table",
        ));
    }
    let [first, second] = &spec.deltas;
    if first.len() != second.len() {
        problems.push(Problem::new(
            format!(
                "table {table} names other columns to add up for {} than for {}",
                nodes[0], nodes[1]
            ),
            "name the same columns in delta for both nodes, in the same order",
        ));
        return problems;
    }
    let mut found = [Vec::new(), Vec::new()];
    for names in first.iter().zip(second).map(|(one, other)| [one, other]) {
        match pair(names, shapes, sides) {
            Ok(pair) => {
                let [one, other] = pair;
                found[0].push(one);
                found[1].push(other);
            }
            Err((side, message, remedy)) => {
                let place = format!(
                    "column {} of {} on {}",
                    names[side.index()],
                    spec.name(side),
                    nodes[side.index()]
                );
                problems.push(Problem::new(format!("{place} {message}"), remedy));
            }
        }
    }
    for (side, deltas) in Side::BOTH.into_iter().zip(found) {
        let mask = Mask::of(&shapes[side.index()], &sides[side.index()]);
        sides[side.index()].mask = Some(mask.adding(deltas));
    }
    problems
}

type Unfit = (Side, &'static str, &'static str);

fn pair(names: [&String; 2], shapes: &[Shape; 2], sides: &[TableSide; 2]) -> Result<[Delta; 2], Unfit> {
    let one = delta(Side::First, names, shapes, sides)?;
    let other = delta(Side::Second, names, shapes, sides)?;
    // What one side sends has to land in the other one's column.
    if one.sent != other.written || other.sent != one.written {
        return Err((
            Side::First,
            "is not the other side's column of that place in delta",
            "pair the columns of delta as map does",
        ));
    }
    Ok([one, other])
}

fn delta(
    side: Side,
    names: [&String; 2],
    shapes: &[Shape; 2],
    sides: &[TableSide; 2],
) -> Result<Delta, Unfit> {
    let (name, here) = (names[side.index()], &sides[side.index()]);
    let Some(column) = shapes[side.index()].column(name) else {
        return Err((side, "does not exist", "correct delta in ponte.toml"));
    };
    if !EXACT.contains(&column.base_type.as_str()) {
        return Err((
            side,
            "is no exact number, and cannot be added up",
            "take it out of delta, or make it smallint, integer, bigint or numeric",
        ));
    }
    let ident = Ident::new(name);
    if here.version.as_ref().is_some_and(|v| v.name == *name) || here.key.contains(&ident) {
        return Err((side, "tells versions or rows apart", "take it out of delta"));
    }
    let written = here.columns.iter().position(|c| *c == ident);
    let sent = here
        .outgoing
        .columns
        .iter()
        .position(|v| *v == Value::Column(ident.clone()));
    match (written, sent) {
        (Some(written), Some(sent)) => Ok(Delta {
            column: ident,
            number: column.number,
            written,
            sent,
        }),
        _ => Err((
            side,
            "does not travel as it is in both directions",
            "take it out of delta, or out of local and of what map converts; both sides need the same type",
        )),
    }
}

impl Delta {
    /// What it is called where local changes are read.
    fn sum_name(position: usize) -> Ident {
        Ident::new(format!("d{}", position + 1))
    }

    /// The same for what no longer travels by itself.
    fn held_name(position: usize) -> Ident {
        Ident::new(format!("g{}", position + 1))
    }

    /// The values of both rows in a conflict.
    fn value_names(position: usize) -> [Ident; 2] {
        ["v", "w"].map(|prefix| Ident::new(format!("{prefix}{}", position + 1)))
    }

    /// By how much a write of the row `new` over the row `old` changed it.
    fn amount(&self, old: &'static str, new: &'static str) -> Sql {
        let amount = Sql::render(
            "({new}::numeric - {old}::numeric)",
            &[
                ("old", &member(old, &self.column)),
                ("new", &member(new, &self.column)),
            ],
        );
        Sql::render(
            "CASE WHEN {new} IS NOT DISTINCT FROM {old} THEN 0 WHEN {amount} - {amount} = 0 THEN {amount} END",
            &[
                ("old", &member(old, &self.column)),
                ("new", &member(new, &self.column)),
                ("amount", &amount),
            ],
        )
    }

    /// What the entries `l` for which `which` holds add up to; NULL where one of them does not say.
    fn sum(&self, which: &Sql, over: &Sql) -> Sql {
        Sql::render(
            "CASE WHEN coalesce(bool_and(l.delta[{number}] IS NOT NULL) FILTER (WHERE {which}) OVER {over}, true) \
             THEN coalesce(sum(l.delta[{number}]) FILTER (WHERE {which}) OVER {over}, 0) END",
            &[("number", &self.number), ("which", which), ("over", over)],
        )
    }
}

impl Mask {
    /// The same, with columns that are added up.
    #[must_use]
    pub fn adding(mut self, deltas: Vec<Delta>) -> Self {
        self.deltas = deltas;
        self
    }

    /// The columns that are added up, as a JSON array; `None` where none are.
    pub fn added_columns(&self) -> Option<String> {
        let names = self.deltas.iter().map(|d| d.column.as_str().to_owned());
        (!self.deltas.is_empty()).then(|| serde_json::Value::from(names.collect::<Vec<_>>()).to_string())
    }

    /// Whether columns are added up.
    pub fn adds(&self) -> bool {
        !self.deltas.is_empty()
    }

    /// `, delta` where a note has one.
    pub(crate) fn delta_column(&self) -> Sql {
        Sql::text(if self.adds() { ", delta" } else { "" })
    }

    /// `, ARRAY[…]` for that: the amounts by the columns' numbers.
    fn amounts(&self, amount: impl Fn(usize, &Delta) -> Sql) -> Sql {
        if !self.adds() {
            return Sql::default();
        }
        let last = self.deltas.iter().map(|d| d.number).max().unwrap_or(0);
        let each = (1..=last).map(|number| {
            let delta = self.deltas.iter().enumerate().find(|(_, d)| d.number == number);
            delta.map_or_else(|| Sql::text("NULL"), |(position, d)| amount(position, d))
        });
        Sql::render(", ARRAY[{each}]::numeric[]", &[("each", &Sql::join(", ", each))])
    }

    /// What a write of the row `new` over the row `old` adds.
    pub(crate) fn changed_amounts(&self, old: &'static str, new: &'static str) -> Sql {
        self.amounts(|_, delta| delta.amount(old, new))
    }

    /// What a merged row `c` adds: `both` and `from_there` are the names of the columns of `c` that say, of the n-th of this side's columns, whether both
    /// changes count, and which side's value stays where they do not.
    pub(crate) fn merged_amounts(&self, names: impl Fn(usize) -> Option<(Ident, Ident)>) -> Sql {
        self.amounts(|position, delta| {
            let Some((both, from_there)) = names(delta.written) else {
                return Sql::text("NULL");
            };
            Sql::render(
                "CASE WHEN {both} THEN {held} WHEN {from_there} IS FALSE THEN {here} ELSE {there} END",
                &[
                    ("both", &member("c", &both)),
                    ("from_there", &member("c", &from_there)),
                    ("held", &member("c", &Delta::held_name(position))),
                    ("here", &Self::settled_amount(position, false)),
                    ("there", &Self::settled_amount(position, true)),
                ],
            )
        })
    }

    /// What a decision about the whole row of a conflict `c` adds, so that the sum afterwards is what the row here differs from the one that
    /// arrived.
    pub(crate) fn settled(&self, incoming_wins: bool) -> Sql {
        self.amounts(|position, _| Self::settled_amount(position, incoming_wins))
    }

    fn settled_amount(position: usize, incoming_wins: bool) -> Sql {
        let [here, there] = Delta::value_names(position);
        let noted = Sql::render(
            "({sum} - {held})",
            &[
                ("sum", &member("c", &Delta::sum_name(position))),
                ("held", &member("c", &Delta::held_name(position))),
            ],
        );
        if incoming_wins {
            return Sql::render("-{noted}", &[("noted", &noted)]);
        }
        let differs = Sql::render(
            "({here}::numeric - {there}::numeric - {noted})",
            &[
                ("here", &member("c", &here)),
                ("there", &member("c", &there)),
                ("noted", &noted),
            ],
        );
        Sql::render(
            "CASE WHEN {differs} - {differs} = 0 THEN {differs} END",
            &[("differs", &differs)],
        )
    }

    /// What [`Self::settled`] needs of a conflict between the row `t`, the staged row `s` and the local change `l`.
    pub(crate) fn to_settle(&self, table: &TableSide) -> Sql {
        let staged = table.staged_columns();
        self.listed(|position, delta| {
            let [here, there] = Delta::value_names(position);
            let staged = &staged[delta.written];
            Sql::render(
                ", {sums}, {value} AS {here}, {arrived} AS {there}",
                &[
                    ("sums", &Self::sums("l", position)),
                    ("value", &member("t", &delta.column)),
                    ("arrived", &member("s", staged)),
                    ("here", &here),
                    ("there", &there),
                ],
            )
        })
    }

    fn sums(alias: &'static str, position: usize) -> Sql {
        let names = [Delta::sum_name(position), Delta::held_name(position)];
        Sql::join(", ", names.iter().map(|name| member(alias, name)))
    }

    fn listed(&self, each: impl Fn(usize, &Delta) -> Sql) -> Sql {
        Sql::join(
            "",
            self.deltas
                .iter()
                .enumerate()
                .map(|(position, delta)| each(position, delta)),
        )
    }

    /// What the pending entries `l` of a key add up to, besides its mask.
    pub(crate) fn pending_sums(&self, link: &str, over: &Sql) -> Sql {
        self.listed(|position, delta| {
            Sql::render(
                ", {sum} AS {name}",
                &[
                    ("sum", &delta.sum(&own(link), over)),
                    ("name", &Delta::sum_name(position)),
                ],
            )
        })
    }

    /// The same of a local change, and of those of its entries that no longer travel by themselves.
    pub(crate) fn noted_sums(&self, link: &str, held: bool) -> Sql {
        let over = Sql::text("own");
        self.listed(|position, delta| {
            let waiting = match held {
                true => delta.sum(&Sql::text("l.held"), &over),
                false => Sql::text("0::numeric"),
            };
            Sql::render(
                ", {sum} AS {name}, {waiting} AS {held_name}",
                &[
                    ("sum", &delta.sum(&own(link), &over)),
                    ("name", &Delta::sum_name(position)),
                    ("waiting", &waiting),
                    ("held_name", &Delta::held_name(position)),
                ],
            )
        })
    }

    /// The same of a row that is no entry.
    pub(crate) fn no_sums(&self) -> Sql {
        self.listed(|_, _| Sql::text(", NULL::numeric, 0::numeric"))
    }

    /// The bit of a sent column that is added up: whether the pending entries `p` change it at all, taken together.
    pub(crate) fn sum_bit(&self, sent: usize) -> Option<Sql> {
        let position = self.deltas.iter().position(|d| d.sent == sent)?;
        Some(Sql::render(
            "({sum} IS DISTINCT FROM 0)::int::bit(1)",
            &[("sum", &member("p", &Delta::sum_name(position)))],
        ))
    }

    /// The bits behind the columns' own: which sums are unknown. United with others they stay that.
    pub(crate) fn unknown_bits(&self) -> impl Iterator<Item = Sql> + '_ {
        (0..self.deltas.len()).map(|position| {
            Sql::render(
                "({sum} IS NULL)::int::bit(1)",
                &[("sum", &member("p", &Delta::sum_name(position)))],
            )
        })
    }

    /// How many those are.
    pub(crate) fn unknown_width(&self) -> usize {
        self.deltas.len()
    }

    /// The n-th of this side's columns, where it is added up: its place among those that are.
    pub(crate) fn delta_at(&self, written: usize) -> Option<usize> {
        self.deltas.iter().position(|d| d.written == written)
    }

    /// Whether the local change `l` changed it, taken together.
    pub(crate) fn added_here(position: usize) -> Sql {
        Sql::render(
            "({sum} IS DISTINCT FROM 0)",
            &[("sum", &member("l", &Delta::sum_name(position)))],
        )
    }

    /// Whether both sides changed it, by amounts that are known.
    pub(crate) fn added_by_both(&self, position: usize) -> Sql {
        let delta = &self.deltas[position];
        let place = |at: usize| i64::try_from(at + 1).unwrap_or(i64::MAX);
        Sql::render(
            "coalesce(substring(s.changed FROM {touched} FOR 1) = B'1' AND substring(s.changed FROM {unknown} FOR 1) = B'0' AND {sum} <> 0, false)",
            &[
                ("touched", &place(delta.written)),
                ("unknown", &place(self.written_width() + position)),
                ("sum", &member("l", &Delta::sum_name(position))),
            ],
        )
    }

    /// What counts both sides' changes: what arrived, and what happened here to the row of the conflict `c`.
    pub(crate) fn added(position: usize, staged: &Ident) -> Sql {
        Sql::render(
            "{arrived} + {sum}",
            &[
                ("arrived", &member("s", staged)),
                ("sum", &member("c", &Delta::sum_name(position))),
            ],
        )
    }

    /// Whether a local change `l` left something in the sums.
    pub(crate) fn any_sum(&self) -> Sql {
        let each = (0..self.deltas.len()).map(Self::added_here);
        Sql::join(" OR ", each)
    }
}

#[cfg(test)]
mod tests {
    use ponte_schema::QualifiedName;

    use super::*;
    use crate::fit::fit;
    use crate::shape::tests::perfis;

    fn problems(
        deltas: [&[&str]; 2],
        conflict: ConflictRule,
        adapt: impl FnOnce(&mut TableSpec),
    ) -> Vec<String> {
        let mut spec = TableSpec::same(QualifiedName::new("public", "perfis"));
        spec.deltas = deltas.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
        adapt(&mut spec);
        let shapes = [perfis(), perfis()];
        let nodes = ["a".to_owned(), "b".to_owned()];
        let mut sides = fit(&spec, &nodes, shapes.each_ref()).unwrap().sides;
        let found = ask(&spec, conflict, &nodes, &shapes, &mut sides);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_exact_numbers_that_travel_as_they_are_can_be_added_up() {
        let latest = ConflictRule::Latest;
        for (name, reason) in [
            ("nome", "is no exact number"),
            ("nada", "does not exist"),
            ("id", "tells versions or rows apart"),
        ] {
            let found = problems([&[name], &[name]], latest, |_| {});
            assert!(found[0].contains(reason), "{name}: {found:?}");
        }
    }

    #[test]
    fn rules_that_would_miss_amounts_are_refused() {
        let manual = problems([&["nome"], &["nome"]], ConflictRule::Manual, |_| {});
        assert!(manual[0].contains("wait for a person"), "{manual:?}");
        let kept = problems([&["nome"], &["nome"]], ConflictRule::Latest, |spec| {
            spec.leaving = Leaving::Keep;
        });
        assert!(kept[0].contains("stop without leaving"), "{kept:?}");
        let uneven = problems([&["nome"], &[]], ConflictRule::Latest, |_| {});
        assert!(uneven[0].contains("other columns"), "{uneven:?}");
    }
}
