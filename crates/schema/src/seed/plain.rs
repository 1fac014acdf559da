//! An ordinary value of a kind, without regard to any constraint.

use super::dice::Dice;
use super::{Kind, scalar, words};

/// The year that moments lie in begins here: 2025-01-01, in seconds since 1970. There is no clock, so that rows are the same tomorrow.
const YEAR_START: f64 = 1_735_689_600.0;
const YEAR: f64 = 365.0 * 86_400.0;

/// A value; nothing where nothing is known about the kind.
pub(super) fn plain(kind: &Kind, column: &str, dice: &mut Dice) -> Option<String> {
    Some(match kind {
        Kind::Boolean => if dice.percent(50) { "true" } else { "false" }.to_owned(),
        Kind::Integer { min, max } => {
            let most = (*max).clamp(1, 1000);
            ((*min).max(1) + (dice.any() % most as u64) as i64)
                .min(*max)
                .to_string()
        }
        Kind::Float | Kind::Money => format!("{:.2}", dice.share() * 1000.0),
        Kind::Numeric { precision, scale } => {
            let whole = i32::try_from(precision.saturating_sub(*scale))
                .unwrap_or(3)
                .min(3);
            let most = 10_f64.powi(whole) - scalar::step(kind);
            scalar::print(kind, dice.share() * most.max(0.0))?
        }
        Kind::Text { length_max } => words::text(column, *length_max, None, dice),
        Kind::Bytea => format!("\\x{:016x}", dice.any()),
        Kind::Uuid => uuid(dice.any(), dice.any()),
        Kind::Date | Kind::Timestamp { .. } => scalar::print(kind, YEAR_START + dice.share() * YEAR)?,
        Kind::Time { .. } => scalar::print(kind, dice.share() * 86_400.0)?,
        Kind::Interval => format!("{} minutes", 1 + dice.below(10_000)),
        Kind::Json => format!("{{\"{}\": {}}}", words::letters(4, dice), dice.below(1000)),
        Kind::Xml => format!("<row>{}</row>", words::letters(8, dice)),
        Kind::Enum(labels) => dice.of(labels)?.clone(),
        Kind::Array(of) => {
            let count = 1 + dice.below(3);
            array((0..count).map(|_| plain(of, column, dice)))
        }
        Kind::Range { of, several } => range(of, *several, column, dice)?,
        Kind::Composite(fields) => composite(fields.iter().map(|field| plain(field, column, dice))),
        Kind::Inet => format!(
            "10.{}.{}.{}",
            dice.below(256),
            dice.below(256),
            1 + dice.below(254)
        ),
        Kind::Cidr => format!("10.{}.{}.0/24", dice.below(256), dice.below(256)),
        Kind::MacAddress { bytes } => mac(dice.any(), *bytes),
        Kind::Bits { length, varying } => {
            let width = if *varying {
                length.unwrap_or(8).min(8)
            } else {
                length.unwrap_or(1)
            };
            (0..width)
                .map(|_| if dice.percent(50) { '1' } else { '0' })
                .collect()
        }
        Kind::Point => format!("({},{})", dice.below(1000), dice.below(1000)),
        Kind::Geometry(constant) => (*constant).to_owned(),
        Kind::TextSearchVector => words::text("notes", None, None, dice),
        Kind::TextSearchQuery => words::letters(5, dice),
        Kind::Hstore => format!("{}=>{}", words::letters(4, dice), dice.below(1000)),
        Kind::Unknown => return None,
    })
}

fn range(of: &Kind, several: bool, column: &str, dice: &mut Dice) -> Option<String> {
    let lower = scalar::parse(of, &plain(of, column, dice)?)?;
    let upper = lower + scalar::step(of) * (1 + dice.below(48)) as f64;
    span(of, several, lower, upper)
}

/// From one point to another, as a range or as a set of one.
pub(super) fn span(of: &Kind, several: bool, lower: f64, upper: f64) -> Option<String> {
    let text = format!(
        "[\"{}\",\"{}\")",
        scalar::print(of, lower)?,
        scalar::print(of, upper)?
    );
    Some(if several { format!("{{{text}}}") } else { text })
}

/// An array in the server's notation.
pub(super) fn array(elements: impl Iterator<Item = Option<String>>) -> String {
    let quoted = |element: Option<String>| element.map_or("NULL".to_owned(), |text| quoted(&text));
    format!("{{{}}}", elements.map(quoted).collect::<Vec<_>>().join(","))
}

/// A row value in the server's notation.
pub(super) fn composite(fields: impl Iterator<Item = Option<String>>) -> String {
    let quoted = |field: Option<String>| field.map(|text| quoted(&text)).unwrap_or_default();
    format!("({})", fields.map(quoted).collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A random UUID (version 4) of these bits.
pub(super) fn uuid(high: u64, low: u64) -> String {
    let high = (high & !0xF000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// An address that nobody was given.
pub(super) fn mac(number: u64, bytes: usize) -> String {
    let octets = number.to_be_bytes();
    let mut text = vec!["02".to_owned()];
    text.extend(
        octets[9 - bytes.min(8)..]
            .iter()
            .map(|octet| format!("{octet:02x}")),
    );
    text.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        assert_eq!(
            array([Some("a\"b".to_owned()), None].into_iter()),
            "{\"a\\\"b\",NULL}"
        );
        assert_eq!(composite([Some("1".to_owned()), None].into_iter()), "(\"1\",)");
        assert_eq!(mac(0x0102_0304_0506, 6), "02:02:03:04:05:06");
        let int = Kind::Integer { min: -9, max: 99 };
        assert_eq!(span(&int, true, 3.0, 5.0).unwrap(), "{[\"3\",\"5\")}");
        assert!(uuid(u64::MAX, u64::MAX).starts_with("ffffffff-ffff-4fff-bfff"));
    }
}
