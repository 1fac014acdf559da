//! Capture: the changelog of a table and the triggers that fill it, inside the user's own transaction.
//!
//! The log holds keys, never row images: a batch ships the row as it is when it is read, so a key that changed five hundred
//! times travels once. Plain tables get statement-level triggers with transition tables, one set-based INSERT per statement;
//! only changed keys and partitioned tables need row triggers.
//!
//! A trigger stays silent inside the transaction that applies a batch. Its function asks two things: the transaction-local
//! setting `ponte.applying`, which costs nothing, and, only where that is set, whether this very transaction holds the progress
//! row. The trigger's own WHEN clause is no place for that: the server parses it anew for every statement, which cost a
//! one-row UPDATE more than writing the changelog did.

mod kept;
mod masked;
mod packed;

pub use kept::TOLD;
use ponte_schema::sql::Fragment;
use ponte_schema::{Ident, Literal, Sql};

use crate::forward::travels;
use crate::rotation::{TURNS, of_table, spelled};
use crate::table::{TableSide, listed, member, qualified, renamed};

/// Key of the advisory lock that a listening process holds; the capture functions try it in shared mode.
pub const LISTENER_LOCK: (i32, i32) = (1_886_350_964, 1);

/// Channel of the wake-up notification.
pub const CHANNEL: &str = "ponte";

/// The names that the changelog's view gives to its own columns.
const VIEW_COLUMNS: [&str; 5] = ["seq", "operation", "version_at", "changed_at", "synced"];

/// True where a statement is not one with which a batch is applied, for the WHEN clause of a trigger. What triggers and
/// cascades do on such a statement's account is a change of this node like any other.
pub const CAPTURING: &str = "(coalesce(current_setting('ponte.applying', true), '') = '' OR pg_trigger_depth() > 0 OR NOT ponte.is_applying())";

/// The opposite, asked inside a trigger's function, where the depth counts that function too. Of the two conditions a function hardly ever
/// gets to the second, and what it does not get to is not prepared either.
const RETURN_IF_APPLYING: &str = "IF current_setting('ponte.applying', true) <> '' THEN
    IF pg_trigger_depth() = 1 AND ponte.is_applying() THEN RETURN NULL; END IF;
  END IF;";

/// One capture trigger.
struct Event {
    /// Suffix of trigger and function.
    name: &'static str,
    /// When it fires.
    fires: &'static str,
    /// Where the function finds the rows, and under which name.
    rows: Rows,
    /// What it logs.
    op: &'static str,
    /// Extra condition.
    only_changed_keys: bool,
}

enum Rows {
    Transition(&'static str, &'static str),
    Record(&'static str),
    Table,
}

const STATEMENT_EVENTS: [Event; 5] = [
    Event {
        name: "insert",
        fires: "AFTER INSERT",
        rows: Rows::Transition("NEW", "ponte_new"),
        op: "I",
        only_changed_keys: false,
    },
    Event {
        name: "update",
        fires: "AFTER UPDATE",
        rows: Rows::Transition("NEW", "ponte_new"),
        op: "U",
        only_changed_keys: false,
    },
    Event {
        name: "delete",
        fires: "AFTER DELETE",
        rows: Rows::Transition("OLD", "ponte_old"),
        op: "D",
        only_changed_keys: false,
    },
    Event {
        name: "key",
        fires: "AFTER UPDATE",
        rows: Rows::Record("OLD"),
        op: "D",
        only_changed_keys: true,
    },
    Event {
        name: "truncate",
        fires: "BEFORE TRUNCATE",
        rows: Rows::Table,
        op: "D",
        only_changed_keys: false,
    },
];

// Row triggers of one event fire in the order of their names: the old key's "key" comes before the new key's "update".
const ROW_EVENTS: [Event; 5] = [
    Event {
        name: "insert",
        fires: "AFTER INSERT",
        rows: Rows::Record("NEW"),
        op: "I",
        only_changed_keys: false,
    },
    Event {
        name: "update",
        fires: "AFTER UPDATE",
        rows: Rows::Record("NEW"),
        op: "U",
        only_changed_keys: false,
    },
    Event {
        name: "delete",
        fires: "AFTER DELETE",
        rows: Rows::Record("OLD"),
        op: "D",
        only_changed_keys: false,
    },
    Event {
        name: "key",
        fires: "AFTER UPDATE",
        rows: Rows::Record("OLD"),
        op: "D",
        only_changed_keys: true,
    },
    Event {
        name: "truncate",
        fires: "BEFORE TRUNCATE",
        rows: Rows::Table,
        op: "D",
        only_changed_keys: false,
    },
];

fn events(table: &TableSide) -> &'static [Event; 5] {
    if table.by_row {
        &ROW_EVENTS
    } else {
        &STATEMENT_EVENTS
    }
}

/// The names that the triggers of a captured table have; all of them must be present and enabled.
pub fn trigger_names() -> impl Iterator<Item = String> {
    STATEMENT_EVENTS
        .iter()
        .map(|e| trigger_name(e).as_str().to_owned())
}

fn trigger_name(event: &Event) -> Ident {
    Ident::new(format!("ponte_{}", event.name))
}

/// Creates changelog, functions and triggers, for the first link that carries the table. Run in the transaction that also
/// creates the link's rows. `max_future_seconds` bounds how far ahead of the clock a version may lie.
pub fn install(table: &TableSide, max_future_seconds: i64) -> Sql {
    let mut sql = changelog(table);
    if table.mask.is_some() {
        sql.push(&masked::columns(table));
        sql.push(&masked::delta_column(table));
    }
    if table.keeps {
        sql.push(&kept::column(table));
    }
    sql.push(&packed::columns(table));
    sql.push(&packed::entries(table));
    sql.push(&parts(table));
    for event in events(table) {
        sql.push(&function(table, event, max_future_seconds, TURNS[0]));
        sql.push(&trigger(table, event));
    }
    sql
}

/// Has the capture of updates note which columns changed from now on, or no longer, as the table's mask says.
pub fn note_columns(table: &TableSide, max_future_seconds: i64, part: i16) -> Sql {
    let mut sql = Sql::default();
    if table.mask.is_some() {
        sql.push(&masked::columns(table));
        sql.push(&masked::delta_column(table));
        sql.push(&packed::entries(table));
    }
    for event in events(table).iter().filter(|e| e.name == "update") {
        sql.push(&function(table, event, max_future_seconds, part));
        sql.push(&Sql::render(
            "DROP TRIGGER IF EXISTS {trigger} ON {table};\n",
            &[("trigger", &trigger_name(event)), ("table", &table.name)],
        ));
        sql.push(&trigger(table, event));
    }
    if table.mask.is_none() {
        sql.push(&masked::forget(table));
    }
    sql
}

/// What the capture of updates is to note of columns; `None` where it notes none.
pub fn notes(table: &TableSide) -> Option<String> {
    table.mask.as_ref().map(masked::notes)
}

/// Whether notes of columns are also about amounts, and of which columns.
pub fn noted_amounts(notes: &str) -> Option<&str> {
    notes.split_once(masked::AMOUNTS).map(|(_, amounts)| amounts)
}

/// What the capture of updates notes of columns, as [`notes`] says it; no row where it notes none.
pub fn noted_columns(table: &TableSide) -> Sql {
    masked::noted_columns(table)
}

/// Has the capture of deletes tell from now on, or no longer, whether the rows were outside the filter, as the table asks.
pub fn tell_outside(table: &TableSide, max_future_seconds: i64, part: i16) -> Sql {
    let mut sql = Sql::default();
    if table.keeps {
        sql.push(&kept::column(table));
        sql.push(&packed::entries(table));
    }
    for event in events(table).iter().filter(|e| e.op == "D") {
        sql.push(&function(table, event, max_future_seconds, part));
        if !table.keeps {
            sql.push(&kept::forget(table, event));
        }
    }
    sql
}

/// The filter that the capture of deletes asks; no row where it asks none.
pub fn told_filter(table: &TableSide) -> Sql {
    kept::told_filter(table)
}

/// Brings what [`install`] of an older layout created up to date. `part` of the changelog is being filled, where it has parts already.
pub fn upgrade(table: &TableSide, max_future_seconds: i64, part: Option<i16>) -> Sql {
    let mut sql = Sql::render(
        include_str!("capture/upgrade.sql"),
        &[("changelog", &table.changelog_table())],
    );
    if table.keeps {
        sql.push(&kept::column(table));
    }
    sql.push(&packed::columns(table));
    sql.push(&packed::entries(table));
    sql.push(&parts(table));
    sql.push(&functions(table, max_future_seconds, part.unwrap_or(TURNS[0])));
    sql
}

/// The functions of the triggers, which write into this part of the changelog.
pub fn functions(table: &TableSide, max_future_seconds: i64, part: i16) -> Sql {
    let functions = events(table).iter();
    Sql::join(
        "",
        functions.map(|event| function(table, event, max_future_seconds, part)),
    )
}

/// Notes again, for one link, what was noted since the link had the table captured.
pub fn note_again(table: &TableSide, link: &str) -> Sql {
    let keys = table.staged_key();
    Sql::render(
        include_str!("capture/note_again.sql"),
        &[
            ("changelog", &table.entries()),
            ("log", &table.log()),
            ("keys", &listed(&keys)),
            ("log_keys", &qualified("l", &keys)),
            ("outside", &kept::named(table, ", outside")),
            ("log_outside", &kept::named(table, ", l.outside")),
            ("travels", &travels(link)),
            ("link", &Literal::new(link)),
            ("schema_name", &Literal::new(table.name.schema.as_str())),
            ("table_name", &Literal::new(table.name.name.as_str())),
        ],
    )
}

/// Makes the view that people read, for the links that carry the table, of which there is at least one.
pub fn view(table: &TableSide, links: &[String]) -> Sql {
    let staged = table.staged_key();
    let named: Vec<Ident> = table.key.iter().map(view_key_name).collect();
    let names = Sql::join(", ", links.iter().map(|link| Literal::new(link.as_str())));
    let oldest = Sql::render(
        "(SELECT pg_snapshot_xmin(o.consumed) FROM ponte.outgoing o WHERE o.link IN ({names}) ORDER BY 1 LIMIT 1)",
        &[("names", &names)],
    );
    let awaited = Sql::join("\n      OR ", links.iter().map(|link| awaited(link)));
    Sql::render(
        include_str!("capture/view.sql"),
        &[
            ("changelog", &table.entries()),
            ("view", &table.changelog_view()),
            ("keys_as_named", &renamed("l", &staged, &named)),
            ("oldest", &oldest),
            ("awaited", &awaited),
            (
                "comment",
                &Literal::new(format!(
                    "Changes of {}; synced once the other side of {} has them.",
                    table.name,
                    links.join(", ")
                )),
            ),
        ],
    )
}

/// Whether the other side of a link still has to get an entry `l`.
fn awaited(link: &str) -> Sql {
    Sql::render(
        "{travels} AND NOT pg_visible_in_snapshot(l.xid, (SELECT o.consumed FROM ponte.outgoing o WHERE o.link = {link}))",
        &[("travels", &travels(link)), ("link", &Literal::new(link))],
    )
}

/// Drops what [`install`] and [`view`] created, whatever of it is there. The triggers go with their functions, which belong to us where the table does not, and
/// which find them also on a table that was renamed.
pub fn uninstall(table: &TableSide) -> Sql {
    let mut sql = Sql::default();
    for event in events(table) {
        sql.push(&Sql::render(
            "DROP FUNCTION IF EXISTS {function}() CASCADE;\n",
            &[("function", &table.capture_function(event.name))],
        ));
    }
    let logs = TURNS.into_iter().chain([0]).map(|part| table.log_part(part));
    sql.push(&Sql::render(
        "DROP VIEW IF EXISTS {view}, {entries};\nDROP TABLE IF EXISTS {logs};\n",
        &[
            ("view", &table.changelog_view()),
            ("entries", &table.entries()),
            ("logs", &Sql::join(", ", logs)),
        ],
    ));
    sql.push(&of_table(include_str!("capture/forget_parts.sql"), table, &[]));
    sql
}

fn parts(table: &TableSide) -> Sql {
    let names = TURNS.into_iter().map(|part| spelled(table, part));
    let comment = format!(
        "A part of the changelog of {}; see ponte.changelog_part.",
        table.name
    );
    of_table(
        include_str!("capture/parts.sql"),
        table,
        &[
            ("parts", &Sql::join(", ", names)),
            ("changelog", &spelled(table, 0)),
            ("comment", &Literal::new(comment)),
        ],
    )
}

fn changelog(table: &TableSide) -> Sql {
    let staged = table.staged_key();
    Sql::render(
        include_str!("capture/changelog.sql"),
        &[
            ("changelog", &table.changelog_table()),
            ("table", &table.name),
            ("keys_as_staged", &renamed("t", &table.key, &staged)),
            (
                "comment",
                &Literal::new(format!(
                    "Keys of {} that changed, in the transactions that changed them.",
                    table.name
                )),
            ),
        ],
    )
}

fn view_key_name(key: &Ident) -> Ident {
    if VIEW_COLUMNS.contains(&key.as_str()) {
        Ident::new(format!("key_{}", key.as_str()))
    } else {
        key.clone()
    }
}

fn function(table: &TableSide, event: &Event, max_future_seconds: i64, part: i16) -> Sql {
    if let (Some(mask), "update") = (&table.mask, event.name) {
        return masked::function(table, mask, event, max_future_seconds, part);
    }
    let (template, alias, rows): (_, _, Box<dyn Fragment>) = match event.rows {
        Rows::Transition(_, name) => (
            include_str!("capture/statement_function.sql"),
            "r",
            Box::new(Sql::text(name)),
        ),
        Rows::Table => (
            include_str!("capture/truncate_function.sql"),
            "r",
            Box::new(table.name.clone()),
        ),
        Rows::Record(record) => (
            include_str!("capture/row_function.sql"),
            record,
            Box::new(Sql::default()),
        ),
    };
    let version = version(table, alias, event.op == "D", max_future_seconds);
    let asks_filter = table.keeps && event.op == "D";
    if packed::fits(table, event) {
        return packed::function(table, event, (rows.as_ref(), &version), part);
    }
    let note = if asks_filter {
        kept::note(table, event, (alias, rows.as_ref()), &version, part)
    } else {
        let values = match event.rows {
            Rows::Record(_) => " VALUES ({row_key}, '{op}', {version});",
            Rows::Transition(..) | Rows::Table => " SELECT {row_key}, '{op}', {version} FROM {rows} r;",
        };
        let mut note = Sql::render(
            "INSERT INTO {log} ({staged_key}, op, version_at)",
            &[
                ("log", &table.log_part(part)),
                ("staged_key", &listed(&table.staged_key())),
            ],
        );
        note.push(&Sql::render(
            values,
            &[
                ("row_key", &qualified(alias, &table.key)),
                ("op", &Sql::text(event.op)),
                ("version", &version),
                ("rows", rows.as_ref()),
            ],
        ));
        note
    };
    let mut sql = Sql::render(
        template,
        &[
            ("function", &table.capture_function(event.name)),
            ("event", &Sql::text(event.name)),
            ("note", &note),
            ("return_if_applying", &Sql::text(RETURN_IF_APPLYING)),
        ],
    );
    if asks_filter {
        sql.push(&kept::path(table, event));
    }
    sql
}

/// What a change is ordered by. A delete is as new as the clock, and newer than the row that it saw.
fn version(table: &TableSide, alias: &'static str, delete: bool, max_future_seconds: i64) -> Sql {
    if table.version.is_none() {
        return Sql::text(
            "greatest(clock_timestamp(), (SELECT c.seen + interval '1 microsecond' FROM ponte.clock c))",
        );
    }
    let template = if delete {
        "greatest(clock_timestamp(), least({version}, clock_timestamp() + make_interval(secs => {future})))"
    } else {
        "least(coalesce({version}, clock_timestamp()), clock_timestamp() + make_interval(secs => {future}))"
    };
    Sql::render(
        template,
        &[
            ("version", &table.version_of(alias)),
            ("future", &max_future_seconds),
        ],
    )
}

fn trigger(table: &TableSide, event: &Event) -> Sql {
    let referencing = match event.rows {
        Rows::Transition(..) if table.mask.is_some() && event.name == "update" => masked::referencing(),
        Rows::Transition(which, name) => Sql::render(
            " REFERENCING {which} TABLE AS {name}",
            &[("which", &Sql::text(which)), ("name", &Sql::text(name))],
        ),
        _ => Sql::default(),
    };
    let each = if matches!(event.rows, Rows::Record(_)) {
        "ROW"
    } else {
        "STATEMENT"
    };
    let condition = if event.only_changed_keys {
        Sql::render(" WHEN ({changed})", &[("changed", &changed_key(table))])
    } else {
        Sql::default()
    };
    let mut sql = Sql::render(
        "CREATE TRIGGER {trigger} {fires} ON {table}{referencing} FOR EACH {each}{condition}\n  EXECUTE FUNCTION {function}();\n",
        &[
            ("trigger", &trigger_name(event)),
            ("fires", &Sql::text(event.fires)),
            ("table", &table.name),
            ("referencing", &referencing),
            ("each", &Sql::text(each)),
            ("condition", &condition),
            ("function", &table.capture_function(event.name)),
        ],
    );
    if table.always {
        sql.push(&Sql::render(
            "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger};\n",
            &[("table", &table.name), ("trigger", &trigger_name(event))],
        ));
    }
    sql
}

/// `OLD.key IS DISTINCT FROM NEW.key`, true for any change of the key, also one that the type calls equal.
/// The version column is named too, to no effect but one: the server then knows that it must not be dropped, for without it
/// the capture functions, and with them every write to the table, would fail.
/// The server reads this anew for every UPDATE, and it takes the longer the more there is to it; hence no list of columns
/// (`UPDATE OF key`) either, which a BEFORE trigger that sets the key would escape.
fn changed_key(table: &TableSide) -> Sql {
    let changed = table.key.iter().map(|key| {
        let template = if table.respelled.contains(key) {
            "ROW({old})::record OPERATOR(pg_catalog.*<>) ROW({new})::record"
        } else {
            "{old} IS DISTINCT FROM {new}"
        };
        Sql::render(
            template,
            &[("old", &member("OLD", key)), ("new", &member("NEW", key))],
        )
    });
    let changed = Sql::join(" OR ", changed);
    let Some(version) = &table.version else {
        return changed;
    };
    Sql::render(
        "({changed}) AND ({version} IS NULL) IS NOT NULL",
        &[
            ("changed", &changed),
            ("version", &member("OLD", &Ident::new(&version.name))),
        ],
    )
}
