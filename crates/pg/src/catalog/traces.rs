//! What a sync changed about the user's objects while it is installed, taken back in the model: sequences that count in larger steps, and
//! triggers that leave applied rows alone. What they were is in schema `ponte`, from where `ponte sync drop` restores it. Partitions that a
//! job has made are left out: no migration made them, and none should.

use std::collections::HashSet;

use ponte_schema::Ident;
use ponte_schema::model::{Kind, Model, ObjectId};
use tokio_postgres::types::Type;

use crate::error::{During, Result};
use crate::session::Session;

/// Takes the traces back, where this session may see what there was before.
pub(super) async fn undo(session: &Session, model: &mut Model) -> Result<()> {
    if readable(session, &["ponte.interleaved_sequence", "ponte.guarded_trigger"]).await? {
        sequences(session, model).await?;
        triggers(session, model).await?;
    }
    if readable(session, &["ponte.job_partition"]).await? {
        partitions(session, model).await?;
    }
    Ok(())
}

/// The objects that [`undo`] changes or leaves out, as far as this session may know.
///
/// # Errors
/// Whatever the server answers.
pub async fn traced(session: &Session) -> Result<Vec<ObjectId>> {
    let mut found = Vec::new();
    let sources = [
        (
            Kind::Sequence,
            "ponte.interleaved_sequence",
            "SELECT sequence_schema, NULL::text, sequence_name FROM ponte.interleaved_sequence",
        ),
        (
            Kind::Trigger,
            "ponte.guarded_trigger",
            "SELECT table_schema, table_name, trigger_name FROM ponte.guarded_trigger",
        ),
        (
            Kind::Table,
            "ponte.job_partition",
            "SELECT schema_name, NULL::text, table_name FROM ponte.job_partition",
        ),
    ];
    for (kind, table, sql) in sources {
        if !readable(session, &[table]).await? {
            continue;
        }
        let rows = session.client().query_typed(sql, &[]).await;
        for row in rows.during(|| "read our own traces".to_owned())? {
            found.push(ObjectId {
                kind,
                schema: Some(Ident::new(row.get::<_, String>(0))),
                of: row.get::<_, Option<String>>(1).map(Ident::new),
                name: Ident::new(row.get::<_, String>(2)),
                signature: None,
            });
        }
    }
    Ok(found)
}

async fn readable(session: &Session, tables: &[&str]) -> Result<bool> {
    let row = session
        .client()
        .query_typed_one(
            include_str!("sql/traces_readable.sql"),
            &[(&tables, Type::TEXT_ARRAY)],
        )
        .await;
    Ok(row.during(|| "look for our own traces".to_owned())?.get(0))
}

async fn partitions(session: &Session, model: &mut Model) -> Result<()> {
    let sql = "SELECT schema_name, table_name FROM ponte.job_partition";
    let rows = session.client().query_typed(sql, &[]).await;
    let made: HashSet<(Ident, Ident)> = rows
        .during(|| "read the partitions of jobs".to_owned())?
        .iter()
        .map(|row| {
            (
                Ident::new(row.get::<_, String>(0)),
                Ident::new(row.get::<_, String>(1)),
            )
        })
        .collect();
    if made.is_empty() {
        return Ok(());
    }
    model.objects.retain(|id, _| {
        let table = match (&id.of, id.kind) {
            (Some(table), _) => table,
            (None, Kind::Table) => &id.name,
            (None, _) => return true,
        };
        let schema = id.schema.as_ref();
        schema.is_none_or(|schema| !made.contains(&(schema.clone(), table.clone())))
    });
    Ok(())
}

async fn sequences(session: &Session, model: &mut Model) -> Result<()> {
    let sql = "SELECT sequence_schema, sequence_name, original_increment::text, original_start::text FROM ponte.interleaved_sequence";
    let rows = session.client().query_typed(sql, &[]).await;
    for row in rows.during(|| "read the sequences of a sync".to_owned())? {
        let id = ObjectId {
            kind: Kind::Sequence,
            schema: Some(Ident::new(row.get::<_, String>(0))),
            of: None,
            name: Ident::new(row.get::<_, String>(1)),
            signature: None,
        };
        if let Some(facts) = model.objects.get_mut(&id) {
            facts.insert("increment".to_owned(), row.get(2));
            facts.insert("start".to_owned(), row.get(3));
        }
    }
    Ok(())
}

async fn triggers(session: &Session, model: &mut Model) -> Result<()> {
    let sql = "SELECT table_schema, table_name, trigger_name, original FROM ponte.guarded_trigger";
    let rows = session.client().query_typed(sql, &[]).await;
    for row in rows.during(|| "read the guarded triggers of a sync".to_owned())? {
        let id = ObjectId {
            kind: Kind::Trigger,
            schema: Some(Ident::new(row.get::<_, String>(0))),
            of: Some(Ident::new(row.get::<_, String>(1))),
            name: Ident::new(row.get::<_, String>(2)),
            signature: None,
        };
        if let Some(facts) = model.objects.get_mut(&id) {
            facts.insert("definition".to_owned(), row.get(3));
        }
    }
    Ok(())
}
