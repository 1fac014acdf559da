//! What a connection is good for, as data: the content of `ponte db check`.
//!
//! Nothing is changed on the server. The one probe that sets something does so in a transaction that is rolled back.

pub(crate) mod clock;

use serde::Serialize;
use tokio_postgres::Row;

use crate::conninfo::Conninfo;
use crate::error::{During, Error, ErrorKind, Result};
use crate::pooler;
use crate::session::{ConnectOptions, Session};

pub use clock::Clock;

const CHECK: &str = include_str!("check.sql");

/// Sets what a sync needs to mark its own changes, for one transaction.
const PROBE_REPLICATION_ROLE: &str = "SET LOCAL session_replication_role = replica";

/// Everything about a connection that a person or a script may want to know.
#[derive(Debug, Clone, Serialize)]
pub struct ServerCheck {
    /// The host that was reached, as the connection string spells it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The server's version as it prints it, `15.18 (Debian …)`.
    pub server_version: String,
    /// The same as a number, 150018 for 15.18.
    pub server_version_num: u32,
    /// `None` where the connection is not encrypted.
    pub tls: Option<TlsCheck>,
    /// The role and what it may do.
    pub role: RoleCheck,
    /// The database.
    pub database: DatabaseCheck,
    /// Whether a pooler is between.
    pub pooling: PoolingCheck,
    /// Whether the server is a standby.
    pub in_recovery: bool,
    /// Whether transactions cannot write, because of that or of `default_transaction_read_only`.
    pub read_only: bool,
    /// How far away the server is, and how far its clock is off.
    #[serde(flatten)]
    pub clock: Clock,
}

/// The encryption of the connection.
#[derive(Debug, Clone, Serialize)]
pub struct TlsCheck {
    /// `TLSv1.3`; `None` where a pooler ends the encryption and the server does not see it.
    pub version: Option<String>,
    /// The cipher, as OpenSSL spells it.
    pub cipher: Option<String>,
    /// The `sslmode` that was asked for.
    pub sslmode: String,
}

/// A role and what it may do.
#[derive(Debug, Clone, Serialize)]
pub struct RoleCheck {
    /// Its name.
    pub name: String,
    /// It may do everything.
    pub superuser: bool,
    /// It may create databases.
    pub createdb: bool,
    /// It may create roles.
    pub createrole: bool,
    /// Row security does not apply to it.
    pub bypassrls: bool,
    /// It may start streaming replication.
    pub replication: bool,
    /// It may create schemas in this database.
    pub create_in_database: bool,
    /// It may set `session_replication_role`, which lets a sync mark its own changes without a trigger of its own.
    pub set_session_replication_role: bool,
}

/// A database.
#[derive(Debug, Clone, Serialize)]
pub struct DatabaseCheck {
    /// Its name.
    pub name: String,
    /// Its encoding, `UTF8`.
    pub encoding: String,
    /// Its `LC_COLLATE`.
    pub collation: String,
    /// Its `LC_CTYPE`.
    pub ctype: String,
}

/// Whether a pooler is between.
#[derive(Debug, Clone, Serialize)]
pub struct PoolingCheck {
    /// Whether it is certain that the connection is pooled per transaction.
    pub pooled: bool,
    /// What the connection string gives away.
    pub suspicion: Option<String>,
    /// How the connection behaved.
    pub behaviour: Option<pooler::Behaviour>,
    /// The direct connection string without its password, where the provider's convention tells it.
    pub direct_url: Option<String>,
}

/// Connects and looks around.
///
/// # Errors
/// The kinds of a failed connection. A pooled connection is not an error here: it is a finding.
pub async fn check_server(conninfo: &Conninfo, options: &ConnectOptions) -> Result<ServerCheck> {
    let pooling = pooling(conninfo, options).await?;
    let options = ConnectOptions {
        allow_pooled: true,
        pinned: !pooling.pooled,
        ..options.clone()
    };
    let mut session = Session::connect(conninfo, &options).await?;
    let row = session
        .client()
        .query_typed_opt(CHECK, &[])
        .await
        .during(|| "look at the server".to_owned())?
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                "cannot find the role or the database in the catalog",
            )
        })?;
    let set_session_replication_role = may_set_replication_role(&mut session).await?;
    let (host, port) = session.host();
    Ok(ServerCheck {
        host,
        port,
        server_version: text(&row, "server_version")?,
        server_version_num: session.server_version_num(),
        tls: tls(&row, conninfo, &session)?,
        role: role(&row, set_session_replication_role)?,
        database: database(&row)?,
        pooling,
        in_recovery: session.is_in_recovery(),
        read_only: session.is_read_only(),
        clock: clock::measure(session.client()).await?,
    })
}

async fn pooling(conninfo: &Conninfo, options: &ConnectOptions) -> Result<PoolingCheck> {
    let behaviour = pooler::by_behaviour(conninfo, options).await?;
    let by_name = pooler::by_name(conninfo);
    Ok(PoolingCheck {
        pooled: behaviour.is_some() || by_name.as_ref().is_some_and(|suspicion| suspicion.certain),
        suspicion: by_name.as_ref().map(|suspicion| suspicion.reason.clone()),
        behaviour,
        direct_url: by_name
            .and_then(|suspicion| suspicion.direct)
            .map(|direct| direct.redacted()),
    })
}

/// Tries it. From PostgreSQL 15 on it can be granted, so that the catalog alone does not tell.
async fn may_set_replication_role(session: &mut Session) -> Result<bool> {
    let transaction = session
        .client_mut()
        .transaction()
        .await
        .during(|| "begin a transaction".to_owned())?;
    let outcome = transaction
        .batch_execute(PROBE_REPLICATION_ROLE)
        .await
        .during(|| "try session_replication_role".to_owned());
    transaction.rollback().await.during(|| "roll back".to_owned())?;
    match outcome {
        Ok(()) => Ok(true),
        Err(e) if e.server().is_some_and(|db| db.code().code() == "42501") => Ok(false),
        Err(e) => Err(e),
    }
}

fn tls(row: &Row, conninfo: &Conninfo, session: &Session) -> Result<Option<TlsCheck>> {
    if !session.is_encrypted() {
        return Ok(None);
    }
    Ok(Some(TlsCheck {
        version: column(row, "tls_version")?,
        cipher: column(row, "tls_cipher")?,
        sslmode: conninfo.tls().mode.to_string(),
    }))
}

fn role(row: &Row, set_session_replication_role: bool) -> Result<RoleCheck> {
    Ok(RoleCheck {
        name: text(row, "role_name")?,
        superuser: column(row, "rolsuper")?,
        createdb: column(row, "rolcreatedb")?,
        createrole: column(row, "rolcreaterole")?,
        bypassrls: column(row, "rolbypassrls")?,
        replication: column(row, "rolreplication")?,
        create_in_database: column(row, "create_in_database")?,
        set_session_replication_role,
    })
}

fn database(row: &Row) -> Result<DatabaseCheck> {
    Ok(DatabaseCheck {
        name: text(row, "database_name")?,
        encoding: text(row, "encoding")?,
        collation: text(row, "collation_name")?,
        ctype: text(row, "ctype_name")?,
    })
}

fn text(row: &Row, name: &str) -> Result<String> {
    column(row, name)
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, name: &str) -> Result<T> {
    row.try_get(name)
        .during(|| format!("read {name} of the server's answer"))
}
