//! Keys of a job and of the tables below it.

use super::{Key, key};

pub(super) const JOB: &[Key] = &[
    key(
        "call",
        "function name",
        Some("none"),
        "Calls a function or procedure, `name` in `public` or `schema.name`. Each job has exactly one key that says what it does.",
    ),
    key(
        "arguments",
        "array of values, or table of them",
        Some("none"),
        "What the function is given: `[30, \"days\"]` by position, `{ older_than = \"30 days\" }` by name.",
    ),
    key(
        "sql",
        "SQL statements",
        Some("none"),
        "Runs statements that read or write rows, separated by semicolons, in one transaction.",
    ),
    key(
        "refresh",
        "name of a materialized view",
        Some("none"),
        "Refreshes it, while it is read where a unique index over plain columns tells its rows apart.",
    ),
    key(
        "analyze",
        "table names",
        Some("none"),
        "Renews the planner's statistics of these tables, each in a transaction of its own.",
    ),
    key(
        "reindex",
        "name of a table or index",
        Some("none"),
        "Rebuilds an index, or all of a table, while the table is read and written; drops what interrupted rebuilds left.",
    ),
    key(
        "partitions",
        "table",
        Some("none"),
        "Makes the next partitions of a table and takes old ones away.",
    ),
    key(
        "delete",
        "table",
        Some("none"),
        "Deletes old rows, some at a time.",
    ),
    key(
        "backup",
        "table",
        Some("none"),
        "Takes a backup with `pg_dump` and reads it again.",
    ),
    key(
        "sync",
        "link name",
        Some("none"),
        "Runs one pass of a link. The job works on the link's first node where it names none.",
    ),
    key(
        "node",
        "node name",
        Some("the database that commands are about"),
        "Where it works, and where its history is kept.",
    ),
    key(
        "schedule",
        "cron expression or `@every` and a length of time",
        Some("only by hand"),
        "When it is due. Five fields, or six with seconds in front; names, `L` and `#` work. `@every 5m` counts from the beginning of 1970.",
    ),
    key(
        "time_zone",
        "IANA time zone",
        Some("\"UTC\""),
        "Whose clock the schedule follows, and what statements see as theirs. A time that a change of the clock leaves out is due right after it; one that \
         it repeats is due once.",
    ),
    key(
        "window",
        "two times of the day: \"02:00-05:00\"",
        Some("at any time"),
        "The hours, by the clock of `time_zone`, in which a run may begin. Ticks outside of it do not count; repetitions, and what is caught up, wait for it.",
    ),
    key(
        "overlap",
        "\"skip\", \"queue\" or \"cancel\"",
        Some("\"skip\""),
        "What a tick does that comes while the job still runs: nothing, wait its turn, or end the run and take its place.",
    ),
    key(
        "catch_up",
        "\"none\", \"last\" or \"all(N)\"",
        Some("\"last\""),
        "What becomes of ticks that nobody was there for: none of them is run, the last one, or the last N, oldest first.",
    ),
    key(
        "timeout",
        "length of time",
        Some("\"1h\""),
        "After how long a run is ended.",
    ),
    key(
        "lock_timeout",
        "length of time",
        Some("\"5s\""),
        "How long a statement may wait for a lock, and make others wait behind it.",
    ),
    key(
        "retries",
        "number",
        Some("0"),
        "How often a run is repeated whose process was lost, or that failed for a reason that passes, such as a deadlock. Each pause is longer than the last.",
    ),
    key(
        "lease",
        "length of time",
        Some("\"15s\""),
        "After how long without a sign of life from its process a run counts as lost.",
    ),
    key(
        "role",
        "role name",
        Some("the connection's"),
        "The role to work as.",
    ),
    key(
        "keep_history",
        "length of time",
        Some("\"90d\""),
        "How long runs are remembered.",
    ),
    key(
        "keep_runs",
        "number",
        Some("1000"),
        "How many runs are remembered at most.",
    ),
];

pub(super) const JOB_PARTITIONS: &[Key] = &[
    key(
        "table",
        "table name",
        None,
        "The table, partitioned by ranges of one column that is a date or a time.",
    ),
    key(
        "every",
        "\"hour\", \"day\", \"week\", \"month\" or \"year\"",
        None,
        "The length of a partition. It begins at midnight of the job's `time_zone`, weeks on Monday.",
    ),
    key(
        "ahead",
        "number",
        Some("3"),
        "How many periods after the present one have their partition.",
    ),
    key(
        "keep",
        "number",
        Some("all"),
        "How many periods before the present one keep their partition.",
    ),
    key(
        "expired",
        "\"detach\" or \"drop\"",
        Some("\"detach\""),
        "What becomes of older ones: a table of its own, or nothing.",
    ),
];

pub(super) const JOB_DELETE: &[Key] = &[
    key("table", "table name", None, "The table, which has a primary key."),
    key(
        "where",
        "SQL condition",
        None,
        "Which rows are deleted: `created_at < now() - interval '90 days'`.",
    ),
    key(
        "batch_rows",
        "number",
        Some("1000"),
        "How many rows are deleted in one transaction.",
    ),
    key(
        "pause",
        "length of time",
        Some("\"0s\""),
        "How long the server is left to others between two batches.",
    ),
];

pub(super) const JOB_BACKUP: &[Key] = &[
    key(
        "directory",
        "directory",
        None,
        "Where the backups are, relative to the project.",
    ),
    key("keep", "number", Some("7"), "How many are kept."),
];
