//! From a connection string to a session: hosts in order, each address of a host, each with its time limit.
//!
//! As libpq has it, the next host is tried where a server cannot be reached, is not ready or is not of the wanted role. A server
//! that answers and refuses (password, certificate, database) ends the search.

use std::time::Duration;

use tokio_postgres::Client;

use crate::conninfo::{Conninfo, Roots, SslMode, Target, TargetSessionAttrs, TlsSettings};
use crate::error::{Error, ErrorKind, Result};
use crate::pooler;
use crate::session::login::{Driver, login};
use crate::session::open::{Address, Encryption, addresses, open};
use crate::session::{ConnectOptions, Identification, identify};
use crate::tls::{self, Connector};

/// A session's parts.
pub(crate) struct Dialed {
    pub(crate) client: Client,
    pub(crate) driver: Driver,
    pub(crate) route: Route,
}

/// How a session came about; a request to cancel goes the same way.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) target: Target,
    pub(crate) address: Address,
    pub(crate) encrypted: bool,
    pub(crate) connector: Option<Connector>,
    pub(crate) timeout: Option<Duration>,
}

/// What a successful search ends with.
type Ready = (Client, Route, Identification);

/// Everything that stays the same from host to host.
struct Dialer<'a> {
    conninfo: &'a Conninfo,
    options: &'a ConnectOptions,
    connector: Option<Connector>,
    timeout: Option<Duration>,
}

/// Finds a server, logs in, and has the session pinned; all of it counts against the time limit.
pub(crate) async fn dial(conninfo: &Conninfo, options: &ConnectOptions) -> Result<Ready> {
    let connector = match conninfo.tls.mode {
        SslMode::Disable => None,
        _ => Some(tls::connector(&conninfo.tls)?),
    };
    let timeout = conninfo.connect_timeout.unwrap_or(options.connect_timeout);
    let timeout = (!timeout.is_zero()).then_some(timeout);
    let dialer = Dialer {
        conninfo,
        options,
        connector,
        timeout,
    };
    match conninfo.target_session_attrs {
        TargetSessionAttrs::PreferStandby => match dialer.any_host(TargetSessionAttrs::Standby).await {
            Err(e) if goes_on(e.kind()) => dialer.any_host(TargetSessionAttrs::Any).await,
            outcome => outcome,
        },
        attrs => dialer.any_host(attrs).await,
    }
}

impl Dialer<'_> {
    /// The hosts in order, or in any order where the load is to be spread.
    async fn any_host(&self, attrs: TargetSessionAttrs) -> Result<Ready> {
        let mut order: Vec<_> = self.conninfo.targets.iter().collect();
        if self.conninfo.load_balance {
            order.sort_by_cached_key(|_| uuid::Uuid::new_v4());
        }
        let mut tried = Vec::new();
        let mut last = None;
        for target in order {
            match self.host(target, attrs).await {
                Ok(session) => return Ok(session),
                Err(e) => {
                    let kind = e.kind();
                    tried.push(format!("{}:{} {}", target.host, target.port, kind.code()));
                    last = Some(self.describe(e, target));
                    if !goes_on(kind) {
                        break;
                    }
                }
            }
        }
        let last = last
            .unwrap_or_else(|| Error::new(ErrorKind::Internal, "cannot connect: there is no host to try"));
        Err(if tried.len() > 1 {
            last.with("tried", tried.join(", "))
        } else {
            last
        })
    }

    /// Names the host, who we are and the TLS mode, and what is known about that provider.
    fn describe(&self, error: Error, target: &Target) -> Error {
        let provider = pooler::provider_hint(error.kind(), &target.host);
        let error = error
            .with("host", &target.host)
            .with("port", target.port)
            .with("database", &self.conninfo.dbname)
            .with("user", &self.conninfo.user)
            .with("sslmode", self.conninfo.tls.mode);
        match provider {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// The addresses of one host.
    async fn host(&self, target: &Target, attrs: TargetSessionAttrs) -> Result<Ready> {
        let mut last = None;
        for address in self.within(addresses(target)).await? {
            match self.within(self.address(target, &address, attrs)).await {
                Ok(session) => return Ok(session),
                Err(e) if goes_on(e.kind()) => last = Some(e),
                Err(e) => return Err(e),
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::new(ErrorKind::ConnDns, "cannot connect: the host name has no address")
        }))
    }

    /// Bounds one step.
    async fn within<T>(&self, step: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(timeout) = self.timeout else {
            return step.await;
        };
        tokio::time::timeout(timeout, step).await.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::ConnTimeout,
                format!("cannot connect: no answer within {} s", timeout.as_secs_f32()),
            ))
        })
    }

    /// One address: the login, with the second try that `allow` and `prefer` ask for, then the look at what server it is.
    async fn address(&self, target: &Target, address: &Address, attrs: TargetSessionAttrs) -> Result<Ready> {
        let (first, second) = self.encryption(address);
        let dialed = match (self.login(target, address, first).await, second) {
            (Err(e), Some(second)) if is_about_encryption(e.kind()) => {
                let outcome = self.login(target, address, second).await;
                // The first complaint tells more than «not without TLS either» and «there is no TLS».
                outcome.map_err(|again| if is_second_rate(again.kind()) { e } else { again })?
            }
            (Err(e), None) if e.kind() == ErrorKind::ConnNotAllowed => {
                return Err(self.say_if_tls_is_missing(e, target, address).await);
            }
            (outcome, _) => outcome?,
        };
        identify(dialed, self.options, attrs).await
    }

    /// What to do about TLS, and what to do when that fails.
    fn encryption(&self, address: &Address) -> (Encryption, Option<Encryption>) {
        let required = Encryption::Required(self.conninfo.tls.negotiation);
        match (address, self.conninfo.tls.mode) {
            (Address::Unix(_), _) | (_, SslMode::Disable) => (Encryption::Plain, None),
            (_, SslMode::Allow) => (Encryption::Plain, Some(required)),
            (_, SslMode::Prefer) => (Encryption::Offered, Some(Encryption::Plain)),
            (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => (required, None),
        }
    }

    async fn login(&self, target: &Target, address: &Address, encryption: Encryption) -> Result<Dialed> {
        let connector = self.connector.as_ref();
        let wire = open(address, target, self.conninfo.keepalives, encryption, connector).await?;
        let encrypted = wire.is_encrypted();
        let password = target.password.as_ref().map_or("", |password| password.expose());
        let (client, driver) = login(wire, self.conninfo, &self.options.application_name, password)
            .await
            .map_err(|e| {
                if encrypted {
                    about_our_certificate(e, connector)
                } else {
                    e
                }
            })?;
        Ok(Dialed {
            client,
            driver,
            route: Route {
                target: target.clone(),
                address: address.clone(),
                encrypted,
                connector: self.connector.clone(),
                timeout: self.timeout,
            },
        })
    }

    /// A server whose `pg_hba.conf` lets nobody in without TLS reports the same SQLSTATE as for a role that it does not know.
    /// So the same role knocks once more with TLS, without its password; if that gets any further, TLS was what is missing.
    async fn say_if_tls_is_missing(&self, error: Error, target: &Target, address: &Address) -> Error {
        if self.conninfo.tls.mode != SslMode::Disable || matches!(address, Address::Unix(_)) {
            return error;
        }
        let settings = TlsSettings {
            mode: SslMode::Require,
            roots: Roots::None,
            identity: None,
            ..self.conninfo.tls.clone()
        };
        let Ok(connector) = tls::connector(&settings) else {
            return error;
        };
        let encryption = Encryption::Required(settings.negotiation);
        let opened = open(
            address,
            target,
            self.conninfo.keepalives,
            encryption,
            Some(&connector),
        )
        .await;
        let Ok(wire) = opened else {
            return error;
        };
        match login(wire, self.conninfo, &self.options.application_name, "").await {
            Err(e) if e.kind() == ErrorKind::ConnNotAllowed => error,
            _ => Error::new(
                ErrorKind::ConnTlsRequired,
                "cannot log in: the server lets this role in only with TLS",
            )
            .because(error),
        }
    }
}

/// A refusal over TLS may be about the client certificate: the server asked for one and got none, or hung up on the one it got.
fn about_our_certificate(error: Error, connector: Option<&Connector>) -> Error {
    let Some(identity) = connector.map(|connector| &connector.identity) else {
        return error;
    };
    let about_it = match error.kind() {
        ErrorKind::ConnNotAllowed => identity.was_missing() && is_from_authentication(&error),
        ErrorKind::ConnLost => identity.was_shown(),
        _ => false,
    };
    if !about_it {
        return error;
    }
    let what = if identity.was_missing() {
        "cannot log in: the server asks for a client certificate and there is none"
    } else {
        "cannot log in: the server hung up on the client certificate"
    };
    Error::new(ErrorKind::ConnClientCert, what).because(error)
}

/// The routine of the server in which `pg_hba.conf` and its `clientcert` are looked at. A role that does not exist is found out
/// in another one.
fn is_from_authentication(error: &Error) -> bool {
    error.server().and_then(|db| db.routine()) == Some("ClientAuthentication")
}

/// Whether the next address or host is worth a try.
fn goes_on(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnDns
            | ErrorKind::ConnRefused
            | ErrorKind::ConnUnreachable
            | ErrorKind::ConnTimeout
            | ErrorKind::ConnLost
            | ErrorKind::ConnStarting
            | ErrorKind::ConnReadOnly
            | ErrorKind::ConnNoStandby
    )
}

/// Whether `allow` and `prefer` try the other way.
fn is_about_encryption(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnTls
            | ErrorKind::ConnUnknownCa
            | ErrorKind::ConnWrongHost
            | ErrorKind::ConnExpired
            | ErrorKind::ConnBadCertificate
            | ErrorKind::ConnClientCert
            | ErrorKind::ConnNotAllowed
    )
}

/// What a second try reports when it was only a second try.
fn is_second_rate(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnNotAllowed | ErrorKind::ConnTlsRefused)
}
