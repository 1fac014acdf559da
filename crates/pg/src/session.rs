//! One connection to one server, with everything pinned that could make two servers print a value differently.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::error::{During, Error, ErrorKind, Result};

/// How many undelivered notifications are kept. They only wake somebody up, so one waiting is as good as many.
const NOTIFICATIONS_MAX: usize = 16;

/// Set on every session before its first statement: output formats, safety limits, a name.
const PIN_SETTINGS: &str = "
SET search_path = pg_catalog;
SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET extra_float_digits = 3;
SET bytea_output = hex; SET standard_conforming_strings = on; SET xmloption = content; SET client_encoding = 'UTF8';
SET statement_timeout = 0; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '10min'";

/// Where a server is and how to get in.
#[derive(Clone)]
pub struct Conninfo {
    config: tokio_postgres::Config,
}

impl Conninfo {
    /// Reads a URL or a `key=value` string.
    pub fn parse(text: &str) -> Result<Self> {
        let config = text.parse::<tokio_postgres::Config>().map_err(|e| {
            Error::new(ErrorKind::ConnInvalid, "cannot read the connection string").because(e)
        })?;
        Ok(Self { config })
    }
}

/// What a session is for.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// How long one attempt may take where the connection string sets no `connect_timeout`.
    pub connect_timeout: Duration,
}

impl ConnectOptions {
    /// The defaults, under a name for `pg_stat_activity`.
    pub fn new(application_name: impl Into<String>) -> Self {
        Self {
            application_name: application_name.into(),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// A connection that is ready to be used. Dropping it closes it.
pub struct Session {
    client: Client,
    notifications: mpsc::Receiver<tokio_postgres::Notification>,
    server_version_num: u32,
}

impl Session {
    /// Connects and pins the settings.
    pub async fn connect(conninfo: &Conninfo, options: &ConnectOptions) -> Result<Self> {
        let mut config = conninfo.config.clone();
        config
            .application_name(&options.application_name)
            .connect_timeout(options.connect_timeout);
        let (client, mut connection) = config.connect(NoTls).await.during(|| "connect".to_owned())?;
        let (sender, notifications) = mpsc::channel(NOTIFICATIONS_MAX);
        tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(n) = message {
                    // A full channel already holds a wake-up, which is all that a notification is.
                    let _ = sender.try_send(n);
                }
            }
        });
        client
            .batch_execute(PIN_SETTINGS)
            .await
            .during(|| "pin the session's settings".to_owned())?;
        let row = client
            .query_one("SELECT current_setting('server_version_num')", &[])
            .await
            .during(|| "ask for the server's version".to_owned())?;
        let server_version_num = row.get::<_, String>(0).parse().unwrap_or(0);
        Ok(Self {
            client,
            notifications,
            server_version_num,
        })
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
        self.server_version_num
    }
}
