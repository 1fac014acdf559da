//! Poolers: told by their names, and by how they behave.
//!
//! A pooler in transaction mode lends a server process for one transaction. Whatever outlives a transaction is lost, or worse,
//! stays with a stranger: settings, `LISTEN`, session locks, prepared statements. Work that needs a session is refused there, with
//! the direct connection string spelled out.
//!
//! Names are certain only where the provider's convention leaves no doubt; a bare port 6432 is a hint, and behaviour decides.

use serde::Serialize;

use crate::conninfo::{Conninfo, Host};
use crate::error::{During, Error, ErrorKind, Result};
use crate::session::{ConnectOptions, Session};

/// Pairs of transactions to watch before a connection counts as direct.
const ROUNDS: usize = 3;

/// What a connection string gives away.
#[derive(Debug, Clone)]
pub struct Suspicion {
    /// What gave it away, for a person.
    pub reason: String,
    /// Whether that leaves no doubt.
    pub certain: bool,
    /// The same without the pooler, where the convention tells.
    pub direct: Option<Conninfo>,
}

/// How a pooler gave itself away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Two open connections were served by one server process.
    SharedBackend,
    /// One connection was served by two server processes.
    ChangedBackend,
}

/// Looks at the names.
pub fn by_name(conninfo: &Conninfo) -> Option<Suspicion> {
    let by_address = conninfo.targets().iter().find_map(|target| match &target.host {
        Host::Name(name) => of_host(conninfo, &name.to_ascii_lowercase(), target.port),
        Host::Socket(_) => of_port(target.port),
    });
    if conninfo.pgbouncer && !by_address.as_ref().is_some_and(|found| found.certain) {
        let direct = by_address.and_then(|found| found.direct);
        return Some(suspicion("pgbouncer=true says so", true, direct));
    }
    by_address
}

fn of_host(conninfo: &Conninfo, host: &str, port: u16) -> Option<Suspicion> {
    let direct = |host: &str, port: u16| conninfo.with_host(host, port).ok();
    if let Some((label, domain)) = host.split_once('.')
        && let Some(endpoint) = label.strip_suffix("-pooler")
        && (domain.ends_with("neon.tech") || domain.ends_with("neon.build"))
    {
        let direct = direct(&format!("{endpoint}.{domain}"), port);
        return Some(suspicion(
            "Neon's -pooler host is a transaction pooler",
            true,
            direct,
        ));
    }
    if (host.ends_with(".pooler.supabase.com") || host.ends_with(".supabase.co")) && port == 6543 {
        return Some(suspicion(
            "Supabase's port 6543 is a transaction pooler",
            true,
            direct(host, 5432),
        ));
    }
    if host.ends_with(".rds.amazonaws.com") && host.contains(".proxy-") {
        return Some(suspicion("the host name is an RDS Proxy's", false, None));
    }
    if host.ends_with(".db.ondigitalocean.com") && port == 25061 {
        return Some(suspicion(
            "DigitalOcean's port 25061 is a connection pool",
            false,
            direct(host, 25060),
        ));
    }
    of_port(port)
}

fn of_port(port: u16) -> Option<Suspicion> {
    matches!(port, 6432 | 6543 | 25061)
        .then(|| suspicion(&format!("port {port} is usually a pooler's"), false, None))
}

fn suspicion(reason: &str, certain: bool, direct: Option<Conninfo>) -> Suspicion {
    Suspicion {
        reason: reason.to_owned(),
        certain,
        direct,
    }
}

/// Refuses a connection string that is certainly a transaction pooler's, unless that is allowed.
///
/// # Errors
/// [`ErrorKind::ConnPooled`] with the direct connection string in its hint.
pub fn refuse_pooled(conninfo: &Conninfo, allowed: bool) -> Result<()> {
    match by_name(conninfo) {
        Some(suspicion) if suspicion.certain && !allowed => {
            Err(refusal(conninfo, &suspicion.reason, suspicion.direct.as_ref()))
        }
        _ => Ok(()),
    }
}

/// Refuses a pooler by its name or by its behaviour. For commands that need a session, before their first session: that one
/// would leave its settings in the pooler.
///
/// # Errors
/// [`ErrorKind::ConnPooled`], or the kinds of a failed connection.
pub async fn require_direct(conninfo: &Conninfo, options: &ConnectOptions) -> Result<()> {
    refuse_pooled(conninfo, false)?;
    let Some(behaviour) = by_behaviour(conninfo, options).await? else {
        return Ok(());
    };
    let direct = by_name(conninfo).and_then(|suspicion| suspicion.direct);
    Err(refusal(conninfo, behaviour.describe(), direct.as_ref()))
}

impl Behaviour {
    /// For a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::SharedBackend => "two connections were served by one server process",
            Self::ChangedBackend => "one connection was served by two server processes",
        }
    }
}

fn refusal(conninfo: &Conninfo, reason: &str, direct: Option<&Conninfo>) -> Error {
    let error = Error::new(
        ErrorKind::ConnPooled,
        format!("cannot work through a pooler: {reason}"),
    )
    .with("url", conninfo.redacted());
    match direct {
        Some(direct) => error.hint(format!("use the direct connection: {}", direct.redacted())),
        None => error,
    }
}

/// Opens two connections and lets each hold a transaction while the other begins one. Behind a transaction pooler the two are
/// served from the same few processes: the second gets the process that the first just gave back, and the first then another.
///
/// `None` means that nothing was seen; on a busy pooler that can be chance.
///
/// # Errors
/// The kinds of a failed connection.
pub async fn by_behaviour(conninfo: &Conninfo, options: &ConnectOptions) -> Result<Option<Behaviour>> {
    let options = ConnectOptions {
        allow_pooled: true,
        pinned: false,
        ..options.clone()
    };
    let (first, mut second) = tokio::try_join!(
        Session::connect(conninfo, &options),
        Session::connect(conninfo, &options)
    )?;
    let mut first_pid = backend_pid(first.client()).await?;
    for _ in 0..ROUNDS {
        let transaction = second
            .client_mut()
            .transaction()
            .await
            .during(|| "begin a transaction".to_owned())?;
        let second_pid = backend_pid(transaction.client()).await?;
        if second_pid == first_pid {
            return Ok(Some(Behaviour::SharedBackend));
        }
        let again = backend_pid(first.client()).await?;
        if again != first_pid {
            return Ok(Some(Behaviour::ChangedBackend));
        }
        first_pid = again;
        transaction.rollback().await.during(|| "roll back".to_owned())?;
    }
    Ok(None)
}

/// One simple query: an extended one could be spread over two processes.
async fn backend_pid(client: &tokio_postgres::Client) -> Result<String> {
    let messages = client
        .simple_query("SELECT pg_catalog.pg_backend_pid()")
        .await
        .during(|| "ask for the server process".to_owned())?;
    let pid = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    pid.ok_or_else(|| {
        Error::new(
            ErrorKind::ConnProtocol,
            "the server does not say which process it is",
        )
    })
}

/// What is known about a provider and explains a failure there better than the kind alone.
pub(crate) fn provider_hint(kind: ErrorKind, host: &Host) -> Option<&'static str> {
    let Host::Name(name) = host else {
        return None;
    };
    match kind {
        ErrorKind::ConnNotAllowed if name.ends_with(".pooler.supabase.com") => {
            Some("write the user as ROLE.PROJECT_REF and use the pooler host of the project's region")
        }
        ErrorKind::ConnDns | ErrorKind::ConnUnreachable if name.ends_with(".supabase.co") => Some(
            "this host has only IPv6; use the session pooler of the project, port 5432, or the IPv4 add-on",
        ),
        ErrorKind::ConnTlsRequired if name.contains(".neon.") || name.contains(".supabase.") => {
            Some("set sslmode=verify-full and sslrootcert=system")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, certain: Option<bool>, direct: Option<&str>) {
        let suspicion = by_name(&Conninfo::parse(url).unwrap());
        assert_eq!(suspicion.as_ref().map(|s| s.certain), certain, "{url}");
        let shown = suspicion.and_then(|s| s.direct).map(|d| d.redacted());
        assert_eq!(shown.as_deref(), direct, "{url}");
    }

    #[test]
    fn providers_names_are_certain_and_know_the_direct_host() {
        check(
            "postgresql://me:secret@ep-cool-1-pooler.eu-central-1.aws.neon.tech/app?sslmode=require",
            Some(true),
            Some("postgresql://me:***@ep-cool-1.eu-central-1.aws.neon.tech:5432/app?sslmode=require"),
        );
        check(
            "postgresql://me.ref:secret@aws-0-eu.pooler.supabase.com:6543/postgres?pgbouncer=true",
            Some(true),
            Some("postgresql://me.ref:***@aws-0-eu.pooler.supabase.com:5432/postgres"),
        );
        check("postgresql://me@db/app?pgbouncer=true", Some(true), None);
        check(
            "postgresql://me.ref:secret@aws-0-eu.pooler.supabase.com:6543/postgres",
            Some(true),
            Some("postgresql://me.ref:***@aws-0-eu.pooler.supabase.com:5432/postgres"),
        );
    }

    #[test]
    fn ports_are_hints_only() {
        check("postgresql://me@db:6432/app", Some(false), None);
        check(
            "postgresql://me@x.proxy-abc.eu-west-1.rds.amazonaws.com/app",
            Some(false),
            None,
        );
    }

    #[test]
    fn direct_servers_raise_no_suspicion() {
        check(
            "postgresql://me@ep-cool-1.eu-central-1.aws.neon.tech/app",
            None,
            None,
        );
        check(
            "postgresql://me.ref@aws-0-eu.pooler.supabase.com:5432/postgres",
            None,
            None,
        );
        check("postgresql://me@my-pooler.example.com/app", None, None);
    }

    #[test]
    fn a_refusal_spells_the_direct_url_without_its_password() {
        let conninfo = Conninfo::parse("postgresql://me:secret@ep-a-pooler.x.aws.neon.tech/app").unwrap();
        let error = refuse_pooled(&conninfo, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnPooled);
        assert!(
            error
                .next_step()
                .unwrap()
                .contains("me:***@ep-a.x.aws.neon.tech:5432")
        );
        assert!(!format!("{error:?}").contains("secret"));
        refuse_pooled(&conninfo, true).unwrap();
    }
}
