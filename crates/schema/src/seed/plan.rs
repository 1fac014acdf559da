//! The rows of one table.

use std::collections::BTreeSet;

use super::dice::{Dice, number_of};
use super::distinct::distinct;
use super::group::{Group, groups};
use super::hints::Hints;
use super::plain::plain;
use super::strategy::{Strategy, strategies};
use super::{Check, Parents, Table, Values, Writer};

/// A nullable column is NULL so many times in a hundred.
const NULL_PERCENT: usize = 10;
/// How many combinations of values the server is asked about, at first and once more.
const CANDIDATES: [u64; 2] = [1_000, 20_000];

/// What is known before the first row is made.
#[derive(Debug, Default)]
pub struct Situation {
    /// The same seed gives the same rows.
    pub seed: u64,
    /// How many rows there are already.
    pub existing: u64,
    /// For each column, the greatest whole number in it.
    pub greatest: Vec<Option<i64>>,
    /// For each reference, the keys that it may point to; nothing where it has to wait.
    pub parents: Vec<Option<Parents>>,
}

/// A combination of values that the server is asked about.
#[derive(Debug)]
pub struct Candidate {
    /// A whole row, of which only the columns of the group are filled.
    pub values: Values,
    ways: Vec<usize>,
}

/// The rows of one table.
#[derive(Debug)]
pub struct TablePlan<'t> {
    table: &'t Table,
    situation: Situation,
    seed: u64,
    written: Vec<usize>,
    /// Columns that have a value of their own in each row.
    distinct: BTreeSet<usize>,
    groups: Vec<Group>,
    combination: Option<Combination>,
    is_certain: bool,
}

/// A key all of whose columns have few values: row by row through all combinations.
#[derive(Debug)]
struct Combination {
    name: String,
    digits: Vec<Digit>,
}

#[derive(Debug)]
enum Digit {
    Reference { reference: usize, count: usize },
    Values { column: usize, values: Vec<String> },
}

impl Digit {
    fn count(&self) -> usize {
        match self {
            Self::Reference { count, .. } => *count,
            Self::Values { values, .. } => values.len(),
        }
    }
}

impl<'t> TablePlan<'t> {
    /// Decides how the rows of a table are made.
    pub fn new(table: &'t Table, situation: Situation) -> Self {
        let written = |column: &usize| table.columns[*column].writer == Writer::Plan;
        let mut plan = Self {
            table,
            seed: situation.seed ^ number_of(&table.name.to_string()),
            situation,
            written: (0..table.columns.len()).filter(written).collect(),
            distinct: BTreeSet::new(),
            groups: Vec::new(),
            combination: None,
            is_certain: true,
        };
        let groups = groups(table);
        let checked: BTreeSet<usize> = groups.iter().flat_map(|(columns, _)| columns).copied().collect();
        for index in 0..table.uniques.len() {
            plan.keep_apart(index, &checked);
        }
        plan.groups = groups
            .into_iter()
            .map(|(columns, checks)| plan.group(columns, checks))
            .collect();
        plan.is_certain &= !plan.groups.iter().any(|group| group.is_judged_per_row);
        plan
    }

    /// Makes sure that the values of a key do not occur twice, as far as that is known beforehand.
    fn keep_apart(&mut self, index: usize, checked: &BTreeSet<usize>) {
        let unique = &self.table.uniques[index];
        if unique.is_loose {
            self.is_certain = false;
        }
        if unique.has_other_columns || unique.columns.iter().any(|column| self.distinct.contains(column)) {
            return;
        }
        let wide = |column: &&usize| {
            let kind = &self.table.columns[**column].kind;
            kind.is_wide() && !self.table.is_reference(**column)
        };
        let wide: Vec<usize> = unique.columns.iter().filter(wide).copied().collect();
        let free = wide.iter().find(|column| !checked.contains(column));
        if let Some(column) = free.or(wide.first()) {
            self.distinct.insert(*column);
        } else if self.combination.is_some()
            || unique.is_loose
            || unique.columns.iter().any(|c| checked.contains(c))
        {
            self.is_certain = false;
        } else {
            self.combination = self.combine(index);
            self.is_certain &= self.combination.is_some();
        }
    }

    fn combine(&self, index: usize) -> Option<Combination> {
        let unique = &self.table.uniques[index];
        let mut digits = Vec::new();
        let mut left: BTreeSet<usize> = unique.columns.iter().copied().collect();
        for (reference, (key, parents)) in self
            .table
            .references
            .iter()
            .zip(&self.situation.parents)
            .enumerate()
        {
            if key.columns.iter().all(|column| left.contains(column)) {
                let count = parents.as_ref()?.len();
                digits.push(Digit::Reference { reference, count });
                key.columns.iter().for_each(|column| {
                    left.remove(column);
                });
            }
        }
        for column in left {
            let values = self.table.columns[column].kind.all()?;
            digits.push(Digit::Values { column, values });
        }
        Some(Combination {
            name: unique.name.clone(),
            digits,
        })
    }

    fn group(&self, columns: Vec<usize>, checks: Vec<usize>) -> Group {
        let ways = columns.iter().map(|column| {
            let mut hints = Hints::default();
            let of_column = |check: &&usize| self.table.checks[**check].columns.contains(column);
            for check in checks.iter().filter(of_column) {
                hints.read(&self.table.checks[*check].expression);
            }
            strategies(
                &self.table.columns[*column],
                self.table.is_reference(*column),
                &hints,
            )
        });
        let special = |column: &usize| self.distinct.contains(column) || self.table.is_reference(*column);
        Group {
            ways: ways.collect(),
            is_judged_per_row: columns.iter().any(special),
            columns,
            checks,
            accepted: Vec::new(),
        }
    }

    /// The columns that rows have a value for, as positions in [`Table::columns`].
    pub fn columns(&self) -> &[usize] {
        &self.written
    }

    /// How many groups of columns the server has to judge.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The checks of a group.
    pub fn group_checks(&self, group: usize) -> Vec<&'t Check> {
        self.groups[group]
            .checks
            .iter()
            .map(|check| &self.table.checks[*check])
            .collect()
    }

    /// The checks that rows still have to be judged by.
    pub fn open_checks(&self) -> Vec<&'t Check> {
        let open = self.groups.iter().filter(|group| group.is_judged_per_row);
        open.flat_map(|group| &group.checks)
            .map(|check| &self.table.checks[*check])
            .collect()
    }

    /// Whether every row is one that the table accepts, as far as can be known; otherwise rows have to be judged, and there may be duplicates.
    pub fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// How many rows there can be, and which key says so, where a key has few values.
    pub fn limit(&self) -> Option<(u64, &str)> {
        let combination = self.combination.as_ref()?;
        let count = |digit: &Digit| digit.count() as u64;
        let all = combination.digits.iter().map(count).fold(1, u64::saturating_mul);
        Some((all.saturating_sub(self.situation.existing), &combination.name))
    }

    /// Combinations of values for a group, `round` 0 or 1.
    pub fn candidates(&self, group: usize, round: usize) -> Vec<Candidate> {
        let count = CANDIDATES.get(round).copied().unwrap_or(0);
        (0..count)
            .map(|number| self.candidate(group, round, number))
            .collect()
    }

    fn candidate(&self, index: usize, round: usize, number: u64) -> Candidate {
        let group = &self.groups[index];
        let mut dice = Dice::new(&[self.seed, 1, index as u64, round as u64, number]);
        let mut row = vec![None; self.table.columns.len()];
        let mut ways = Vec::new();
        for (column, choices) in group.columns.iter().zip(&group.ways) {
            let way = dice.below(choices.len());
            ways.push(way);
            row[*column] = match &choices[way] {
                Strategy::Parent => self.any_parent(*column, &mut dice),
                strategy => strategy.value(&self.table.columns[*column], None, &mut dice),
            };
        }
        Candidate {
            values: self.written.iter().map(|column| row[*column].take()).collect(),
            ways,
        }
    }

    fn any_parent(&self, column: usize, dice: &mut Dice) -> Option<String> {
        let (reference, parents) = self
            .table
            .references
            .iter()
            .zip(&self.situation.parents)
            .find(|(r, _)| r.columns.contains(&column))?;
        let position = reference.columns.iter().position(|c| *c == column)?;
        parents.as_ref()?.pick(&[], dice)?[position].clone()
    }

    /// Makes rows after the candidates that the server accepted. False where it accepted none that can be used.
    pub fn learn(&mut self, group: usize, accepted: Vec<Candidate>) -> bool {
        let table = self.table;
        let written = self.written.clone();
        let group = &mut self.groups[group];
        let fits = |candidate: &Candidate| {
            let mut columns = group.columns.iter().zip(&group.ways).zip(&candidate.ways);
            columns.all(|((column, choices), way)| {
                let value = written
                    .binary_search(column)
                    .ok()
                    .and_then(|at| candidate.values[at].as_ref());
                matches!(choices[*way], Strategy::Parent)
                    || value.is_some()
                    || table.columns[*column].nullable
            })
        };
        let mut kept: Vec<Candidate> = accepted.into_iter().filter(fits).collect();
        let wide = |candidate: &Candidate| {
            let mut columns = group.columns.iter().zip(&group.ways).zip(&candidate.ways);
            columns.all(|((column, choices), way)| !self.distinct.contains(column) || choices[*way].is_wide())
        };
        if kept.iter().any(wide) {
            kept.retain(wide);
        }
        let own = |candidate: Candidate| {
            let at = |column: &usize| written.binary_search(column).ok();
            let values = group
                .columns
                .iter()
                .map(|c| at(c).and_then(|at| candidate.values[at].clone()));
            let values = values.collect();
            (candidate.ways, values)
        };
        group.accepted = kept.into_iter().map(own).collect();
        !group.accepted.is_empty()
    }

    /// Row number `number`, counted from 0: a value for each of [`columns`](Self::columns). Nothing where there are no more.
    pub fn row(&self, number: u64) -> Option<Values> {
        let mut row = Row {
            values: vec![None; self.table.columns.len()],
            is_set: vec![false; self.table.columns.len()],
            needs: vec![false; self.table.columns.len()],
        };
        let dice = &mut Dice::new(&[self.seed, 2, number]);
        self.set_combination(number, &mut row)?;
        for group in &self.groups {
            self.set_group(group, number, &mut row, dice);
        }
        let mut references: Vec<usize> = (0..self.table.references.len()).collect();
        references.sort_by_key(|index| usize::MAX - self.table.references[*index].columns.len());
        for reference in references {
            self.set_reference(reference, &mut row, dice);
        }
        for column in self
            .written
            .iter()
            .filter(|column| !row.is_set[**column])
            .copied()
            .collect::<Vec<_>>()
        {
            row.set(column, self.ordinary(column, number, dice)?);
        }
        self.point_at_itself(&mut row);
        Some(
            self.written
                .iter()
                .map(|column| row.values[*column].take())
                .collect(),
        )
    }

    fn set_combination(&self, number: u64, row: &mut Row) -> Option<()> {
        let Some(combination) = &self.combination else {
            return Some(());
        };
        let mut rest = number + self.situation.existing;
        for digit in &combination.digits {
            let count = digit.count() as u64;
            let place = usize::try_from(rest.checked_rem(count)?).ok()?;
            rest /= count;
            match digit {
                Digit::Reference { reference, .. } => {
                    let key = self.situation.parents[*reference].as_ref()?.at(place)?;
                    for (column, value) in self.table.references[*reference].columns.iter().zip(key) {
                        row.set(*column, value.clone());
                    }
                }
                Digit::Values { column, values } => row.set(*column, values.get(place).cloned()),
            }
        }
        // Once more from the beginning, where rows may have been refused for another reason than this key.
        (rest == 0 || !self.is_certain).then_some(())
    }

    fn set_group(&self, group: &Group, number: u64, row: &mut Row, dice: &mut Dice) {
        let Some((ways, values)) = dice.of(&group.accepted) else {
            return;
        };
        for (index, column) in group.columns.iter().enumerate() {
            let strategy = &group.ways[index][ways[index]];
            let value = match strategy {
                Strategy::Parent => {
                    row.needs[*column] = true;
                    continue;
                }
                _ if !group.is_judged_per_row => values[index].clone(),
                strategy => {
                    let distinct = self
                        .distinct
                        .contains(column)
                        .then(|| self.own_number(*column, number));
                    strategy.value(&self.table.columns[*column], distinct, dice)
                }
            };
            row.set(*column, value);
        }
    }

    fn set_reference(&self, index: usize, row: &mut Row, dice: &mut Dice) {
        let reference = &self.table.references[index];
        if reference.columns.iter().all(|column| row.is_set[*column]) {
            return;
        }
        let needed = reference.columns.iter().any(|column| row.needs[*column]);
        let is_set =
            |(at, column): (usize, &usize)| row.is_set[*column].then(|| (at, row.values[*column].clone()));
        let fixed: Vec<_> = reference.columns.iter().enumerate().filter_map(is_set).collect();
        let without = fixed.iter().any(|(_, value)| value.is_none())
            || (!needed && reference.is_optional(self.table) && dice.percent(NULL_PERCENT));
        let parents = self.situation.parents[index].as_ref().filter(|_| !without);
        let key = parents.and_then(|parents| parents.pick(&fixed, dice));
        for (at, column) in reference.columns.iter().enumerate() {
            let value = key.and_then(|key| key[at].clone());
            // What cannot be NULL is left to other references that share the column.
            if !row.is_set[*column] && (value.is_some() || self.table.columns[*column].nullable) {
                row.set(*column, value);
            }
        }
    }

    /// The value of a column that nothing else decides; the outer `None` where there are no more.
    fn ordinary(&self, column: usize, number: u64, dice: &mut Dice) -> Option<Option<String>> {
        let described = &self.table.columns[column];
        if self.distinct.contains(&column) {
            let number = self.own_number(column, number);
            return distinct(&described.kind, described.name.as_str(), number, dice).map(Some);
        }
        // A reference that comes later and cannot be empty holds anything until then.
        let is_empty = self.table.is_reference(column) && described.nullable;
        if is_empty || (described.nullable && dice.percent(NULL_PERCENT)) {
            return Some(None);
        }
        Some(plain(&described.kind, described.name.as_str(), dice))
    }

    /// The number that belongs to a row in a column: beyond what is there already.
    fn own_number(&self, column: usize, number: u64) -> u64 {
        let greatest = self.situation.greatest.get(column).copied().flatten();
        let first = greatest.map_or(self.situation.existing + 1, |greatest| {
            u64::try_from(greatest).unwrap_or(0) + 1
        });
        first + number
    }

    /// A reference to the same table that cannot be empty.
    fn point_at_itself(&self, row: &mut Row) {
        for (reference, parents) in self.table.references.iter().zip(&self.situation.parents) {
            if parents.is_some() || reference.is_optional(self.table) {
                continue;
            }
            for (column, target) in reference.columns.iter().zip(&reference.target_columns) {
                let source = self.table.columns.iter().position(|c| c.name == *target);
                if let Some(source) = source.filter(|_| row.values[*column].is_none()) {
                    row.values[*column] = row.values[source].clone();
                }
            }
        }
    }
}

struct Row {
    values: Values,
    is_set: Vec<bool>,
    /// A reference has to fill the column.
    needs: Vec<bool>,
}

impl Row {
    fn set(&mut self, column: usize, value: Option<String>) {
        self.values[column] = value;
        self.is_set[column] = true;
    }
}
