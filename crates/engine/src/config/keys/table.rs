//! Keys of a table of a link.

use super::{Key, key};

pub(super) const TABLE: &[Key] = &[
    key(
        "table",
        "table name, or one by node",
        None,
        "`name` for a table in `public`, else `schema.name`, spelled as in the catalog. `{ NODE = \"users\", NODE = \"app.contas\" }` where \
         the nodes call it differently.",
    ),
    key(
        "version",
        "column, or one by node",
        Some("`updated_at` where it exists, else a clock"),
        "The column that tells which of two changes is the later one.",
    ),
    key(
        "key",
        "columns, or some by node",
        Some("the primary key"),
        "The columns that tell rows apart: NOT NULL and unique. `{ NODE = [\"external_id\"], NODE = [\"id\"] }` where their names differ; \
         their types may differ too, as long as the server can cast them.",
    ),
    key(
        "columns",
        "columns",
        Some("all"),
        "The only columns that travel, besides the key and those in `map`.",
    ),
    key(
        "map",
        "array of tables",
        Some("none"),
        "The columns that differ. `{ NODE = \"nome\", NODE = \"name\" }` for another name or type; `to_NODE = \"SQL\"` for what is written into \
         that node's column, over the columns of the other node's row. With one `to_NODE` values travel in that direction only.",
    ),
    key(
        "local",
        "columns by node",
        Some("none"),
        "Columns that stay where they are: `{ NODE = [\"id\"] }`. Each has to be nullable, have a default or be generated.",
    ),
    key(
        "where",
        "SQL condition, or one by node",
        Some("all rows"),
        "Which rows take part. A row that leaves the set is deleted on the other side, one that enters is inserted.",
    ),
    key(
        "leaving",
        "\"delete\" or \"keep\"",
        Some("\"delete\""),
        "What becomes of a row at the other side when it leaves `where`. With `\"keep\"` it stays there as it is, and nothing of it travels in either direction \
         until it is back.",
    ),
    key(
        "max_delete",
        "share in percent, number of rows or \"off\"",
        Some("the link's"),
        "The same for this table alone.",
    ),
    key(
        "retention",
        "length of time",
        Some("the link's"),
        "The same for this table alone.",
    ),
    key(
        "conflict",
        "as for the link, or `{ function = \"schema.name\" }`",
        Some("the link's"),
        "The rule for conflicts of this table. A function of yours is given both rows and both versions, and answers the row that both sides are to have.",
    ),
    key(
        "delta",
        "columns, or some by node",
        Some("none"),
        "Numbers whose changes are added up where both sides changed a row: two withdrawals from one balance both count. The other columns follow `conflict`.",
    ),
    key(
        "triggers",
        "\"fire\" or \"guard\"",
        Some("\"fire\""),
        "What your own triggers do about rows that the sync writes as a plain owner. `\"guard\"` recreates them so that they leave those alone. \
         BEFORE triggers that would rewrite rows are guarded either way.",
    ),
    key(
        "before",
        "SQL statement, or one by node",
        Some("none"),
        "Runs on a node before rows of this table are written there, in the same transaction, once per batch. `ponte_applied` holds the keys that arrived and `operation`.",
    ),
    key(
        "after",
        "SQL statement, or one by node",
        Some("none"),
        "The same after the rows are written; `ponte_applied` holds the keys that were. `UPDATE meta SET last_sync_at = now() WHERE user_id IN (SELECT id FROM ponte_applied)`.",
    ),
    key(
        "log_table",
        "as for the link",
        Some("the link's"),
        "The log of this table alone.",
    ),
    key(
        "log",
        "as for the link",
        Some("the link's"),
        "Further columns of the log, or other expressions for some, for this table alone.",
    ),
    key(
        "log_each",
        "as for the link",
        Some("the link's"),
        "The same for this table alone.",
    ),
    key(
        "probe",
        "table of values",
        Some("none"),
        "Values for the columns that a row needs when `ponte sync probe` inserts one.",
    ),
];
