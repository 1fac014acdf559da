//! Keys of the file itself, of the project and of its nodes.

use super::{Key, key};

pub(super) const ROOT: &[Key] = &[
    key(
        "project",
        "table",
        Some("none"),
        "What concerns the project as a whole.",
    ),
    key("verify", "table", Some("none"), "What `ponte verify` leaves out."),
    key(
        "nodes",
        "table of tables",
        Some("none"),
        "The databases that take part, by name.",
    ),
    key(
        "links",
        "array of tables",
        Some("none"),
        "The pairs of nodes that are kept in agreement.",
    ),
    key(
        "jobs",
        "table of tables",
        Some("none"),
        "What is done by the clock, by name.",
    ),
];

pub(super) const PROJECT: &[Key] = &[
    key(
        "name",
        "text",
        Some("the directory's name"),
        "What the project is called in reports.",
    ),
    key(
        "migrations",
        "directory",
        Some("\"migrations\""),
        "Where the migration files are, relative to the project.",
    ),
    key(
        "seeds",
        "directory",
        Some("\"seeds\""),
        "Where the seed files are, relative to the project.",
    ),
    key(
        "backup",
        "\"off\", \"before\" or \"before, keep N\"",
        Some("\"off\""),
        "Whether `ponte migrate up` first writes the database to `.ponte/backups/` with pg_dump, and how many of these files stay: 5, or `N`.",
    ),
    key(
        "history",
        "schema name",
        Some("\"ponte\""),
        "The schema in which `ponte migrate` keeps its history; another one for each of several projects that share a database.",
    ),
];

pub(super) const NODE: &[Key] = &[
    key(
        "url",
        "connection string",
        None,
        "Where the database is: `postgresql://…`, `host=… dbname=…`, or `embedded:NAME` for a cluster that Ponte runs itself under `.ponte/`. \
         `env:NAME` takes the whole value from a variable, `file:PATH` from a file.",
    ),
    key(
        "direct_url",
        "connection string",
        Some("the `url`"),
        "The address that goes around a pooler, for everything that needs a session of its own.",
    ),
    key(
        "allow_pooler",
        "true or false",
        Some("false"),
        "Go on although the address leads to a transaction pooler. The sync then keeps nothing in a session, and polls.",
    ),
];

pub(super) const VERIFY: &[Key] = &[key(
    "ignore",
    "array of patterns",
    Some("none"),
    "Objects whose differences do not count: a kind, or `*` for any, and a name with its schema in which `*` and `?` stand for what varies, such as \
     `\"table public.logs_2*\"`. What belongs to a table is left out with it. What was left out is counted, and a pattern that means nothing is reported.",
)];
