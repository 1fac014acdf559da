//! Keys of a link.

use super::{Key, key};

pub(super) const LINK: &[Key] = &[
    key(
        "name",
        "name",
        None,
        "What the link is called. Lower-case letters, digits, `_` and `-`.",
    ),
    key(
        "between",
        "two node names",
        None,
        "The nodes that are kept in agreement.",
    ),
    key(
        "every",
        "length of time, cron expression or \"continuous\"",
        Some("\"5m\""),
        "When a pass begins. A cron expression follows the time zone of the machine.",
    ),
    key(
        "conflict",
        "\"latest\", \"NODE wins\", \"merge\" or \"manual\"",
        Some("\"latest\""),
        "Which of two concurrent changes of one key stays: the later one, one node's, each column of the side that changed it, or neither until a person decides. Both are kept in `ponte.conflict`.",
    ),
    key(
        "initial",
        "\"merge\", \"NODE wins\" or \"none\"",
        Some("\"merge\""),
        "What happens to the rows that are there already when the link is made.",
    ),
    key(
        "apply",
        "\"auto\", \"plain\" or \"replica\"",
        Some("\"auto\""),
        "How rows are written: as a plain owner, or under `session_replication_role`, which not every service allows.",
    ),
    key(
        "max_future",
        "length of time",
        Some("\"5m\""),
        "A row's version further ahead of the clock than this is cut back and reported.",
    ),
    key(
        "max_delete",
        "share in percent, number of rows or \"off\"",
        Some("\"50%\""),
        "A batch that would delete more of a table waits for `ponte sync approve`. A share asks only beyond 1,000 rows; a TRUNCATE always asks.",
    ),
    key(
        "log_table",
        "table name, or one by node",
        Some("none"),
        "A table of yours into which the sync writes what became of each row, in the transaction that writes the rows. `{ NODE = \"sync_log\" }` for one node only: \
         each node logs what is written to it.",
    ),
    key(
        "log",
        "table of SQL expressions, or one by node",
        Some("none"),
        "What the columns of `log_table` get: `{ entity_id = \"key\", status = \"status\" }`, over the fields of an entry: `link`, `table_schema`, `table_name`, `key`, \
         `key_values`, `operation`, `source`, `target`, `status`, `error`, `sqlstate`, `version`, `rows`, `at`.",
    ),
    key(
        "log_each",
        "\"row\" or \"batch\"",
        Some("\"row\""),
        "What an entry of `log_table` stands for: one row, or all rows of a table in a batch with which the same was done.",
    ),
    key(
        "retention",
        "length of time",
        Some("\"7d\""),
        "How long a changelog keeps entries that have arrived everywhere; what has not arrived stays for as long as it takes. Of links that share a \
         table the longest counts.",
    ),
    key(
        "keep_conflicts",
        "length of time or \"forever\"",
        Some("\"90d\""),
        "How long `ponte.conflict` keeps conflicts that are decided. Those that wait for a person stay.",
    ),
    key(
        "tables",
        "array of tables",
        None,
        "The tables that are kept in agreement, at least one.",
    ),
];
