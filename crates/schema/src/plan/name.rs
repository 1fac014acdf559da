//! Names in statements that people read: quoted only where PostgreSQL asks for it.

use crate::model::{Facts, Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Printed, Sql};

/// Words that are no names unless they are quoted, in any of the supported versions.
const KEYWORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// A name as a person would write it.
pub(super) fn plain(name: &Ident) -> Sql {
    let word = name.as_str();
    let simple = word.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && KEYWORDS.binary_search(&word).is_err();
    if simple {
        Sql::of(&Printed::new(word))
    } else {
        Sql::of(name)
    }
}

/// The longest name that the server keeps, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// A name beside another one, while both are there.
pub(super) fn marked(name: &Ident, mark: &str) -> Ident {
    let mut kept = name.as_str();
    while kept.len() + mark.len() > NAME_BYTES_MAX {
        let last = kept.char_indices().next_back();
        kept = last.map_or("", |(at, _)| &kept[..at]);
    }
    Ident::new([kept, mark].concat())
}

/// The parts joined by dots.
fn dotted<'a>(parts: impl IntoIterator<Item = &'a Ident>) -> Sql {
    Sql::join(".", parts.into_iter().map(plain))
}

/// The object's name in its schema.
pub(super) fn qualified(id: &ObjectId) -> Sql {
    dotted(id.schema.iter().chain([&id.name]))
}

/// The table, view or domain that the object is a part of.
pub(super) fn whole(id: &ObjectId) -> Sql {
    dotted(id.schema.iter().chain(&id.of))
}

/// What the object is addressed by in COMMENT ON, DROP and ALTER … OWNER.
pub(super) fn address(id: &ObjectId) -> Sql {
    let signature = Printed::new(id.signature.as_deref().unwrap_or_default());
    let own = plain(&id.name);
    match id.kind {
        Kind::Function | Kind::Aggregate => {
            let signature = match id.signature.as_deref() {
                None | Some("") if id.kind == Kind::Aggregate => Printed::new("*"),
                _ => signature,
            };
            Sql::render(
                "{name}({signature})",
                &[("name", &qualified(id)), ("signature", &signature)],
            )
        }
        Kind::Operator => {
            let schema = dotted(&id.schema);
            let own = Printed::new(id.name.as_str());
            let values: [(&str, &dyn Fragment); 3] =
                [("schema", &schema), ("name", &own), ("signature", &signature)];
            Sql::render("{schema}.{name} ({signature})", &values)
        }
        Kind::OperatorFamily | Kind::OperatorClass => Sql::render(
            "{name} USING {method}",
            &[("name", &qualified(id)), ("method", &signature)],
        ),
        Kind::Cast => Sql::render("({name})", &[("name", &Printed::new(id.name.as_str()))]),
        Kind::Column => dotted(id.schema.iter().chain(&id.of).chain([&id.name])),
        Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
            Sql::render("{name} ON {whole}", &[("name", &own), ("whole", &whole(id))])
        }
        _ => qualified(id),
    }
}

/// What the kind is called in statements.
pub(super) fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Schema => "SCHEMA",
        Kind::Extension => "EXTENSION",
        Kind::Language => "LANGUAGE",
        Kind::Collation => "COLLATION",
        Kind::Enum | Kind::CompositeType | Kind::RangeType => "TYPE",
        Kind::Domain => "DOMAIN",
        Kind::Sequence => "SEQUENCE",
        Kind::Function => "ROUTINE",
        Kind::Aggregate => "AGGREGATE",
        Kind::Operator => "OPERATOR",
        Kind::OperatorFamily => "OPERATOR FAMILY",
        Kind::OperatorClass => "OPERATOR CLASS",
        Kind::Cast => "CAST",
        Kind::TextSearchDictionary => "TEXT SEARCH DICTIONARY",
        Kind::TextSearchConfiguration => "TEXT SEARCH CONFIGURATION",
        Kind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        Kind::ForeignServer => "SERVER",
        Kind::UserMapping => "USER MAPPING",
        Kind::Table => "TABLE",
        Kind::Column => "COLUMN",
        Kind::Constraint => "CONSTRAINT",
        Kind::View => "VIEW",
        Kind::MaterializedView => "MATERIALIZED VIEW",
        Kind::Index => "INDEX",
        Kind::Rule => "RULE",
        Kind::Trigger => "TRIGGER",
        Kind::Policy => "POLICY",
        Kind::Statistics => "STATISTICS",
        Kind::Publication => "PUBLICATION",
        Kind::EventTrigger => "EVENT TRIGGER",
        Kind::DefaultPrivileges => "DEFAULT PRIVILEGES",
    }
}

/// What this very object is called in statements: routines and tables of one kind have several words.
pub(super) fn noun_of(id: &ObjectId, facts: &Facts) -> &'static str {
    let starts = |head| facts.get("definition").is_some_and(|text| text.starts_with(head));
    match id.kind {
        Kind::Function if starts("CREATE OR REPLACE PROCEDURE") => "PROCEDURE",
        Kind::Function => "FUNCTION",
        Kind::Table if facts.contains_key("foreign server") => "FOREIGN TABLE",
        kind => noun(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_not_be_read_as_itself_is_quoted() {
        let shown = |name: &str| plain(&Ident::new(name)).to_string();
        assert_eq!(shown("users"), "users");
        assert_eq!(shown("user"), "\"user\"");
        assert_eq!(shown("Users"), "\"Users\"");
        assert_eq!(shown("name"), "name");
    }

    #[test]
    fn the_key_words_are_in_the_order_that_they_are_looked_up_in() {
        assert!(KEYWORDS.is_sorted());
    }
}
