//! What the values of a type are made of.

use super::words;

/// A type, as far as values of it have to be made up.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum Kind {
    Boolean,
    /// A whole number, with its bounds.
    Integer {
        min: i64,
        max: i64,
    },
    Float,
    /// Digits in all and after the point.
    Numeric {
        precision: u32,
        scale: u32,
    },
    Money,
    /// With the longest length, where there is one.
    Text {
        length_max: Option<u32>,
    },
    Bytea,
    Uuid,
    Date,
    Time {
        zoned: bool,
    },
    Timestamp {
        zoned: bool,
    },
    Interval,
    Json,
    Xml,
    Enum(Vec<String>),
    Array(Box<Kind>),
    /// Of what, and whether it holds several.
    Range {
        of: Box<Kind>,
        several: bool,
    },
    Composite(Vec<Kind>),
    Inet,
    Cidr,
    MacAddress {
        bytes: usize,
    },
    Bits {
        length: Option<u32>,
        varying: bool,
    },
    Point,
    Geometry(&'static str),
    TextSearchVector,
    TextSearchQuery,
    Hstore,
    /// Nothing is known about it.
    Unknown,
}

impl Kind {
    /// A kind by the name of a base type, with what its modifier says: `None` where nothing is known of it.
    pub fn of_base_type(name: &str, modifier: i32) -> Self {
        let length = u32::try_from(modifier - 4).ok();
        match name {
            "bool" => Self::Boolean,
            "int2" => Self::Integer {
                min: -0x8000,
                max: 0x7FFF,
            },
            "int4" => Self::Integer {
                min: i64::from(i32::MIN),
                max: i64::from(i32::MAX),
            },
            "int8" => Self::Integer {
                min: i64::MIN,
                max: i64::MAX,
            },
            "oid" => Self::Integer {
                min: 0,
                max: i64::from(u32::MAX),
            },
            "float4" | "float8" => Self::Float,
            "numeric" => numeric(modifier),
            "money" => Self::Money,
            "text" | "citext" => Self::Text { length_max: None },
            "varchar" | "bpchar" => Self::Text { length_max: length },
            "name" => Self::Text { length_max: Some(63) },
            "char" => Self::Text { length_max: Some(1) },
            "bytea" => Self::Bytea,
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "time" => Self::Time { zoned: false },
            "timetz" => Self::Time { zoned: true },
            "timestamp" => Self::Timestamp { zoned: false },
            "timestamptz" => Self::Timestamp { zoned: true },
            "interval" => Self::Interval,
            "json" | "jsonb" => Self::Json,
            "xml" => Self::Xml,
            "inet" => Self::Inet,
            "cidr" => Self::Cidr,
            "macaddr" => Self::MacAddress { bytes: 6 },
            "macaddr8" => Self::MacAddress { bytes: 8 },
            "bit" => Self::Bits {
                length: u32::try_from(modifier).ok(),
                varying: false,
            },
            "varbit" => Self::Bits {
                length: u32::try_from(modifier).ok(),
                varying: true,
            },
            "point" => Self::Point,
            "line" => Self::Geometry("{1,-1,0}"),
            "lseg" => Self::Geometry("[(0,0),(1,1)]"),
            "box" => Self::Geometry("(1,1),(0,0)"),
            "path" => Self::Geometry("[(0,0),(1,1),(2,0)]"),
            "polygon" => Self::Geometry("((0,0),(1,1),(2,0))"),
            "circle" => Self::Geometry("<(0,0),1>"),
            "tsvector" => Self::TextSearchVector,
            "tsquery" => Self::TextSearchQuery,
            "hstore" => Self::Hstore,
            _ => Self::Unknown,
        }
    }

    /// Whether there are so many values that each row can have one of its own.
    pub(super) fn is_wide(&self) -> bool {
        match self {
            Self::Boolean | Self::Enum(_) | Self::Unknown | Self::Geometry(_) | Self::TextSearchQuery => {
                false
            }
            Self::Text { length_max }
            | Self::Bits {
                length: length_max, ..
            } => length_max.is_none_or(|max| max > 3),
            Self::Array(of) | Self::Range { of, .. } => of.is_wide(),
            Self::Composite(fields) => fields.iter().any(Self::is_wide),
            _ => true,
        }
    }

    /// All values, where there are few.
    pub(super) fn all(&self) -> Option<Vec<String>> {
        match self {
            Self::Boolean => Some(vec!["true".to_owned(), "false".to_owned()]),
            Self::Enum(labels) => Some(labels.clone()),
            Self::Text {
                length_max: Some(width @ 1..=3),
            } => {
                let texts = (0..36_u64.pow(*width)).map(|number| words::base36(number, *width as usize));
                Some(texts.collect())
            }
            Self::Bits {
                length: Some(width @ 1..=3),
                ..
            } => {
                let width = *width as usize;
                Some(
                    (0..1_u32 << width)
                        .map(|number| format!("{number:0width$b}"))
                        .collect(),
                )
            }
            _ => None,
        }
    }
}

fn numeric(modifier: i32) -> Kind {
    let Ok(packed) = u32::try_from(modifier - 4) else {
        return Kind::Numeric {
            precision: 12,
            scale: 2,
        };
    };
    let precision = (packed >> 16) & 0xFFFF;
    // From PostgreSQL 15 on a scale may be negative, or greater than the precision: eleven bits with a sign.
    let scale = packed & 0x7FF;
    Kind::Numeric {
        precision,
        scale: if scale > 1000 { 0 } else { scale },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_say_how_long_a_value_may_be() {
        assert_eq!(
            Kind::of_base_type("varchar", 24),
            Kind::Text { length_max: Some(20) }
        );
        assert_eq!(Kind::of_base_type("varchar", -1), Kind::Text { length_max: None });
        assert_eq!(
            Kind::of_base_type("numeric", (10 << 16 | 2) + 4),
            Kind::Numeric {
                precision: 10,
                scale: 2
            }
        );
        assert_eq!(
            Kind::of_base_type("bit", 8),
            Kind::Bits {
                length: Some(8),
                varying: false
            }
        );
        assert_eq!(Kind::of_base_type("planet", -1), Kind::Unknown);
    }
}
