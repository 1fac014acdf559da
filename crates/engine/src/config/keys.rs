//! Every key that `ponte.toml` may have, in one table: the reader refuses all others, the reference is printed from it.

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The file itself.
    Root,
    /// `[project]`
    Project,
    /// `[nodes.NAME]`
    Node,
    /// `[[links]]`
    Link,
    /// `[[links.tables]]`
    Table,
    /// `[jobs.NAME]`
    Job,
    /// `[jobs.NAME.partitions]`
    JobPartitions,
    /// `[jobs.NAME.delete]`
    JobDelete,
    /// `[jobs.NAME.backup]`
    JobBackup,
}

impl Section {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 9] = [
        Self::Root,
        Self::Project,
        Self::Node,
        Self::Link,
        Self::Table,
        Self::Job,
        Self::JobPartitions,
        Self::JobDelete,
        Self::JobBackup,
    ];

    /// The header in the file.
    pub fn header(self) -> &'static str {
        match self {
            Self::Root => "the file",
            Self::Project => "[project]",
            Self::Node => "[nodes.NAME]",
            Self::Link => "[[links]]",
            Self::Table => "[[links.tables]]",
            Self::Job => "[jobs.NAME]",
            Self::JobPartitions => "[jobs.NAME.partitions]",
            Self::JobDelete => "[jobs.NAME.delete]",
            Self::JobBackup => "[jobs.NAME.backup]",
        }
    }

    /// The keys that it may have.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(move |key| key.section == self)
    }
}

/// A key of the file.
#[derive(Debug)]
pub struct Key {
    /// The table that it belongs to.
    pub section: Section,
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub form: &'static str,
    /// What holds when it is left out; `None` where it has to be given.
    pub default: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
}

const fn key(
    section: Section,
    name: &'static str,
    form: &'static str,
    default: Option<&'static str>,
    about: &'static str,
) -> Key {
    Key {
        section,
        name,
        form,
        default,
        about,
    }
}

/// Every key.
pub static KEYS: &[Key] = &[
    key(
        Section::Root,
        "project",
        "table",
        Some("none"),
        "What concerns the project as a whole.",
    ),
    key(
        Section::Root,
        "nodes",
        "table of tables",
        Some("none"),
        "The databases that take part, by name.",
    ),
    key(
        Section::Root,
        "links",
        "array of tables",
        Some("none"),
        "The pairs of nodes that are kept in agreement.",
    ),
    key(
        Section::Root,
        "jobs",
        "table of tables",
        Some("none"),
        "What is done by the clock, by name.",
    ),
    key(
        Section::Project,
        "name",
        "text",
        Some("the directory's name"),
        "What the project is called in reports.",
    ),
    key(
        Section::Project,
        "migrations",
        "directory",
        Some("\"migrations\""),
        "Where the migration files are, relative to the project.",
    ),
    key(
        Section::Project,
        "seeds",
        "directory",
        Some("\"seeds\""),
        "Where the seed files are, relative to the project.",
    ),
    key(
        Section::Project,
        "backup",
        "\"off\", \"before\" or \"before, keep N\"",
        Some("\"off\""),
        "Whether `ponte migrate up` first writes the database to `.ponte/backups/` with pg_dump, and how many of these files stay: 5, or `N`.",
    ),
    key(
        Section::Project,
        "history",
        "schema name",
        Some("\"ponte\""),
        "The schema in which `ponte migrate` keeps its history; another one for each of several projects that share a database.",
    ),
    key(
        Section::Node,
        "url",
        "connection string",
        None,
        "Where the database is: `postgresql://…`, `host=… dbname=…`, or `embedded:NAME` for a cluster that Ponte runs itself under `.ponte/`. \
         `env:NAME` takes the whole value from a variable, `file:PATH` from a file.",
    ),
    key(
        Section::Node,
        "direct_url",
        "connection string",
        Some("the `url`"),
        "The address that goes around a pooler, for everything that needs a session of its own.",
    ),
    key(
        Section::Node,
        "allow_pooler",
        "true or false",
        Some("false"),
        "Go on although the address leads to a transaction pooler. The sync then keeps nothing in a session, and polls.",
    ),
    key(
        Section::Link,
        "name",
        "name",
        None,
        "What the link is called. Lower-case letters, digits, `_` and `-`.",
    ),
    key(
        Section::Link,
        "between",
        "two node names",
        None,
        "The nodes that are kept in agreement.",
    ),
    key(
        Section::Link,
        "every",
        "length of time, cron expression or \"continuous\"",
        Some("\"5m\""),
        "When a pass begins. A cron expression follows the time zone of the machine.",
    ),
    key(
        Section::Link,
        "conflict",
        "\"latest\", \"NODE wins\", \"merge\" or \"manual\"",
        Some("\"latest\""),
        "Which of two concurrent changes of one key stays: the later one, one node's, each column of the side that changed it, or neither until a person decides. Both are kept in `ponte.conflict`.",
    ),
    key(
        Section::Link,
        "initial",
        "\"merge\", \"NODE wins\" or \"none\"",
        Some("\"merge\""),
        "What happens to the rows that are there already when the link is made.",
    ),
    key(
        Section::Link,
        "apply",
        "\"auto\", \"plain\" or \"replica\"",
        Some("\"auto\""),
        "How rows are written: as a plain owner, or under `session_replication_role`, which not every service allows.",
    ),
    key(
        Section::Link,
        "max_future",
        "length of time",
        Some("\"5m\""),
        "A row's version further ahead of the clock than this is cut back and reported.",
    ),
    key(
        Section::Link,
        "max_delete",
        "share in percent, number of rows or \"off\"",
        Some("\"50%\""),
        "A batch that would delete more of a table waits for `ponte sync approve`. A share asks only beyond 1,000 rows; a TRUNCATE always asks.",
    ),
    key(
        Section::Link,
        "log_table",
        "table name, or one by node",
        Some("none"),
        "A table of yours into which the sync writes what became of each row, in the transaction that writes the rows. `{ NODE = \"sync_log\" }` for one node only: \
         each node logs what is written to it.",
    ),
    key(
        Section::Link,
        "log",
        "table of SQL expressions, or one by node",
        Some("none"),
        "What the columns of `log_table` get: `{ entity_id = \"key\", status = \"status\" }`, over the fields of an entry: `link`, `table_schema`, `table_name`, `key`, \
         `key_values`, `operation`, `source`, `target`, `status`, `error`, `sqlstate`, `version`, `rows`, `at`.",
    ),
    key(
        Section::Link,
        "log_each",
        "\"row\" or \"batch\"",
        Some("\"row\""),
        "What an entry of `log_table` stands for: one row, or all rows of a table in a batch with which the same was done.",
    ),
    key(
        Section::Link,
        "retention",
        "length of time",
        Some("\"7d\""),
        "How long a changelog keeps entries that have arrived everywhere; what has not arrived stays for as long as it takes. Of links that share a \
         table the longest counts.",
    ),
    key(
        Section::Link,
        "keep_conflicts",
        "length of time or \"forever\"",
        Some("\"90d\""),
        "How long `ponte.conflict` keeps conflicts that are decided. Those that wait for a person stay.",
    ),
    key(
        Section::Link,
        "tables",
        "array of tables",
        None,
        "The tables that are kept in agreement, at least one.",
    ),
    key(
        Section::Table,
        "table",
        "table name, or one by node",
        None,
        "`name` for a table in `public`, else `schema.name`, spelled as in the catalog. `{ NODE = \"users\", NODE = \"app.contas\" }` where \
         the nodes call it differently.",
    ),
    key(
        Section::Table,
        "version",
        "column, or one by node",
        Some("`updated_at` where it exists, else a clock"),
        "The column that tells which of two changes is the later one.",
    ),
    key(
        Section::Table,
        "key",
        "columns, or some by node",
        Some("the primary key"),
        "The columns that tell rows apart: NOT NULL and unique. `{ NODE = [\"external_id\"], NODE = [\"id\"] }` where their names differ; \
         their types may differ too, as long as the server can cast them.",
    ),
    key(
        Section::Table,
        "columns",
        "columns",
        Some("all"),
        "The only columns that travel, besides the key and those in `map`.",
    ),
    key(
        Section::Table,
        "map",
        "array of tables",
        Some("none"),
        "The columns that differ. `{ NODE = \"nome\", NODE = \"name\" }` for another name or type; `to_NODE = \"SQL\"` for what is written into \
         that node's column, over the columns of the other node's row. With one `to_NODE` values travel in that direction only.",
    ),
    key(
        Section::Table,
        "local",
        "columns by node",
        Some("none"),
        "Columns that stay where they are: `{ NODE = [\"id\"] }`. Each has to be nullable, have a default or be generated.",
    ),
    key(
        Section::Table,
        "where",
        "SQL condition, or one by node",
        Some("all rows"),
        "Which rows take part. A row that leaves the set is deleted on the other side, one that enters is inserted.",
    ),
    key(
        Section::Table,
        "leaving",
        "\"delete\" or \"keep\"",
        Some("\"delete\""),
        "What becomes of a row at the other side when it leaves `where`. With `\"keep\"` it stays there as it is, and nothing of it travels in either direction \
         until it is back.",
    ),
    key(
        Section::Table,
        "max_delete",
        "share in percent, number of rows or \"off\"",
        Some("the link's"),
        "The same for this table alone.",
    ),
    key(
        Section::Table,
        "retention",
        "length of time",
        Some("the link's"),
        "The same for this table alone.",
    ),
    key(
        Section::Table,
        "conflict",
        "as for the link",
        Some("the link's"),
        "The rule for conflicts of this table.",
    ),
    key(
        Section::Table,
        "triggers",
        "\"fire\" or \"guard\"",
        Some("\"fire\""),
        "What your own triggers do about rows that the sync writes as a plain owner. `\"guard\"` recreates them so that they leave those alone. \
         BEFORE triggers that would rewrite rows are guarded either way.",
    ),
    key(
        Section::Table,
        "before",
        "SQL statement, or one by node",
        Some("none"),
        "Runs on a node before rows of this table are written there, in the same transaction, once per batch. `ponte_applied` holds the keys that arrived and `operation`.",
    ),
    key(
        Section::Table,
        "after",
        "SQL statement, or one by node",
        Some("none"),
        "The same after the rows are written; `ponte_applied` holds the keys that were. `UPDATE meta SET last_sync_at = now() WHERE user_id IN (SELECT id FROM ponte_applied)`.",
    ),
    key(
        Section::Table,
        "log_table",
        "as for the link",
        Some("the link's"),
        "The log of this table alone.",
    ),
    key(
        Section::Table,
        "log",
        "as for the link",
        Some("the link's"),
        "Further columns of the log, or other expressions for some, for this table alone.",
    ),
    key(
        Section::Table,
        "log_each",
        "as for the link",
        Some("the link's"),
        "The same for this table alone.",
    ),
    key(
        Section::Table,
        "probe",
        "table of values",
        Some("none"),
        "Values for the columns that a row needs when `ponte sync probe` inserts one.",
    ),
    key(
        Section::Job,
        "call",
        "function name",
        Some("none"),
        "Calls a function or procedure, `name` in `public` or `schema.name`. Each job has exactly one key that says what it does.",
    ),
    key(
        Section::Job,
        "arguments",
        "array of values, or table of them",
        Some("none"),
        "What the function is given: `[30, \"days\"]` by position, `{ older_than = \"30 days\" }` by name.",
    ),
    key(
        Section::Job,
        "sql",
        "SQL statements",
        Some("none"),
        "Runs statements that read or write rows, separated by semicolons, in one transaction.",
    ),
    key(
        Section::Job,
        "refresh",
        "name of a materialized view",
        Some("none"),
        "Refreshes it, while it is read where a unique index over plain columns tells its rows apart.",
    ),
    key(
        Section::Job,
        "analyze",
        "table names",
        Some("none"),
        "Renews the planner's statistics of these tables, each in a transaction of its own.",
    ),
    key(
        Section::Job,
        "reindex",
        "name of a table or index",
        Some("none"),
        "Rebuilds an index, or all of a table, while the table is read and written; drops what interrupted rebuilds left.",
    ),
    key(
        Section::Job,
        "partitions",
        "table",
        Some("none"),
        "Makes the next partitions of a table and takes old ones away.",
    ),
    key(
        Section::Job,
        "delete",
        "table",
        Some("none"),
        "Deletes old rows, some at a time.",
    ),
    key(
        Section::Job,
        "backup",
        "table",
        Some("none"),
        "Takes a backup with `pg_dump` and reads it again.",
    ),
    key(
        Section::Job,
        "sync",
        "link name",
        Some("none"),
        "Runs one pass of a link. The job works on the link's first node where it names none.",
    ),
    key(
        Section::JobPartitions,
        "table",
        "table name",
        None,
        "The table, partitioned by ranges of one column that is a date or a time.",
    ),
    key(
        Section::JobPartitions,
        "every",
        "\"hour\", \"day\", \"week\", \"month\" or \"year\"",
        None,
        "The length of a partition. It begins at midnight of the job's `time_zone`, weeks on Monday.",
    ),
    key(
        Section::JobPartitions,
        "ahead",
        "number",
        Some("3"),
        "How many periods after the present one have their partition.",
    ),
    key(
        Section::JobPartitions,
        "keep",
        "number",
        Some("all"),
        "How many periods before the present one keep their partition.",
    ),
    key(
        Section::JobPartitions,
        "expired",
        "\"detach\" or \"drop\"",
        Some("\"detach\""),
        "What becomes of older ones: a table of its own, or nothing.",
    ),
    key(
        Section::JobDelete,
        "table",
        "table name",
        None,
        "The table, which has a primary key.",
    ),
    key(
        Section::JobDelete,
        "where",
        "SQL condition",
        None,
        "Which rows are deleted: `created_at < now() - interval '90 days'`.",
    ),
    key(
        Section::JobDelete,
        "batch_rows",
        "number",
        Some("1000"),
        "How many rows are deleted in one transaction.",
    ),
    key(
        Section::JobDelete,
        "pause",
        "length of time",
        Some("\"0s\""),
        "How long the server is left to others between two batches.",
    ),
    key(
        Section::JobBackup,
        "directory",
        "directory",
        None,
        "Where the backups are, relative to the project.",
    ),
    key(
        Section::JobBackup,
        "keep",
        "number",
        Some("7"),
        "How many are kept.",
    ),
    key(
        Section::Job,
        "node",
        "node name",
        Some("the database that commands are about"),
        "Where it works, and where its history is kept.",
    ),
    key(
        Section::Job,
        "schedule",
        "cron expression or `@every` and a length of time",
        Some("only by hand"),
        "When it is due. Five fields, or six with seconds in front; names, `L` and `#` work. `@every 5m` counts from the beginning of 1970.",
    ),
    key(
        Section::Job,
        "time_zone",
        "IANA time zone",
        Some("\"UTC\""),
        "Whose clock the schedule follows, and what statements see as theirs. A time that a change of the clock leaves out is due right after it; one that \
         it repeats is due once.",
    ),
    key(
        Section::Job,
        "window",
        "two times of the day: \"02:00-05:00\"",
        Some("at any time"),
        "The hours, by the clock of `time_zone`, in which a run may begin. Ticks outside of it do not count; repetitions, and what is caught up, wait for it.",
    ),
    key(
        Section::Job,
        "overlap",
        "\"skip\", \"queue\" or \"cancel\"",
        Some("\"skip\""),
        "What a tick does that comes while the job still runs: nothing, wait its turn, or end the run and take its place.",
    ),
    key(
        Section::Job,
        "catch_up",
        "\"none\", \"last\" or \"all(N)\"",
        Some("\"last\""),
        "What becomes of ticks that nobody was there for: none of them is run, the last one, or the last N, oldest first.",
    ),
    key(
        Section::Job,
        "timeout",
        "length of time",
        Some("\"1h\""),
        "After how long a run is ended.",
    ),
    key(
        Section::Job,
        "lock_timeout",
        "length of time",
        Some("\"5s\""),
        "How long a statement may wait for a lock, and make others wait behind it.",
    ),
    key(
        Section::Job,
        "retries",
        "number",
        Some("0"),
        "How often a run is repeated whose process was lost, or that failed for a reason that passes, such as a deadlock. Each pause is longer than the last.",
    ),
    key(
        Section::Job,
        "lease",
        "length of time",
        Some("\"15s\""),
        "After how long without a sign of life from its process a run counts as lost.",
    ),
    key(
        Section::Job,
        "role",
        "role name",
        Some("the connection's"),
        "The role to work as.",
    ),
    key(
        Section::Job,
        "keep_history",
        "length of time",
        Some("\"90d\""),
        "How long runs are remembered.",
    ),
    key(
        Section::Job,
        "keep_runs",
        "number",
        Some("1000"),
        "How many runs are remembered at most.",
    ),
];

/// Keys that are planned: an answer of their own instead of «unknown key».
const PLANNED: &[(Section, &str)] = &[(Section::Link, "batch_rows_max"), (Section::Table, "unique")];

/// Whether a later release will know this key.
pub(super) fn is_planned(section: Section, name: &str) -> bool {
    PLANNED.contains(&(section, name))
}

/// The candidate that a misspelled word was probably meant to be.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_key_finds_the_one_that_was_meant() {
        let check = |section: Section, word, expected| {
            assert_eq!(nearest(word, section.keys().map(|k| k.name)), expected, "{word}");
        };
        check(Section::Link, "conflct", Some("conflict"));
        check(Section::Link, "betwen", Some("between"));
        check(Section::Node, "URL", Some("url"));
        check(Section::Node, "direct-url", Some("direct_url"));
        check(Section::Root, "link", Some("links"));
        check(Section::Table, "zebra", None);
    }

    #[test]
    fn a_planned_key_is_not_a_known_one() {
        for (section, name) in PLANNED {
            assert!(section.keys().all(|key| key.name != *name), "{name} is both");
        }
    }
}
