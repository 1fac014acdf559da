//! Numbers, days and moments as points on one line, so that a value can be made above, below or between constants.

use super::Kind;

const DAY: f64 = 86_400.0;
/// The years 1 to 9999, which are written with four digits.
const FOUR_DIGIT_YEARS: std::ops::Range<f64> = -62_135_596_800.0..253_402_300_800.0;

/// Where a constant lies; for days and moments in seconds since 1970.
pub(super) fn parse(kind: &Kind, text: &str) -> Option<f64> {
    match kind {
        Kind::Integer { .. } | Kind::Numeric { .. } | Kind::Float | Kind::Money => text.trim().parse().ok(),
        Kind::Date | Kind::Timestamp { .. } => moment(text),
        Kind::Time { .. } => time_of_day(text),
        _ => None,
    }
}

/// The value that lies there, if the kind has one.
pub(super) fn print(kind: &Kind, point: f64) -> Option<String> {
    match kind {
        Kind::Date | Kind::Timestamp { .. } if !FOUR_DIGIT_YEARS.contains(&point) => None,
        Kind::Integer { min, max } => {
            let whole = point.round() as i64;
            (*min..=*max).contains(&whole).then(|| whole.to_string())
        }
        Kind::Numeric { precision, scale } => {
            let digits = *scale as usize;
            let whole = i32::try_from(precision.saturating_sub(*scale))
                .unwrap_or(i32::MAX)
                .min(30);
            let text = format!("{point:.digits$}");
            (point.abs() < 10_f64.powi(whole)).then_some(text)
        }
        Kind::Float => Some(format!("{point}")),
        Kind::Money => Some(format!("{point:.2}")),
        Kind::Date => Some(date((point / DAY).floor() as i64)),
        Kind::Timestamp { zoned } => {
            let seconds = point.floor() as i64;
            let zone = if *zoned { "+00" } else { "" };
            Some(format!(
                "{} {}{zone}",
                date(seconds.div_euclid(86_400)),
                clock(seconds.rem_euclid(86_400))
            ))
        }
        Kind::Time { zoned } => {
            let zone = if *zoned { "+00" } else { "" };
            Some(format!("{}{zone}", clock((point as i64).rem_euclid(86_400))))
        }
        _ => None,
    }
}

/// How far apart two neighbouring values lie.
pub(super) fn step(kind: &Kind) -> f64 {
    match kind {
        Kind::Date => DAY,
        Kind::Timestamp { .. } => 3600.0,
        Kind::Time { .. } => 60.0,
        Kind::Numeric { scale, .. } => 10_f64.powi(-i32::try_from(*scale).unwrap_or(0)),
        Kind::Money => 0.01,
        Kind::Float => 0.5,
        _ => 1.0,
    }
}

fn clock(seconds: i64) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn time_of_day(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(|part| {
        let digits: String = part
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        digits.parse::<f64>().ok()
    });
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().flatten().unwrap_or(0.0);
    Some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// `2024-02-29` or `2024-02-29 12:30:00+00`; the zone is not looked at, an hour more or less is for the server to judge.
fn moment(text: &str) -> Option<f64> {
    let (day, rest) = text.split_at_checked(10)?;
    let mut parts = day.split('-').map(str::parse::<i64>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let time = time_of_day(rest.trim_start()).unwrap_or(0.0);
    Some(days(year, month, day) as f64 * DAY + time)
}

/// Days since 1970 of a date (Howard Hinnant's formula).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a day since 1970.
pub(super) fn date(days: i64) -> String {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let day_of_year = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(kind: &Kind, text: &str) {
        let point = parse(kind, text).unwrap();
        assert_eq!(print(kind, point).unwrap(), text);
    }

    #[test]
    fn a_constant_is_found_again_where_it_lies() {
        there_and_back(&Kind::Date, "2024-02-29");
        there_and_back(&Kind::Date, "1969-12-31");
        there_and_back(&Kind::Timestamp { zoned: false }, "2023-12-31 23:59:59");
        there_and_back(&Kind::Integer { min: 0, max: 9 }, "7");
        there_and_back(&Kind::Time { zoned: false }, "08:30:00");
    }

    #[test]
    fn a_value_out_of_bounds_is_none() {
        assert_eq!(print(&Kind::Integer { min: 0, max: 9 }, 10.0), None);
        assert_eq!(
            print(
                &Kind::Numeric {
                    precision: 3,
                    scale: 1
                },
                100.0
            ),
            None
        );
        assert_eq!(parse(&Kind::Date, "today"), None);
    }
}
