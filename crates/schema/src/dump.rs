//! What pg_dump says about a schema, as entries that can be compared: a second opinion that knows nothing of our model.
//!
//! pg_dump introduces every statement by a comment with its kind, schema and name, which is all that is read here. Set aside is what
//! depends on the order in which things were made, the order of a table's columns among it, and what is different in every dump.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Kind, ObjectId};

/// What introduces an entry.
const INTRODUCTION: &str = "-- Name: ";

/// Lines between entries that belong to none: they say for how the next ones are made, and are repeated where that changes.
const BETWEEN: [&str; 4] = ["SET default_", "\\restrict ", "\\unrestrict ", "--"];

/// The schema of what lives in none.
const NO_SCHEMA: &str = "-";

/// Entries whose statements are of one line each, in the order in which they were given.
const GRANTS: [&str; 2] = ["ACL", "DEFAULT ACL"];

/// Statements whose lines are the columns and constraints of a table.
const TABLES: [&str; 3] = ["CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE FOREIGN TABLE"];

/// What an entry is about. Two may be about the same: a name is not always enough.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Heading {
    schema: String,
    name: String,
    kind: String,
}

/// A dump of a schema, entry by entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dump {
    entries: BTreeMap<Heading, BTreeSet<String>>,
}

/// Something that pg_dump says of one database and not of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpDifference {
    /// The kind of the entry, as pg_dump calls it.
    pub kind: String,
    /// The schema and the name.
    pub object: String,
    /// The lines that only the expected side has; nothing where there is no such entry.
    pub expected: Option<String>,
    /// The lines that only the actual side has.
    pub actual: Option<String>,
}

impl Dump {
    /// Reads what `pg_dump --schema-only` has written.
    pub fn read(text: &str) -> Self {
        let mut dump = Self::default();
        let mut current: Option<(Heading, Vec<&str>)> = None;
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix(INTRODUCTION).and_then(heading) {
                dump.take(current.replace((heading, Vec::new())));
            } else if let Some((_, lines)) = &mut current
                && !BETWEEN.iter().any(|start| line.starts_with(start))
            {
                lines.push(line.trim_end());
            }
        }
        dump.take(current);
        dump
    }

    fn take(&mut self, entry: Option<(Heading, Vec<&str>)>) {
        if let Some((heading, lines)) = entry {
            let text = settled(&heading.kind, lines);
            self.entries.entry(heading).or_default().insert(text);
        }
    }

    /// Takes out entries that `unwanted` says so of, given what they are about, schema and name, and their text; and what attaches
    /// an index that has gone this way.
    pub fn leave_out(&mut self, unwanted: impl Fn(&str, &str, &str) -> bool) {
        let mut indexes: BTreeSet<(String, String)> = BTreeSet::new();
        for (heading, texts) in &mut self.entries {
            texts.retain(|text| !unwanted(&heading.schema, &heading.name, text));
            if texts.is_empty() && ["INDEX", "CONSTRAINT"].contains(&heading.kind.as_str()) {
                let name = heading.name.rsplit(' ').next().unwrap_or_default();
                indexes.insert((heading.schema.clone(), name.to_owned()));
            }
        }
        self.entries.retain(|heading, texts| {
            let attaches = heading.kind == "INDEX ATTACH"
                && indexes.contains(&(heading.schema.clone(), heading.name.clone()));
            !texts.is_empty() && !attaches
        });
    }
}

/// Whether an entry is about this object, or about something that names it when it is a table.
pub fn concerns(object: &ObjectId, schema: &str, name: &str, text: &str) -> bool {
    let own = object.name.as_str();
    let called = |name: &str| {
        let signature = name.strip_prefix(own).and_then(|rest| rest.strip_prefix('('));
        name == own
            || (object.signature.is_some()
                && signature.and_then(|s| s.strip_suffix(')')) == object.signature.as_deref())
    };
    let part = object
        .of
        .as_ref()
        .and_then(|of| name.strip_prefix(of.as_str())?.strip_prefix(' '));
    let same_schema = object.schema.as_ref().map_or(NO_SCHEMA, |s| s.as_str()) == schema;
    let itself = same_schema && (called(name) || part == Some(own));
    itself || (object.kind == Kind::Table && mentions(text, &object.to_string()))
}

/// Whether the name stands in the text as a whole, not as the beginning of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(name)
        .any(|(at, _)| !text[at + name.len()..].starts_with(goes_on) && !text[..at].ends_with(goes_on))
}

/// `users email; Type: DEFAULT; Schema: public; Owner: app`
fn heading(line: &str) -> Option<Heading> {
    let (name, rest) = line.split_once("; Type: ")?;
    let (kind, rest) = rest.split_once("; Schema: ")?;
    let (schema, _) = rest.split_once("; Owner: ")?;
    Some(Heading {
        schema: schema.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
    })
}

/// The text of an entry, with the lines of a table and the grants on an object in an order of their own.
fn settled(kind: &str, mut lines: Vec<&str>) -> String {
    let is_table = lines
        .iter()
        .find(|line| !line.is_empty())
        .is_some_and(|first| TABLES.iter().any(|head| first.starts_with(head)));
    if is_table {
        lines = lines.into_iter().map(|line| line.trim_end_matches(',')).collect();
    }
    if is_table || GRANTS.contains(&kind) {
        lines.sort_unstable();
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Every entry that only one side has, or that both have with other texts.
pub fn compare(expected: &Dump, actual: &Dump) -> Vec<DumpDifference> {
    let headings: BTreeSet<&Heading> = expected.entries.keys().chain(actual.entries.keys()).collect();
    let differ = |heading: &&Heading| {
        let (wanted, is) = (expected.entries.get(*heading), actual.entries.get(*heading));
        (wanted != is).then(|| DumpDifference {
            kind: heading.kind.clone(),
            object: match heading.schema.as_str() {
                NO_SCHEMA => heading.name.clone(),
                schema => format!("{schema}.{}", heading.name),
            },
            expected: wanted.map(|texts| lines_only_in(texts, is)),
            actual: is.map(|texts| lines_only_in(texts, wanted)),
        })
    };
    headings.iter().filter_map(differ).collect()
}

fn lines_only_in(texts: &BTreeSet<String>, others: Option<&BTreeSet<String>>) -> String {
    let others: BTreeSet<&str> = others
        .into_iter()
        .flatten()
        .flat_map(|text| text.lines())
        .collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let lines: Vec<&str> = lines.filter(|line| !others.contains(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ident;

    const DUMP: &str = "--
-- PostgreSQL database dump
--

\\restrict abc
SET statement_timeout = 0;

--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id integer NOT NULL,
    email text
);


SET default_table_access_method = heap;

--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

--
-- Name: TABLE users; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.users TO a;
GRANT INSERT ON TABLE public.users TO b;

\\unrestrict abc
";

    #[test]
    fn the_order_of_columns_and_what_changes_from_dump_to_dump_make_no_difference() {
        let other = DUMP
            .replace(
                "    id integer NOT NULL,\n    email text\n",
                "    email text,\n    id integer NOT NULL\n",
            )
            .replace("abc", "xyz")
            .replace(
                "GRANT SELECT ON TABLE public.users TO a;\nGRANT INSERT ON TABLE public.users TO b;\n",
                "GRANT INSERT ON TABLE public.users TO b;\nGRANT SELECT ON TABLE public.users TO a;\n",
            )
            .replace("SET default_table_access_method = heap;\n", "");
        assert_eq!(compare(&Dump::read(DUMP), &Dump::read(&other)), []);
    }

    #[test]
    fn a_difference_is_named_with_the_lines_that_differ() {
        let other = DUMP
            .replace("    email text\n", "    email character varying(9)\n")
            .replace("users users_pkey", "users users_key");
        let found = compare(&Dump::read(DUMP), &Dump::read(&other));
        let said: Vec<_> = found
            .iter()
            .map(|d| {
                (
                    d.kind.as_str(),
                    d.object.as_str(),
                    d.expected.as_deref(),
                    d.actual.as_deref(),
                )
            })
            .collect();
        let key = "ALTER TABLE ONLY public.users\n    ADD CONSTRAINT users_pkey PRIMARY KEY (id);";
        assert_eq!(
            said,
            [
                (
                    "TABLE",
                    "public.users",
                    Some("    email text"),
                    Some("    email character varying(9)")
                ),
                ("CONSTRAINT", "public.users users_key", None, Some(key)),
                ("CONSTRAINT", "public.users users_pkey", Some(key), None),
            ]
        );
    }

    #[test]
    fn what_is_left_out_takes_along_what_names_it_and_nothing_with_a_longer_name() {
        let users = ObjectId {
            kind: Kind::Table,
            schema: Some(Ident::new("public")),
            of: None,
            name: Ident::new("users"),
            signature: None,
        };
        let left = |dump: &str| {
            let mut dump = Dump::read(dump);
            dump.leave_out(|schema, name, text| concerns(&users, schema, name, text));
            dump
        };
        assert_eq!(left(DUMP), Dump::default());
        let longer = DUMP
            .replace("public.users", "public.users_old")
            .replace("Name: users", "Name: users_old");
        assert_eq!(left(&longer), Dump::read(&longer));
    }
}
