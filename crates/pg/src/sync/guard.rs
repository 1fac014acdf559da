//! Triggers of the user's that would rewrite applied rows, or that are not to fire for them.
//!
//! `BEFORE UPDATE … SET updated_at = now()` is in half of all schemas. If it fired for the rows that the sync writes, every
//! applied row would differ from the one that was sent, and the two sides would hand it back and forth. So such a trigger gets
//! a WHEN clause that knows about the sync. The original statement is kept, and `drop` brings it back.

use ponte_schema::{Ident, Literal, QualifiedName, Sql};
use ponte_sync::capture::CAPTURING;
use ponte_sync::link::{ApplyAs, TriggerRule};
use ponte_sync::shape::{Fires, Shape, Trigger};

use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

const ALWAYS: &str = "always";
const REPLICA: &str = "replica";

/// One trigger to be recreated, with the statement that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The node on which it is.
    pub node: String,
    /// Its table.
    pub table: QualifiedName,
    /// Its name.
    pub trigger: String,
    /// The statement that creates the original.
    pub original: String,
    /// The statement that creates the guarded one.
    pub guarded: String,
    /// In which sessions it fires, before and after.
    pub fires: Fires,
}

/// Whether a trigger has to be guarded and is not, where rows are written in this way.
pub(super) fn is_due(trigger: &Trigger, apply: ApplyAs, rule: TriggerRule) -> bool {
    (trigger.rewrites_rows || rule == TriggerRule::Guard) && trigger.fires.when(apply) && !trigger.guarded
}

/// The triggers of a table that have to be guarded.
///
/// # Errors
/// A trigger that cannot be recreated: the role does not own the table, or the definition has no place for the clause.
pub fn needed(node: &str, shape: &Shape, apply: ApplyAs, rule: TriggerRule) -> Result<Vec<Guard>> {
    let due = shape.triggers.iter().filter(|t| is_due(t, apply, rule));
    due.map(|trigger| plan(node, shape, trigger)).collect()
}

fn plan(node: &str, shape: &Shape, trigger: &Trigger) -> Result<Guard> {
    let table = shape.qualified_name();
    let refusal = |why: &str| {
        Error::new(
            ErrorKind::SyncTriggers,
            format!(
                "cannot guard trigger {} of table {table} on \"{node}\": {why}",
                trigger.name
            ),
        )
    };
    if !shape.owned {
        return Err(refusal("the role does not own the table").hint(format!(
            "let the owner of {table} run ponte sync init, or disable the trigger there"
        )));
    }
    let guarded = guarded_definition(&trigger.definition).ok_or_else(|| {
        refusal("its definition has no place for a WHEN clause").hint("ponte explain sync.triggers")
    })?;
    Ok(Guard {
        node: node.to_owned(),
        table,
        trigger: trigger.name.clone(),
        original: trigger.definition.clone(),
        guarded,
        fires: trigger.fires,
    })
}

/// Adds the guard to a definition as `pg_get_triggerdef` prints it.
fn guarded_definition(definition: &str) -> Option<String> {
    let (head, call) = definition.rsplit_once(" EXECUTE FUNCTION ")?;
    Some(match head.split_once(" WHEN (") {
        Some((before, condition)) => {
            let condition = condition.strip_suffix(')')?;
            format!("{before} WHEN (({condition}) AND {CAPTURING}) EXECUTE FUNCTION {call}")
        }
        None => format!("{head} WHEN ({CAPTURING}) EXECUTE FUNCTION {call}"),
    })
}

/// Recreates one trigger with its guard and remembers the original. Inside the caller's transaction.
pub(super) async fn install(peer: &mut Peer, guard: &Guard) -> Result<()> {
    let what = format!("guard trigger {} of table {}", guard.trigger, guard.table);
    let remember = Sql::text(
        "INSERT INTO ponte.guarded_trigger VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (table_schema, table_name, trigger_name) DO UPDATE SET original = excluded.original, fires = excluded.fires",
    );
    let table = &guard.table;
    peer.rows(
        &remember,
        &[
            &table.schema.as_str(),
            &table.name.as_str(),
            &guard.trigger,
            &guard.original,
            &mode(guard.fires),
        ],
        &what,
    )
    .await?;
    let definition = (guard.guarded.as_str(), mode(guard.fires));
    recreate(peer, &guard.table, &guard.trigger, definition, &what).await
}

/// Brings back the originals of a table's guarded triggers. Inside the caller's transaction.
pub(super) async fn restore(peer: &mut Peer, table: &QualifiedName) -> Result<()> {
    let what = format!("restore the triggers of table {table}");
    let forget = Sql::text(
        "DELETE FROM ponte.guarded_trigger WHERE table_schema = $1 AND table_name = $2 RETURNING trigger_name, original, fires",
    );
    let rows = peer
        .rows(&forget, &[&table.schema.as_str(), &table.name.as_str()], &what)
        .await?;
    for row in rows {
        let name: String = row.get(0);
        if trigger_exists(peer, table, &name).await? {
            recreate(peer, table, &name, (row.get(1), row.get(2)), &what).await?;
        }
    }
    Ok(())
}

async fn trigger_exists(peer: &Peer, table: &QualifiedName, trigger: &str) -> Result<bool> {
    let sql = Sql::render(
        "SELECT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = to_regclass({table}) AND g.tgname = {trigger})",
        &[
            ("table", &Literal::new(Sql::of(table).as_str())),
            ("trigger", &Literal::new(trigger)),
        ],
    );
    peer.holds(&sql, "look for a trigger").await
}

/// Drops and creates in one transaction, so that no statement ever runs without the trigger. The definition is the server's own
/// text, which is why it is sent as it is.
async fn recreate(
    peer: &Peer,
    table: &QualifiedName,
    trigger: &str,
    (definition, fires): (&str, &str),
    what: &str,
) -> Result<()> {
    let drop = Sql::render(
        "DROP TRIGGER {trigger} ON {table}",
        &[("trigger", &Ident::new(trigger)), ("table", table)],
    );
    peer.script(&drop, what).await?;
    peer.catalog_text(definition, what).await?;
    let enable = match fires {
        ALWAYS => Sql::text("ENABLE ALWAYS"),
        REPLICA => Sql::text("ENABLE REPLICA"),
        _ => return Ok(()),
    };
    let alter = Sql::render(
        "ALTER TABLE {table} {enable} TRIGGER {trigger}",
        &[
            ("table", table),
            ("enable", &enable),
            ("trigger", &Ident::new(trigger)),
        ],
    );
    peer.script(&alter, what).await
}

/// How `ponte.guarded_trigger` says in which sessions a trigger fires.
fn mode(fires: Fires) -> &'static str {
    match fires {
        Fires::Always => ALWAYS,
        Fires::AsReplica => REPLICA,
        Fires::Ordinarily | Fires::Never => "ordinarily",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(definition: &str, expected: &str) {
        assert_eq!(guarded_definition(definition).as_deref(), Some(expected));
    }

    #[test]
    fn a_trigger_without_a_condition_gets_one() {
        check(
            "CREATE TRIGGER stamp BEFORE UPDATE ON public.perfis FOR EACH ROW EXECUTE FUNCTION stamp()",
            "CREATE TRIGGER stamp BEFORE UPDATE ON public.perfis FOR EACH ROW WHEN ((coalesce(current_setting('ponte.applying', true), '') = '' OR pg_trigger_depth() > 0 OR NOT ponte.is_applying())) EXECUTE FUNCTION stamp()",
        );
    }

    #[test]
    fn an_existing_condition_stays() {
        check(
            "CREATE TRIGGER stamp BEFORE UPDATE ON public.perfis FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION stamp('a')",
            "CREATE TRIGGER stamp BEFORE UPDATE ON public.perfis FOR EACH ROW WHEN (((old.* IS DISTINCT FROM new.*)) AND (coalesce(current_setting('ponte.applying', true), '') = '' OR pg_trigger_depth() > 0 OR NOT ponte.is_applying())) EXECUTE FUNCTION stamp('a')",
        );
    }

    #[test]
    fn other_text_is_not_touched() {
        assert_eq!(guarded_definition("CREATE VIEW x AS SELECT 1"), None);
    }
}
