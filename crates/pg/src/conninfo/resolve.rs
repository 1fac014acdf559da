//! From keywords with text to values with a meaning, and libpq's defaults for what nobody set.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::conninfo::keyword::Keyword as K;
use crate::conninfo::model::{
    ChannelBinding, Host, Keepalives, Roots, SslMode, SslNegotiation, Target, TargetSessionAttrs,
    TlsSettings, TlsVersion,
};
use crate::conninfo::passfile::{self, Passfile, Wanted};
use crate::conninfo::secret::Secret;
use crate::conninfo::settings::{Origin, Settings, invalid};
use crate::conninfo::{Conninfo, Environment, home};
use crate::error::Result;

/// A peer that is silent for so long is asked whether it is there, so often, so many times: within a minute it is known to be gone.
const IDLE_SECONDS: u64 = 30;
const INTERVAL_SECONDS: u64 = 10;
const PROBES: u64 = 3;
/// How long what was sent may stay unacknowledged.
const UNACKNOWLEDGED_MILLISECONDS: u64 = 60_000;

/// PostgreSQL's port.
const PORT: u16 = 5432;

/// Where the packaged servers of Debian and Fedora, and those built from source, keep their Unix sockets.
const SOCKET_DIRECTORIES: &[&str] = &["/var/run/postgresql", "/tmp"];

/// Gives every setting its meaning.
pub(super) fn resolve(mut settings: Settings, environment: Environment<'_>) -> Result<Conninfo> {
    refuse_unsupported(&settings)?;
    fill_user(&mut settings)?;
    let user = settings.get(K::User).unwrap_or_default().to_owned();
    let dbname = settings.get(K::Dbname).unwrap_or(&user).to_owned();
    let mut targets = targets(&settings)?;
    let notices = fill_passwords(&settings, environment, &user, &dbname, &mut targets);
    Ok(Conninfo {
        tls: tls(&settings, environment)?,
        channel_binding: settings.choice(
            K::ChannelBinding,
            &[
                ("disable", ChannelBinding::Disable),
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
            ],
            ChannelBinding::Prefer,
        )?,
        target_session_attrs: settings.choice(
            K::TargetSessionAttrs,
            TargetSessionAttrs::CHOICES,
            TargetSessionAttrs::Any,
        )?,
        options: settings.get(K::Options).map(str::to_owned),
        application_name: settings.get(K::ApplicationName).map(str::to_owned),
        connect_timeout: connect_timeout(&settings)?,
        keepalives: keepalives(&settings)?,
        load_balance: settings.choice(
            K::LoadBalanceHosts,
            &[("disable", false), ("random", true)],
            false,
        )?,
        pgbouncer: settings.choice(K::Pgbouncer, &[("true", true), ("false", false)], false)?,
        targets,
        user,
        dbname,
        notices,
        settings,
    })
}

/// Refuses what would be silently ignored otherwise, each with its reason.
fn refuse_unsupported(settings: &Settings) -> Result<()> {
    let unsupported: &[(K, &[&str], &str)] = &[
        (
            K::SslCrl,
            &[],
            "is not supported: certificates are not checked against a revocation list",
        ),
        (
            K::SslCrlDir,
            &[],
            "is not supported: certificates are not checked against revocation lists",
        ),
        (
            K::SslPassword,
            &[],
            "is not supported: store the client key unencrypted, with mode 0600",
        ),
        (
            K::SslCompression,
            &["0"],
            "is not supported: TLS 1.3 has no compression",
        ),
        (K::RequireAuth, &[], "is not supported"),
        (K::RequirePeer, &[], "is not supported"),
        (
            K::GssEncMode,
            &["disable", "prefer"],
            "can only be disable or prefer: GSSAPI encryption is not supported",
        ),
        (K::GssDelegation, &["0"], "is not supported: there is no GSSAPI"),
        (
            K::Replication,
            &["false", "off", "no", "0"],
            "is not supported: no replication protocol is spoken",
        ),
        (
            K::ClientEncoding,
            &["UTF8", "utf8", "UTF-8", "utf-8", "auto", "unicode", "UNICODE"],
            "can only be UTF8",
        ),
    ];
    for (keyword, harmless, why) in unsupported {
        if settings
            .get(*keyword)
            .is_some_and(|value| !harmless.contains(&value))
        {
            return Err(settings.refuse(*keyword, why));
        }
    }
    Ok(())
}

/// Without a user, it is the operating system's.
fn fill_user(settings: &mut Settings) -> Result<()> {
    if settings.get(K::User).is_some() {
        return Ok(());
    }
    let name = whoami::username().map_err(|e| {
        invalid("there is no user, and this system has no name for the one who runs this").because(e)
    })?;
    settings.fill(K::User, name, Origin::Default);
    Ok(())
}

fn targets(settings: &Settings) -> Result<Vec<Target>> {
    let hosts = settings.list(K::Host);
    let addresses = settings.list(K::Hostaddr);
    let ports = settings.list(K::Port);
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(settings.refuse(
            K::Hostaddr,
            &format!("has {} entries for {} hosts", addresses.len(), hosts.len()),
        ));
    }
    let count = hosts.len().max(addresses.len()).max(1);
    if ports.len() > 1 && ports.len() != count {
        return Err(settings.refuse(K::Port, &format!("has {} entries for {count} hosts", ports.len())));
    }
    let one = |index: usize| {
        let port = port(settings, ports.get(index).or(ports.first()).copied())?;
        let hostaddr = hostaddr(settings, addresses.get(index).copied())?;
        Ok(Target {
            host: host(hosts.get(index).copied(), hostaddr, port),
            hostaddr,
            port,
            password: settings.get(K::Password).map(Secret::new),
        })
    };
    (0..count).map(one).collect()
}

fn port(settings: &Settings, text: Option<&str>) -> Result<u16> {
    match text {
        None | Some("") => Ok(PORT),
        Some(text) => text
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| bad_port(settings)),
    }
}

/// In a URL, what is no port may be the rest of a password with a special character, so it is not repeated.
fn bad_port(settings: &Settings) -> crate::error::Error {
    let error = invalid("port takes a number from 1 to 65535");
    let error = match settings.origin(K::Port) {
        Some(origin) => error.with("from", origin),
        None => error,
    };
    error.hint("give the port as a number; in a URL, percent-encode the special characters of the password")
}

fn hostaddr(settings: &Settings, text: Option<&str>) -> Result<Option<IpAddr>> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => match text.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err(settings.refuse(K::Hostaddr, "takes numeric addresses only")),
        },
    }
}

fn host(text: Option<&str>, hostaddr: Option<IpAddr>, port: u16) -> Host {
    match (text.filter(|text| !text.is_empty()), hostaddr) {
        (Some(directory), _) if directory.starts_with('/') => Host::Socket(PathBuf::from(directory)),
        (Some(name), _) => Host::Name(name.to_owned()),
        (None, Some(address)) => Host::Name(address.to_string()),
        (None, None) => Host::Socket(default_socket_directory(port)),
    }
}

/// The first directory where a server of this port listens, else the first that exists.
fn default_socket_directory(port: u16) -> PathBuf {
    let directories = || SOCKET_DIRECTORIES.iter().map(Path::new);
    let listening = directories().find(|dir| dir.join(format!(".s.PGSQL.{port}")).exists());
    listening
        .or_else(|| directories().find(|dir| dir.is_dir()))
        .unwrap_or(Path::new("/tmp"))
        .to_owned()
}

/// Looks up passwords that are not set. Returns what a person should know.
fn fill_passwords(
    settings: &Settings,
    environment: Environment<'_>,
    user: &str,
    dbname: &str,
    targets: &mut [Target],
) -> Vec<String> {
    if settings.get(K::Password).is_some() {
        return Vec::new();
    }
    let path = settings
        .get(K::Passfile)
        .map(PathBuf::from)
        .or_else(|| home(environment).map(|home| home.join(".pgpass")));
    let Some(path) = path else {
        return Vec::new();
    };
    let (file, notice) = passfile::read(&path);
    for target in targets {
        target.password = file
            .as_ref()
            .and_then(|file| password(file, target, user, dbname));
    }
    notice.into_iter().collect()
}

/// The default socket directory is called `localhost` in a password file.
fn password(file: &Passfile, target: &Target, user: &str, dbname: &str) -> Option<Secret> {
    let host = match &target.host {
        Host::Name(name) => name.clone(),
        Host::Socket(dir) if SOCKET_DIRECTORIES.iter().any(|default| Path::new(default) == dir) => {
            "localhost".to_owned()
        }
        Host::Socket(dir) => dir.display().to_string(),
    };
    file.find(&Wanted {
        host: &host,
        port: target.port,
        dbname,
        user,
    })
}

/// Negative, zero: wait for ever.
fn connect_timeout(settings: &Settings) -> Result<Option<Duration>> {
    let seconds = settings.integer(K::ConnectTimeout)?;
    Ok(seconds.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
}

/// What is not said is not left to the system, which takes two hours to notice that a silent peer is gone: a link would stand still for as long.
/// A zero asks for the system's own.
fn keepalives(settings: &Settings) -> Result<Keepalives> {
    let number = |keyword, default| {
        let number = settings
            .integer(keyword)?
            .map_or(default, |n| u64::try_from(n).unwrap_or(0));
        Ok::<_, crate::error::Error>(Some(number).filter(|n| *n > 0))
    };
    Ok(Keepalives {
        on: settings.integer(K::Keepalives)?.is_none_or(|n| n != 0),
        idle: number(K::KeepalivesIdle, IDLE_SECONDS)?.map(Duration::from_secs),
        interval: number(K::KeepalivesInterval, INTERVAL_SECONDS)?.map(Duration::from_secs),
        count: number(K::KeepalivesCount, PROBES)?.and_then(|n| u32::try_from(n).ok()),
        user_timeout: number(K::TcpUserTimeout, UNACKNOWLEDGED_MILLISECONDS)?.map(Duration::from_millis),
    })
}

fn tls(settings: &Settings, environment: Environment<'_>) -> Result<TlsSettings> {
    let system = settings.get(K::SslRootCert) == Some("system");
    let default = if system {
        SslMode::VerifyFull
    } else {
        SslMode::Prefer
    };
    let mode = settings.choice(K::SslMode, SslMode::CHOICES, default)?;
    if system && mode < SslMode::VerifyFull {
        return Err(settings.refuse(K::SslMode, "must be verify-full with sslrootcert=system"));
    }
    let negotiation = settings.choice(
        K::SslNegotiation,
        &[
            ("postgres", SslNegotiation::Postgres),
            ("direct", SslNegotiation::Direct),
        ],
        SslNegotiation::Postgres,
    )?;
    if negotiation == SslNegotiation::Direct && mode < SslMode::Require {
        return Err(settings.refuse(K::SslNegotiation, "direct needs sslmode=require or stronger"));
    }
    let dot_postgresql = home(environment).map(|home| home.join(".postgresql"));
    let in_home = |name: &str| {
        dot_postgresql
            .as_ref()
            .map(|dir| dir.join(name))
            .filter(|file| file.exists())
    };
    Ok(TlsSettings {
        mode,
        negotiation,
        roots: roots(settings, in_home("root.crt"))?,
        identity: identity(settings, in_home("postgresql.crt"), in_home("postgresql.key"))?,
        sni: settings.choice(K::SslSni, &[("1", true), ("0", false)], true)?,
        min: version(settings, K::SslMinProtocolVersion)?,
        max: version(settings, K::SslMaxProtocolVersion)?,
    })
}

fn roots(settings: &Settings, in_home: Option<PathBuf>) -> Result<Roots> {
    match settings.get(K::SslRootCert) {
        Some("system") => Ok(Roots::System),
        Some(path) => Ok(Roots::File(PathBuf::from(path))),
        None => Ok(in_home.map_or(Roots::None, Roots::File)),
    }
}

fn identity(
    settings: &Settings,
    crt: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<(PathBuf, PathBuf)>> {
    let modes = &[("disable", false), ("allow", true), ("require", true)];
    if !settings.choice(K::SslCertMode, modes, true)? {
        return Ok(None);
    }
    let crt = settings.get(K::SslCert).map(PathBuf::from).or(crt);
    let key = settings.get(K::SslKey).map(PathBuf::from).or(key);
    match (crt, key) {
        (Some(crt), Some(key)) => Ok(Some((crt, key))),
        (Some(_), None) => Err(settings.refuse(K::SslCert, "needs the key that belongs to it in sslkey")),
        (None, Some(_)) if settings.get(K::SslKey).is_some() => {
            Err(settings.refuse(K::SslKey, "needs the certificate that belongs to it in sslcert"))
        }
        (None, _) => Ok(None),
    }
}

/// Versions before 1.2 are never spoken; as a lower limit they mean 1.2.
fn version(settings: &Settings, keyword: K) -> Result<Option<TlsVersion>> {
    let old = if keyword == K::SslMinProtocolVersion {
        &[("TLSv1", TlsVersion::Tls12), ("TLSv1.1", TlsVersion::Tls12)][..]
    } else {
        &[]
    };
    let known = [("TLSv1.2", TlsVersion::Tls12), ("TLSv1.3", TlsVersion::Tls13)];
    let choices: Vec<_> = known
        .iter()
        .chain(old)
        .map(|(name, version)| (*name, Some(*version)))
        .collect();
    settings.choice(keyword, &choices, None)
}
