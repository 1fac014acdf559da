//! Lengths of time as people write them: `30s`, `5m`, `2h`, `1h30m`.

use std::time::Duration;

/// What is understood, for error messages.
pub const EXPECTED: &str = "a length of time such as \"30s\", \"5m\", \"2h\" or \"1h30m\"";

/// Reads numbers with their units, largest unit first or not. `None` where it is no length of time.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut milliseconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let unit: u64 = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        rest = rest[letters..].trim_start();
        milliseconds = milliseconds.checked_add(number.checked_mul(unit)?)?;
    }
    Some(Duration::from_millis(milliseconds))
}

/// Writes what [`parse`] reads, in the largest units that fit.
pub fn show(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (unit, length) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ] {
        if rest >= length {
            out.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: u64, shown: &str) {
        let duration = parse(text).unwrap();
        assert_eq!(duration, Duration::from_secs(seconds), "{text}");
        assert_eq!(show(duration), shown);
    }

    #[test]
    fn units_are_read_and_written() {
        check("30s", 30, "30s");
        check("5m", 300, "5m");
        check("90 s", 90, "1m30s");
        check("1h30m", 5_400, "1h30m");
        check("1d", 86_400, "1d");
        check("0s", 0, "0s");
    }

    #[test]
    fn numbers_without_units_and_other_words_are_refused() {
        for text in [
            "",
            "5",
            "m",
            "5 minutes",
            "-5m",
            "1.5h",
            "5m x",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
