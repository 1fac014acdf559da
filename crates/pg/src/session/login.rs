//! From an open stream to a driver's client: the startup message and authentication.

use ponte_schema::Ident;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use tokio_postgres::{Client, Connection};

use crate::conninfo::{self, Conninfo};
use crate::error::classify;
use crate::error::{Error, ErrorKind};
use crate::session::wire::{Done, Wire};

/// The driver's half that moves the bytes.
pub(crate) type Driver = Connection<Wire, Wire>;

/// Logs in. Without a password, a server that asks for one gets an empty one, so that it answers with its SQLSTATE.
pub(crate) async fn login(
    wire: Wire,
    conninfo: &Conninfo,
    application_name: &str,
    password: &str,
) -> Result<(Client, Driver), Error> {
    let mut config = tokio_postgres::Config::new();
    config
        .user(&conninfo.user)
        .dbname(&conninfo.dbname)
        .password(password)
        .application_name(conninfo.application_name.as_deref().unwrap_or(application_name))
        .channel_binding(channel_binding(conninfo.channel_binding));
    if let Some(options) = &conninfo.options {
        config.options(options);
    }
    if wire.is_encrypted() {
        // «Direct» keeps the driver from asking again: the handshake is over.
        config
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct);
    } else {
        config.ssl_mode(SslMode::Disable);
    }
    config
        .connect_raw(wire, Done)
        .await
        .map_err(|e| refused(e, conninfo, password))
}

fn channel_binding(setting: conninfo::ChannelBinding) -> ChannelBinding {
    match setting {
        conninfo::ChannelBinding::Disable => ChannelBinding::Disable,
        conninfo::ChannelBinding::Prefer => ChannelBinding::Prefer,
        conninfo::ChannelBinding::Require => ChannelBinding::Require,
    }
}

fn refused(error: tokio_postgres::Error, conninfo: &Conninfo, password: &str) -> Error {
    let kind = classify::of_login(&error);
    let sqlstate = error.code().map(|code| code.code().to_owned());
    let mut result = Error::new(kind, what(kind)).because(error);
    if sqlstate.as_deref() == Some("42501") {
        let (database, role) = (Ident::new(&conninfo.dbname), Ident::new(&conninfo.user));
        result = result.hint(format!("GRANT CONNECT ON DATABASE {database} TO {role}"));
    }
    if let Some(sqlstate) = sqlstate {
        result = result.with("sqlstate", sqlstate);
    }
    if kind == ErrorKind::ConnPassword && password.is_empty() {
        result =
            result.hint("no password is set: put it into the connection string, PGPASSWORD or ~/.pgpass");
    }
    result
}

fn what(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnPassword => "cannot log in: the server refuses the password",
        ErrorKind::ConnNotAllowed => "cannot log in: the server does not let this role in",
        ErrorKind::ConnNoDatabase => "cannot log in: there is no such database",
        ErrorKind::ConnTooMany => "cannot log in: the server has no free connection slot",
        ErrorKind::ConnStarting => "cannot log in: the server is not ready yet",
        ErrorKind::ConnAuthMethod => "cannot log in: the server asks for an unsupported way to log in",
        ErrorKind::ConnClientCert => "cannot log in: the server refuses the client certificate",
        ErrorKind::ConnInvalid => "cannot log in: the server refuses a setting of the connection string",
        ErrorKind::ConnLost => "cannot log in: the server hung up",
        ErrorKind::ConnProtocol => "cannot log in: the answer is not a PostgreSQL server's",
        _ => "cannot log in",
    }
}
