//! What a sync changed about the user's objects while it is installed, taken back in the model: sequences that count in larger steps, and
//! triggers that leave applied rows alone. What they were is in schema `ponte`, from where `ponte sync drop` restores it.

use ponte_schema::Ident;
use ponte_schema::model::{Kind, Model, ObjectId};

use crate::error::{During, Result};
use crate::session::Session;

/// Takes the traces back, where this session may see what there was before.
pub(super) async fn undo(session: &Session, model: &mut Model) -> Result<()> {
    let readable = session
        .client()
        .query_typed_one(include_str!("sql/traces_readable.sql"), &[])
        .await
        .during(|| "look for traces of a sync".to_owned())?;
    if readable.get(0) {
        sequences(session, model).await?;
        triggers(session, model).await?;
    }
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
