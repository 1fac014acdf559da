//! What a probe row is given: `probe = { column = value }`.

use ponte_schema::Ident;
use toml::de::{DeInteger, DeValue};

use super::origin::Origin;
use super::reader::{Reader, Table, in_file_order};

/// Reads the values; none where the key is not there.
pub(super) fn read(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<Vec<(Ident, String)>> {
    if table.value("probe").is_none() {
        return Some(Vec::new());
    }
    let (values, _) = table.table("probe")?;
    let mut probe = Vec::new();
    let mut complete = true;
    for (column, value) in in_file_order(values) {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) => decimal(number),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(yes) => yes.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) | DeValue::Table(_) => {
                reader.fault_with(
                    &value.span(),
                    "a probe value is a text, a number, a boolean or a time",
                    Some("write arrays and JSON as the text that PostgreSQL reads: '{1,2}'".into()),
                );
                complete = false;
                continue;
            }
        };
        let place = reader.document.place(value.span().start);
        table.record(&format!("probe.{}", column.get_ref()), &text, Origin::File(place));
        probe.push((Ident::new(column.get_ref().as_ref()), text));
    }
    complete.then_some(probe)
}

/// A number in the notation that every PostgreSQL reads, whatever the file's.
pub(super) fn decimal(number: &DeInteger<'_>) -> String {
    i64::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| number.as_str().to_owned(), |value| value.to_string())
}
