//! Reading what a database is made of, as a [`Model`].
//!
//! One query per kind of object, all of them sent at once in one REPEATABLE READ READ ONLY transaction, so that the model is of one
//! moment and costs one round trip however many objects there are. The search path is empty, so that the server qualifies every name it
//! prints. A plain role that may connect is enough: definitions are open to everybody in PostgreSQL, and values of options that may be
//! secrets are not asked for.
//!
//! Left out are what belongs to the server, what belongs to extensions, and what this program itself put there (schema `ponte` and the
//! capture of a sync); [`traces`] undoes in the model what a sync changed about the user's own objects.
//!
//! The text of a definition is the server's, so only models that the same major release printed can be compared.

mod describe;
mod side;
mod touched;
mod traces;

use std::collections::BTreeMap;

pub use describe::{Sizes, describe};
use futures_util::future::try_join_all;
use ponte_schema::model::{Facts, Kind, Model, ObjectId};
use ponte_schema::plan::Side;
use ponte_schema::{Ident, Sql};
use tokio_postgres::Row;
pub(crate) use touched::touched;
pub use traces::traced;

use crate::error::{During, Error, ErrorKind, Result};
use crate::session::Session;

/// Schemas that are the user's.
pub(crate) const OURS: &str =
    "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'ponte', 'ponte_journal')";

/// Reads the model of the session's database. The session must be without a transaction.
///
/// # Errors
/// Whatever the server answers.
pub async fn read(session: &Session) -> Result<Model> {
    in_one_snapshot(session, async || read_in_transaction(session).await).await
}

/// Reads the model with what a plan has to know beside it, of the same moment.
///
/// # Errors
/// Whatever the server answers.
pub async fn read_side(session: &Session) -> Result<Side> {
    in_one_snapshot(session, async || {
        let model = read_in_transaction(session).await?;
        side::read(session, model).await
    })
    .await
}

async fn in_one_snapshot<T>(session: &Session, read: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = ''";
    let client = session.client();
    client
        .batch_execute(begin)
        .await
        .during(|| "begin to read the catalog".to_owned())?;
    let read = read().await;
    let ended = client.batch_execute("ROLLBACK").await;
    let read = read?;
    ended.during(|| "end reading the catalog".to_owned())?;
    Ok(read)
}

/// Reads the model in the transaction that is open.
pub(crate) async fn read_in_transaction(session: &Session) -> Result<Model> {
    let client = session.client();
    let queries = queries(session.server_version_num());
    let answers = queries
        .iter()
        .map(|sql| async { client.query_typed(sql.as_str(), &[]).await.during(reading) });
    let mut model = Model::default();
    for rows in try_join_all(answers).await? {
        for row in &rows {
            let (id, facts) = object(row)?;
            model.objects.insert(id, facts);
        }
    }
    let counted = client
        .query_typed(filled(UNMODELLED, &[]).as_str(), &[])
        .await
        .during(reading)?;
    model.unmodelled = counted.iter().map(counted_kind).collect::<BTreeMap<_, _>>();
    traces::undo(session, &mut model).await?;
    Ok(model)
}

fn reading() -> String {
    "read the catalog".to_owned()
}

fn counted_kind(row: &Row) -> (String, u64) {
    (row.get(0), u64::try_from(row.get::<_, i64>(1)).unwrap_or(0))
}

fn object(row: &Row) -> Result<(ObjectId, Facts)> {
    let id = object_id(row, 0)?;
    let names: Vec<String> = row.get(5);
    let values: Vec<Option<String>> = row.get(6);
    let said = names.into_iter().zip(values);
    let facts = said.filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)));
    Ok((id, facts.collect()))
}

/// The five columns that name an object, from the one with this number on.
fn object_id(row: &Row, first: usize) -> Result<ObjectId> {
    let word: &str = row.get(first);
    let Some(kind) = Kind::from_word(word) else {
        return Err(Error::new(
            ErrorKind::Internal,
            format!("a catalog query names the unknown kind \"{word}\""),
        ));
    };
    Ok(ObjectId {
        kind,
        schema: row.get::<_, Option<String>>(first + 1).map(Ident::new),
        of: row.get::<_, Option<String>>(first + 2).map(Ident::new),
        name: Ident::new(row.get::<_, String>(first + 3)),
        signature: row.get(first + 4),
    })
}

const UNMODELLED: &str = include_str!("sql/unmodelled.sql");

/// The queries, one for each kind or family of kinds.
fn queries(version_num: u32) -> Vec<Sql> {
    let own = |acl, default| privileges_beyond(acl, default);
    let relation = own("c.relacl", "acldefault('r', c.relowner)");
    let column = own("a.attacl", "acldefault('c', c.relowner)");
    let function = own("p.proacl", "acldefault('f', p.proowner)");
    let type_ = own("t.typacl", "acldefault('T', t.typowner)");
    let sequence = own("c.relacl", "acldefault('s', c.relowner)");
    let schema = own("n.nspacl", "acldefault('n', n.nspowner)");
    let language = own("l.lanacl", "acldefault('l', l.lanowner)");
    let wrapper = own("w.fdwacl", "acldefault('F', w.fdwowner)");
    let server = own("s.srvacl", "acldefault('S', s.srvowner)");
    let granted = |template, grants: &Sql| filled(template, &[("grants", grants)]);
    vec![
        granted(include_str!("sql/schemas.sql"), &schema),
        filled(include_str!("sql/extensions.sql"), &[]),
        granted(include_str!("sql/languages.sql"), &language),
        filled(include_str!("sql/collations.sql"), &[]),
        granted(include_str!("sql/types.sql"), &type_),
        granted(include_str!("sql/sequences.sql"), &sequence),
        granted(include_str!("sql/functions.sql"), &function),
        granted(include_str!("sql/aggregates.sql"), &function),
        filled(include_str!("sql/operators.sql"), &[]),
        filled(include_str!("sql/operator_classes.sql"), &[]),
        filled(include_str!("sql/casts.sql"), &[]),
        filled(include_str!("sql/text_search.sql"), &[]),
        filled(
            include_str!("sql/foreign_data.sql"),
            &[
                ("wrapper_grants", &wrapper),
                ("server_grants", &server),
                ("wrapper_options", &options("w.fdwoptions")),
                ("server_options", &options("s.srvoptions")),
                ("mapping_options", &options("m.umoptions")),
            ],
        ),
        filled(
            include_str!("sql/tables.sql"),
            &[
                ("grants", &relation),
                ("foreign_options", &options("f.ftoptions")),
            ],
        ),
        filled(
            include_str!("sql/columns.sql"),
            &[
                ("grants", &column),
                ("foreign_options", &options("a.attfdwoptions")),
                ("compression", &compression(version_num)),
            ],
        ),
        filled(include_str!("sql/constraints.sql"), &[]),
        filled(include_str!("sql/indexes.sql"), &[]),
        granted(include_str!("sql/views.sql"), &relation),
        filled(include_str!("sql/rules.sql"), &[]),
        filled(include_str!("sql/triggers.sql"), &[]),
        filled(include_str!("sql/policies.sql"), &[]),
        filled(include_str!("sql/statistics.sql"), &[]),
        publications(version_num),
        filled(include_str!("sql/event_triggers.sql"), &[]),
        filled(
            include_str!("sql/default_privileges.sql"),
            &[("privileges", &privileges("d.defaclacl"))],
        ),
    ]
}

/// How a column is compressed, which can be chosen since PostgreSQL 14.
fn compression(version_num: u32) -> Sql {
    Sql::text(if version_num >= 140_000 {
        "nullif(a.attcompression::text, '')"
    } else {
        "NULL::text"
    })
}

/// The beginning of a query that goes from rows of the catalog to objects.
fn things() -> Sql {
    filled(include_str!("sql/things.sql"), &[])
}

/// Filters, column lists and whole schemas came with PostgreSQL 15.
fn publications(version_num: u32) -> Sql {
    let (filter, schemas) = if version_num >= 150_000 {
        (
            Sql::text("pg_get_expr(r.prqual, r.prrelid)"),
            Sql::text(include_str!("sql/publication_schemas.sql")),
        )
    } else {
        (Sql::text("NULL::text"), Sql::text("NULL::text"))
    };
    filled(
        include_str!("sql/publications.sql"),
        &[("filter", &filter), ("schemas", &schemas)],
    )
}

fn filled(template: &'static str, values: &[(&str, &Sql)]) -> Sql {
    let ours = Sql::text(OURS);
    let mut all: Vec<(&str, &dyn ponte_schema::sql::Fragment)> = vec![("ours", &ours)];
    for (name, value) in values {
        all.push((*name, *value));
    }
    Sql::render(template, &all)
}

/// A list of options, without what may be a secret.
fn options(list: &'static str) -> Sql {
    Sql::render(include_str!("sql/options.sql"), &[("options", &Sql::text(list))])
}

/// An access list in words.
fn privileges(acl: &'static str) -> Sql {
    Sql::render(include_str!("sql/privileges.sql"), &[("acl", &Sql::text(acl))])
}

/// An access list in words, where it says anything but what the server gives by default.
fn privileges_beyond(acl: &'static str, default: &'static str) -> Sql {
    Sql::render(
        "CASE WHEN {acl} IS NOT NULL THEN nullif({said}, {by_default}) END",
        &[
            ("acl", &Sql::text(acl)),
            ("said", &privileges(acl)),
            ("by_default", &privileges(default)),
        ],
    )
}
