//! A value that belongs to a number: two numbers, two values, as long as the kind has that many.

use super::dice::Dice;
use super::plain::{array, composite, mac, plain, span, uuid};
use super::{Kind, scalar, words};

/// 2025-01-01, in seconds since 1970.
const START: f64 = 1_735_689_600.0;

/// The value of a number; nothing where the kind has no more.
pub(super) fn distinct(kind: &Kind, column: &str, number: u64, dice: &mut Dice) -> Option<String> {
    let point = number as f64;
    match kind {
        Kind::Integer { .. } => scalar::print(kind, point),
        Kind::Numeric { .. } | Kind::Float | Kind::Money => scalar::print(kind, point * scalar::step(kind)),
        Kind::Text { length_max } => {
            let room = length_max.is_none_or(|max| max >= 13 || number < 36_u64.pow(max));
            room.then(|| words::text(column, *length_max, Some(number), dice))
        }
        Kind::Bytea => Some(format!("\\x{number:016x}")),
        // Which one is random, so that indexes see what they would see; that two are equal is not to be feared.
        Kind::Uuid => Some(uuid(dice.any(), dice.any())),
        Kind::Date => (number < 2_000_000).then(|| scalar::print(kind, START + point * 86_400.0))?,
        Kind::Timestamp { .. } => scalar::print(kind, START + point * 61.0),
        Kind::Time { .. } => (number < 86_400).then(|| scalar::print(kind, point))?,
        Kind::Interval => Some(format!("{number} seconds")),
        Kind::Json => Some(format!("{{\"number\": {number}}}")),
        Kind::Xml => Some(format!("<row>{number}</row>")),
        Kind::Array(of) => Some(array(std::iter::once(distinct(of, column, number, dice)))),
        // They do not even touch, so that they exclude each other.
        Kind::Range { of, several } => {
            let (start, step) = match **of {
                Kind::Date | Kind::Timestamp { .. } => (START, scalar::step(of)),
                _ => (0.0, 1.0),
            };
            span(
                of,
                *several,
                start + 2.0 * point * step,
                start + (2.0 * point + 1.0) * step,
            )
        }
        Kind::Composite(fields) => {
            let wide = fields.iter().position(Kind::is_wide);
            let field = |(index, field): (usize, &Kind)| {
                if Some(index) == wide {
                    distinct(field, column, number, dice)
                } else {
                    plain(field, column, dice)
                }
            };
            Some(composite(
                fields
                    .iter()
                    .enumerate()
                    .map(field)
                    .collect::<Vec<_>>()
                    .into_iter(),
            ))
        }
        Kind::Inet => {
            let byte = |shift: u32| number >> shift & 0xFF;
            (number < 1 << 24).then(|| format!("10.{}.{}.{}", byte(16), byte(8), byte(0)))
        }
        Kind::Cidr => (number < 1 << 16).then(|| format!("10.{}.{}.0/24", number >> 8, number & 0xFF)),
        Kind::MacAddress { bytes } => Some(mac(number, *bytes)),
        Kind::Bits { length, .. } => {
            let width = usize::try_from(length.unwrap_or(64)).unwrap_or(64);
            let bits = format!("{number:0width$b}");
            (bits.len() == width).then_some(bits)
        }
        Kind::Point => Some(format!("({number},{number})")),
        Kind::TextSearchVector => Some(format!("word{number}")),
        Kind::Hstore => Some(format!("number=>{number}")),
        Kind::Boolean | Kind::Enum(_) => kind.all()?.into_iter().nth(usize::try_from(number).ok()?),
        Kind::Geometry(_) | Kind::TextSearchQuery | Kind::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_never_have_one_value() {
        let kinds = [
            Kind::Integer { min: 0, max: 1 << 40 },
            Kind::Numeric {
                precision: 8,
                scale: 2,
            },
            Kind::Text { length_max: Some(5) },
            Kind::Uuid,
            Kind::Date,
            Kind::Timestamp { zoned: true },
            Kind::Json,
            Kind::Inet,
            Kind::MacAddress { bytes: 6 },
            Kind::Bits {
                length: Some(20),
                varying: false,
            },
            Kind::Range {
                of: Box::new(Kind::Integer { min: 0, max: 1 << 40 }),
                several: false,
            },
            Kind::Array(Box::new(Kind::Text { length_max: None })),
            Kind::Composite(vec![Kind::Boolean, Kind::Date]),
        ];
        for kind in kinds {
            let mut seen = std::collections::BTreeSet::new();
            for number in 0..3000 {
                let value = distinct(&kind, "c", number, &mut Dice::new(&[9, number])).unwrap();
                assert!(seen.insert(value), "{kind:?} at {number}");
            }
        }
    }

    #[test]
    fn a_kind_that_has_no_more_values_says_so() {
        let dice = &mut Dice::new(&[1]);
        let short = Kind::Text { length_max: Some(1) };
        assert!(distinct(&short, "c", 35, dice).is_some());
        assert_eq!(distinct(&short, "c", 36, dice), None);
        assert_eq!(distinct(&Kind::Boolean, "c", 2, dice), None);
    }
}
