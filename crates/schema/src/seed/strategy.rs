//! Ways to make a value that a CHECK might accept.

use super::dice::Dice;
use super::distinct::distinct;
use super::hints::Hints;
use super::pattern::{Regex, like};
use super::plain::{array, plain};
use super::words::{base36, letters};
use super::{Column, Kind, scalar};

/// One way.
#[derive(Debug, Clone)]
pub(super) enum Strategy {
    /// No value.
    Null,
    /// The key of a row elsewhere.
    Parent,
    /// Anything of the kind.
    Plain,
    /// This.
    Constant(String),
    /// A text that matches.
    Regex(Regex),
    /// A text that is LIKE it.
    Like(String),
    /// A text of that many letters, or digits.
    Length { count: usize, digits: bool },
    /// A number, day or moment from one point to another.
    Between(f64, f64),
    /// An array of so many of these; of anything where there are none.
    Elements { of: Vec<String>, count: usize },
}

/// How far beyond a constant values go.
const REACH: f64 = 100.0;
/// So many constants of an expression are tried, of one that lists hundreds of partitions too.
const CONSTANTS_MAX: usize = 400;

/// All ways for a column.
pub(super) fn strategies(column: &Column, is_reference: bool, hints: &Hints) -> Vec<Strategy> {
    let mut ways = Vec::new();
    if column.nullable {
        ways.push(Strategy::Null);
    }
    if is_reference {
        ways.push(Strategy::Parent);
        return ways;
    }
    ways.push(Strategy::Plain);
    match &column.kind {
        Kind::Text { length_max } => of_text(*length_max, hints, &mut ways),
        Kind::Array(_) => of_array(hints, &mut ways),
        Kind::Bytea => ways.extend(
            counts(hints)
                .into_iter()
                .map(|count| Strategy::Length { count, digits: false }),
        ),
        Kind::Json => of_json(hints, &mut ways),
        kind => of_line(kind, hints, &mut ways),
    }
    ways
}

fn of_text(length_max: Option<u32>, hints: &Hints, ways: &mut Vec<Strategy>) {
    ways.extend(hints.regexes.iter().cloned().map(Strategy::Regex));
    ways.extend(hints.likes.iter().cloned().map(Strategy::Like));
    for constant in hints.constants.iter().take(CONSTANTS_MAX) {
        ways.push(Strategy::Constant(constant.clone()));
        let upper = constant.to_uppercase();
        if upper != *constant {
            ways.push(Strategy::Constant(upper));
        }
    }
    let most = length_max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    for count in counts(hints).into_iter().filter(|count| *count <= most) {
        ways.push(Strategy::Length { count, digits: false });
        ways.push(Strategy::Length { count, digits: true });
    }
}

/// Lengths on either side of those that are mentioned, and these.
fn counts(hints: &Hints) -> Vec<usize> {
    let mut counts: Vec<usize> = hints
        .lengths
        .iter()
        .flat_map(|n| [n.saturating_sub(1), *n, n + 1])
        .collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn of_array(hints: &Hints, ways: &mut Vec<Strategy>) {
    let mut counts = counts(hints);
    counts.extend([0, 1, 2]);
    counts.sort_unstable();
    counts.dedup();
    let of: Vec<String> = hints
        .constants
        .iter()
        .filter(|c| !c.starts_with('{'))
        .cloned()
        .collect();
    for count in counts.into_iter().filter(|count| *count <= 100) {
        ways.push(Strategy::Elements {
            of: Vec::new(),
            count,
        });
        if !of.is_empty() {
            ways.push(Strategy::Elements {
                of: of.clone(),
                count,
            });
        }
    }
}

fn of_json(hints: &Hints, ways: &mut Vec<Strategy>) {
    ways.extend(
        ["{}", "[]", "[1, 2]", "\"text\"", "1", "true"].map(|text| Strategy::Constant(text.to_owned())),
    );
    let words = || {
        hints
            .constants
            .iter()
            .filter(|text| text.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    let object = |value: &str| {
        let fields: Vec<String> = words().map(|key| format!("\"{key}\": {value}")).collect();
        Strategy::Constant(format!("{{{}}}", fields.join(", ")))
    };
    ways.extend(["\"text\"", "1", "true", "{}", "[]"].map(object));
}

/// Between neighbouring constants, beyond the outermost, and each itself.
fn of_line(kind: &Kind, hints: &Hints, ways: &mut Vec<Strategy>) {
    let mut points: Vec<f64> = hints
        .constants
        .iter()
        .filter_map(|text| scalar::parse(kind, text))
        .collect();
    points.sort_unstable_by(f64::total_cmp);
    points.dedup();
    points.truncate(CONSTANTS_MAX);
    let step = scalar::step(kind);
    for pair in points.windows(2) {
        ways.push(Strategy::Between(pair[0], pair[1]));
    }
    for point in &points {
        ways.push(Strategy::Between(*point, *point));
    }
    if let (Some(first), Some(last)) = (points.first(), points.last()) {
        let is_time = matches!(kind, Kind::Date | Kind::Timestamp { .. } | Kind::Time { .. });
        let reach = if is_time {
            REACH * step
        } else {
            (REACH * step).max(last.abs())
        };
        ways.push(Strategy::Between(*first - reach, *first - step));
        ways.push(Strategy::Between(*last + step, *last + reach));
    }
}

impl Strategy {
    /// Whether it has a value for each row of many.
    pub(super) fn is_wide(&self) -> bool {
        match self {
            Self::Null | Self::Constant(_) => false,
            Self::Between(from, to) => from < to,
            Self::Length { count, .. } => *count > 3,
            _ => true,
        }
    }

    /// A value; with a number, one that hardly any other number gives.
    pub(super) fn value(&self, column: &Column, number: Option<u64>, dice: &mut Dice) -> Option<String> {
        let name = column.name.as_str();
        match self {
            Self::Null | Self::Parent => None,
            Self::Plain => match number {
                Some(number) => distinct(&column.kind, name, number, dice),
                None => plain(&column.kind, name, dice),
            },
            Self::Constant(text) => Some(text.clone()),
            Self::Regex(regex) => regex.text(dice),
            Self::Like(pattern) => Some(like(pattern, dice)),
            Self::Length { count, .. } if matches!(column.kind, Kind::Bytea) => {
                Some(bytes(*count, number, dice))
            }
            Self::Length { count, digits } => Some(of_length(*count, *digits, number, dice)),
            Self::Between(from, to) => {
                let step = scalar::step(&column.kind);
                let places = ((to - from) / step).floor() + 1.0;
                let place = match number {
                    Some(number) => number as f64 % places,
                    None => (dice.share() * places).floor(),
                };
                scalar::print(&column.kind, from + place * step)
            }
            Self::Elements { of, count } => {
                let Kind::Array(kind) = &column.kind else {
                    return None;
                };
                let element = |_| match dice.of(of) {
                    Some(text) => Some(text.clone()),
                    None => plain(kind, name, dice),
                };
                Some(array((0..*count).map(element).collect::<Vec<_>>().into_iter()))
            }
        }
    }
}

/// So many bytes, of which the last are the number.
fn bytes(count: usize, number: Option<u64>, dice: &mut Dice) -> String {
    let mut bytes: Vec<u8> = (0..count)
        .map(|_| u8::try_from(dice.below(256)).unwrap_or(0))
        .collect();
    let number = number.map(u64::to_be_bytes);
    for (byte, value) in bytes.iter_mut().rev().zip(number.iter().flatten().rev()) {
        *byte = *value;
    }
    let hex = |byte: &u8| format!("{byte:02x}");
    format!("\\x{}", bytes.iter().map(hex).collect::<String>())
}

fn of_length(count: usize, digits: bool, number: Option<u64>, dice: &mut Dice) -> String {
    match (number, digits) {
        (Some(number), true) => format!("{number:0count$}"),
        (Some(number), false) => {
            let tail = base36(number, count.min(8));
            letters(count - tail.len(), dice) + &tail
        }
        (None, true) => (0..count)
            .map(|_| char::from(b'0' + u8::try_from(dice.below(10)).unwrap_or(0)))
            .collect(),
        (None, false) => letters(count, dice),
    }
}
