//! Figures, what is asked of them, and how they are printed.

use std::fmt;

use serde::Serialize;

use crate::statistics::median;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    #[serde(rename = "rows/s")]
    RowsPerSecond,
    #[serde(rename = "transactions/s")]
    TransactionsPerSecond,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "µs")]
    Microseconds,
    #[serde(rename = "MiB")]
    Mebibytes,
    #[serde(rename = "rows")]
    Rows,
    #[serde(rename = "ratio")]
    Ratio,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::RowsPerSecond => format!("{} rows/s", thousands(value)),
            Self::TransactionsPerSecond => format!("{} TPS", thousands(value)),
            Self::Seconds => format!("{value:.2} s"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Microseconds => format!("{value:.1} µs"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Rows => thousands(value),
            Self::Ratio => format!("{value:.2}"),
        }
    }
}

/// A condition on a figure, or on its ratio to the raw limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    RatioAtLeast(f64),
    RatioAtMost(f64),
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, ours: f64, ratio: Option<f64>) -> bool {
        match self {
            Self::RatioAtLeast(bound) => ratio.is_some_and(|ratio| ratio >= bound),
            Self::RatioAtMost(bound) => ratio.is_some_and(|ratio| ratio <= bound),
            Self::AtLeast(bound) => ours >= bound,
            Self::AtMost(bound) => ours <= bound,
        }
    }

    fn show(self, unit: Unit) -> String {
        match self {
            Self::RatioAtLeast(bound) => format!("≥ {bound:.2}"),
            Self::RatioAtMost(bound) => format!("≤ {bound:.2}"),
            Self::AtLeast(bound) => format!("≥ {}", unit.show(bound)),
            Self::AtMost(bound) => format!("≤ {}", unit.show(bound)),
        }
    }
}

/// One repetition: ours and, measured right before or after it, the limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Sample {
    pub(crate) ours: f64,
    pub(crate) raw: Option<f64>,
}

/// A line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    name: String,
    unit: Unit,
    /// Medians over the samples.
    ours: f64,
    raw: Option<f64>,
    /// Median of the ratios of each repetition.
    ratio: Option<f64>,
    /// One of these has to hold.
    must: Vec<Bound>,
    aim: Option<Bound>,
    verdict: Verdict,
    samples: Vec<Sample>,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Better than what is aimed at.
    Aim,
    /// As good as it must be.
    Kept,
    Missed,
    /// Nothing is asked.
    Noted,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aim => "aim reached",
            Self::Kept => "kept",
            Self::Missed => "MISSED",
            Self::Noted => "",
        })
    }
}

impl Figure {
    pub(crate) fn new(
        name: impl Into<String>,
        unit: Unit,
        samples: Vec<Sample>,
        must: &[Bound],
        aim: Option<Bound>,
    ) -> Self {
        let over = |value: fn(&Sample) -> Option<f64>| median(samples.iter().filter_map(value).collect());
        let ours = over(|s| Some(s.ours)).unwrap_or(f64::NAN);
        let ratio = over(|s| s.raw.map(|raw| s.ours / raw));
        let holds = |bound: &Bound| bound.holds(ours, ratio);
        let verdict = if must.is_empty() {
            Verdict::Noted
        } else if !must.iter().any(holds) {
            Verdict::Missed
        } else if aim.as_ref().is_some_and(holds) {
            Verdict::Aim
        } else {
            Verdict::Kept
        };
        Self {
            name: name.into(),
            unit,
            ours,
            raw: over(|s| s.raw),
            ratio,
            must: must.to_vec(),
            aim,
            verdict,
            samples,
        }
    }

    /// The median.
    pub(crate) fn ours(&self) -> f64 {
        self.ours
    }

    pub(crate) fn missed(&self) -> bool {
        self.verdict == Verdict::Missed
    }

    /// One line, for those who watch.
    pub(crate) fn in_words(&self) -> String {
        let ratio = self
            .ratio
            .map_or_else(String::new, |r| format!(", {r:.2} of raw"));
        format!(
            "{}: {}{ratio} {}",
            self.name,
            self.unit.show(self.ours),
            self.verdict
        )
    }

    fn cells(&self) -> [String; 7] {
        let bounds = |bounds: &[Bound]| {
            let shown: Vec<String> = bounds.iter().map(|b| b.show(self.unit)).collect();
            shown.join(" or ")
        };
        [
            self.name.clone(),
            self.unit.show(self.ours),
            self.raw.map_or_else(String::new, |raw| self.unit.show(raw)),
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            bounds(&self.must),
            bounds(self.aim.as_slice()),
            self.verdict.to_string(),
        ]
    }
}

/// All figures as a table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table.set_header(["figure", "ours", "raw limit", "ratio", "must", "aim", "verdict"]);
    for figure in figures {
        table.add_row(figure.cells());
    }
    table.to_string()
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(samples: &[(f64, f64)], must: &[Bound], aim: Option<Bound>) -> Figure {
        let samples = samples.iter().map(|(ours, raw)| Sample {
            ours: *ours,
            raw: Some(*raw),
        });
        Figure::new("x", Unit::RowsPerSecond, samples.collect(), must, aim)
    }

    #[test]
    fn the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_the_medians() {
        let figure = figure(&[(10.0, 10.0), (20.0, 40.0), (90.0, 30.0)], &[], None);
        assert_eq!(figure.ratio, Some(1.0));
        assert_eq!(figure.verdict, Verdict::Noted);
    }

    #[test]
    fn one_of_several_conditions_is_enough() {
        let must = [Bound::RatioAtLeast(0.3), Bound::AtLeast(150_000.0)];
        assert!(!figure(&[(160_000.0, 900_000.0)], &must, None).missed());
        assert!(!figure(&[(30.0, 90.0)], &must, None).missed());
        assert!(figure(&[(140_000.0, 900_000.0)], &must, None).missed());
    }

    #[test]
    fn the_aim_counts_only_where_it_is_reached() {
        let verdict = |ours| figure(&[(ours, 1.0)], &[Bound::AtMost(25.0)], Some(Bound::AtMost(5.0))).verdict;
        assert_eq!(verdict(4.0), Verdict::Aim);
        assert_eq!(verdict(6.0), Verdict::Kept);
        assert_eq!(verdict(26.0), Verdict::Missed);
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(thousands(999.0), "999");
    }
}
