//! The meanings of a connection string's values.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::conninfo::secret::Secret;

/// How much TLS is asked for; the names are libpq's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only where the server refuses a connection without.
    Allow,
    /// Where the server has it.
    Prefer,
    /// Always; the certificate is checked only where there is a root certificate to check it against.
    Require,
    /// Always, with a certificate from a trusted authority.
    VerifyCa,
    /// Always, with a certificate from a trusted authority for exactly this host.
    VerifyFull,
}

impl SslMode {
    pub(crate) const CHOICES: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::CHOICES.iter().find(|(_, mode)| mode == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslNegotiation {
    /// The server is asked first, in PostgreSQL's own protocol.
    Postgres,
    /// At once, with ALPN; PostgreSQL 17 and newer.
    Direct,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// None are known, so nothing can be verified.
    None,
    /// Those of this system, or Mozilla's list where the system has none.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// Everything about TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// How much TLS.
    pub mode: SslMode,
    /// How it begins.
    pub negotiation: SslNegotiation,
    /// Who is trusted.
    pub roots: Roots,
    /// The client's certificate and key, PEM files.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether the host name is sent in the clear, for servers that choose by it.
    pub sni: bool,
    /// The oldest acceptable version.
    pub min: Option<TlsVersion>,
    /// The newest acceptable version.
    pub max: Option<TlsVersion>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// Whether SCRAM is tied to the TLS channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// Where both sides can.
    Prefer,
    /// Always.
    Require,
}

/// What the server must be for the connection to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetSessionAttrs {
    /// Anything.
    Any,
    /// A server whose transactions may write.
    ReadWrite,
    /// A server whose transactions may not write.
    ReadOnly,
    /// Not in recovery.
    Primary,
    /// In recovery.
    Standby,
    /// In recovery, or anything where no host is.
    PreferStandby,
}

impl TargetSessionAttrs {
    pub(crate) const CHOICES: &'static [(&'static str, Self)] = &[
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];
}

impl fmt::Display for TargetSessionAttrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::CHOICES.iter().find(|(_, attrs)| attrs == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// TCP's own watch over a connection. `None` is left to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalives {
    /// Whether there is any.
    pub on: bool,
    /// Idle time before the first probe.
    pub idle: Option<Duration>,
    /// Time between probes.
    pub interval: Option<Duration>,
    /// Unanswered probes before the connection counts as lost.
    pub count: Option<u32>,
    /// How long sent data may stay unacknowledged.
    pub user_timeout: Option<Duration>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A host name or an address as it was written.
    Name(String),
    /// A directory with Unix sockets.
    Socket(PathBuf),
}

/// One of the servers to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it listens; also the name that its certificate must carry.
    pub host: Host,
    /// The address to use instead of looking up the name.
    pub hostaddr: Option<IpAddr>,
    /// The port, which is part of the file name for Unix sockets.
    pub port: u16,
    pub(crate) password: Option<Secret>,
}

impl Target {
    /// Whether there is a password to send, from wherever.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Socket(directory) => write!(f, "{}", directory.display()),
        }
    }
}
