//! One connection to one server, with everything pinned that could make two servers print a value differently.
//!
//! [`open`] makes the stream and its TLS, [`login`] authenticates, [`dial`] tries hosts until one fits. What is deliberately not
//! here: a pool. The program has few connections, each with a name and a purpose.

mod cancel;
mod dial;
mod login;
mod notices;
mod open;
pub(crate) mod pin;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ponte_schema::Sql;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage};

pub use cancel::CancelToken;
pub use notices::Notices;

use crate::conninfo::{Conninfo, TargetSessionAttrs};
use crate::error::{During, Error, ErrorKind, Result};
use crate::pooler;
use dial::{Dialed, Route, dial};
use login::Driver;

/// How many undelivered notifications are kept. They only wake somebody up, so one waiting is as good as many.
const NOTIFICATIONS_MAX: usize = 1;

/// Asks what server this is, and sets nothing.
const IDENTIFY: &str = include_str!("identify.sql");

/// What a session is for.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Shown in `pg_stat_activity` where the connection string sets no `application_name`.
    pub application_name: String,
    /// How long one attempt may take where the connection string sets no `connect_timeout`; zero waits for ever.
    pub connect_timeout: Duration,
    /// Go on although the connection string is certainly a pooler's: somebody knows that it lends whole sessions, or that the
    /// work can do without one.
    pub allow_pooled: bool,
    /// Whether the session's settings are pinned. Behind a pooler in transaction mode they would be those of strangers too, so
    /// that work which can do with such a one leaves them alone.
    pub pinned: bool,
    /// Where the server's notices go; nowhere if nobody asks.
    pub notices: Option<Notices>,
}

impl ConnectOptions {
    /// The defaults, under a name for `pg_stat_activity`.
    pub fn new(application_name: impl Into<String>) -> Self {
        Self {
            application_name: application_name.into(),
            connect_timeout: Duration::from_secs(5),
            allow_pooled: false,
            pinned: true,
            notices: None,
        }
    }
}

/// A connection that is ready to be used. Dropping it closes it.
pub struct Session {
    client: Client,
    notifications: mpsc::Receiver<tokio_postgres::Notification>,
    end: Arc<OnceLock<Error>>,
    server: ServerState,
    conninfo: Conninfo,
    options: ConnectOptions,
    route: Route,
}

/// What a server says about itself right after the login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerState {
    pub(crate) version_num: u32,
    pub(crate) in_recovery: bool,
    pub(crate) read_only: bool,
}

/// A login that became a session, but for its connection string.
pub(crate) struct Identification {
    notifications: mpsc::Receiver<tokio_postgres::Notification>,
    end: Arc<OnceLock<Error>>,
    server: ServerState,
}

impl Session {
    /// Connects to the first server of the connection string that fits, and pins the settings.
    ///
    /// # Errors
    /// One of the `Conn…` kinds, which names host, port, database, user and `sslmode`.
    pub async fn connect(conninfo: &Conninfo, options: &ConnectOptions) -> Result<Self> {
        pooler::refuse_pooled(conninfo, options.allow_pooled)?;
        let (client, route, identification) = dial(conninfo, options).await?;
        Ok(Self {
            client,
            notifications: identification.notifications,
            end: identification.end,
            server: identification.server,
            conninfo: conninfo.clone(),
            options: options.clone(),
            route,
        })
    }

    /// Another session of the same kind, for work that is done side by side.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn another(&self) -> Result<Self> {
        Self::connect(&self.conninfo, &self.options).await
    }

    /// The driver's client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The driver's client, for transactions.
    pub fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The next notification of a channel that this session listens to; `None` once the connection is gone.
    pub async fn notification(&mut self) -> Option<tokio_postgres::Notification> {
        self.notifications.recv().await
    }

    /// The server's version as PostgreSQL numbers it, 150018 for 15.18.
    pub fn server_version_num(&self) -> u32 {
        self.server.version_num
    }

    /// Whether the server was in recovery (a standby) when the session began.
    pub fn is_in_recovery(&self) -> bool {
        self.server.in_recovery
    }

    /// Whether transactions could not write when the session began: a standby, or `default_transaction_read_only`.
    pub fn is_read_only(&self) -> bool {
        self.server.in_recovery || self.server.read_only
    }

    /// Whether what is sent is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.route.encrypted
    }

    /// The host that was connected to, as the connection string spells it, and its port.
    pub fn host(&self) -> (String, u16) {
        (self.route.target.host.to_string(), self.route.target.port)
    }

    /// Why the connection is gone, once it is: always of kind [`ErrorKind::ConnLost`], with the server's farewell as its cause
    /// where it sent one. Statements that were under way report the loss themselves.
    pub fn lost(&self) -> Option<&Error> {
        self.end.get()
    }

    /// The right to cancel what this session runs, for another task.
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken {
            token: self.client.cancel_token(),
            conninfo: self.conninfo.clone(),
            route: self.route.clone(),
        }
    }
}

/// Sets the driver going, pins the settings and checks that the server is what was asked for.
pub(crate) async fn identify(
    dialed: Dialed,
    options: &ConnectOptions,
    attrs: TargetSessionAttrs,
) -> Result<(Client, Route, Identification)> {
    let Dialed {
        client,
        driver,
        route,
    } = dialed;
    let (sender, notifications) = mpsc::channel(NOTIFICATIONS_MAX);
    let end = Arc::new(OnceLock::new());
    tokio::spawn(drive(driver, sender, options.notices.clone(), Arc::clone(&end)));
    // One round trip: everything goes as one simple query, and the row that counts is the last statement's.
    let mut script = if options.pinned {
        pin::for_session()
    } else {
        Sql::default()
    };
    script.push(&Sql::text(IDENTIFY));
    let messages = client
        .simple_query(script.as_str())
        .await
        .during(|| "pin the session's settings".to_owned())?;
    let server = server_state(&messages)?;
    check_role(server, attrs)?;
    Ok((
        client,
        route,
        Identification {
            notifications,
            end,
            server,
        },
    ))
}

/// Moves bytes and notifications until the connection ends, and keeps the reason.
async fn drive(
    mut driver: Driver,
    sender: mpsc::Sender<tokio_postgres::Notification>,
    notices: Option<Notices>,
    end: Arc<OnceLock<Error>>,
) {
    let lost = |cause: Option<tokio_postgres::Error>| {
        let error = Error::new(ErrorKind::ConnLost, "the connection to the server is gone");
        match cause {
            Some(cause) => match cause.code().map(|code| code.code().to_owned()) {
                Some(sqlstate) => error.with("sqlstate", sqlstate).because(cause),
                None => error.because(cause),
            },
            None => error,
        }
    };
    loop {
        match std::future::poll_fn(|cx| driver.poll_message(cx)).await {
            // A full channel already holds a wake-up, which is all that a notification is.
            Some(Ok(AsyncMessage::Notification(notification))) => drop(sender.try_send(notification)),
            Some(Ok(AsyncMessage::Notice(notice))) => {
                if let Some(notices) = &notices {
                    notices.keep(notice);
                }
            }
            Some(Ok(_)) => {}
            ended => {
                // The first reason stays; there is no second.
                let _ = end.set(lost(ended.and_then(std::result::Result::err)));
                return;
            }
        }
    }
}

fn server_state(messages: &[SimpleQueryMessage]) -> Result<ServerState> {
    let row = messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let value = |index: usize| row.and_then(|row| row.get(index));
    match (value(0).map(str::parse), value(1), value(2)) {
        (Some(Ok(version_num)), Some(in_recovery), Some(read_only)) => Ok(ServerState {
            version_num,
            in_recovery: in_recovery == "t",
            read_only: read_only == "on",
        }),
        _ => Err(Error::new(
            ErrorKind::ConnProtocol,
            "the server does not say what version it is",
        )),
    }
}

/// Whether the server fits `target_session_attrs`.
fn check_role(server: ServerState, attrs: TargetSessionAttrs) -> Result<()> {
    let read_only = server.in_recovery || server.read_only;
    let (fits, kind) = match attrs {
        TargetSessionAttrs::Any | TargetSessionAttrs::PreferStandby => return Ok(()),
        TargetSessionAttrs::ReadWrite => (!read_only, ErrorKind::ConnReadOnly),
        TargetSessionAttrs::Primary => (!server.in_recovery, ErrorKind::ConnReadOnly),
        TargetSessionAttrs::ReadOnly => (read_only, ErrorKind::ConnNoStandby),
        TargetSessionAttrs::Standby => (server.in_recovery, ErrorKind::ConnNoStandby),
    };
    if fits {
        return Ok(());
    }
    let what = if server.in_recovery {
        "the server is a standby"
    } else if read_only {
        "the server's transactions are read-only"
    } else {
        "the server is a primary that takes writes"
    };
    Err(Error::new(kind, format!("cannot use this server: {what}")).with("target_session_attrs", attrs))
}
