//! From an address to an open stream: socket, keepalives, and TLS as far as it is asked for.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use rustix::net::sockopt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

use crate::conninfo::{Host, Keepalives, SslNegotiation, Target};
use crate::error::classify;
use crate::error::{Error, ErrorKind, Result};
use crate::session::wire::Wire;
use crate::tls::Connector;

/// The request for TLS: a length of eight, and a number where the protocol version would be.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// One address of a server.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// What to do about TLS on one stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// None.
    Plain,
    /// TLS if the server has it.
    Offered,
    /// TLS or nothing.
    Required(SslNegotiation),
}

/// All addresses of a target.
pub(crate) async fn addresses(target: &Target) -> Result<Vec<Address>> {
    let tcp = |ip: IpAddr| Address::Tcp(SocketAddr::new(ip, target.port));
    let name = match (&target.host, target.hostaddr) {
        (_, Some(ip)) => return Ok(vec![tcp(ip)]),
        (Host::Socket(directory), None) => {
            return Ok(vec![Address::Unix(
                directory.join(format!(".s.PGSQL.{}", target.port)),
            )]);
        }
        (Host::Name(name), None) => name,
    };
    let found = tokio::net::lookup_host((name.as_str(), target.port)).await;
    let addresses: Vec<_> = found
        .map_err(|e| {
            Error::new(ErrorKind::ConnDns, "cannot connect: the host name has no address").because(e)
        })?
        .map(Address::Tcp)
        .collect();
    if addresses.is_empty() {
        return Err(Error::new(
            ErrorKind::ConnDns,
            "cannot connect: the host name has no address",
        ));
    }
    Ok(addresses)
}

/// Opens a stream.
pub(crate) async fn open(
    address: &Address,
    target: &Target,
    keepalives: Keepalives,
    encryption: Encryption,
    connector: Option<&Connector>,
) -> Result<Wire> {
    let stream = match address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path)
                .await
                .map_err(|e| unreachable(e, address))?;
            return Ok(Wire::Unix(stream));
        }
        Address::Tcp(address_) => TcpStream::connect(address_)
            .await
            .map_err(|e| unreachable(e, address))?,
    };
    set_options(&stream, keepalives).map_err(|e| unreachable(e, address))?;
    match (encryption, connector) {
        (Encryption::Plain, _) | (_, None) => Ok(Wire::Tcp(stream)),
        (_, Some(connector)) => encrypt(stream, target, address, encryption, connector).await,
    }
}

fn set_options(stream: &TcpStream, keepalives: Keepalives) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(timeout) = keepalives.user_timeout {
        let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(stream, milliseconds)?;
    }
    sockopt::set_socket_keepalive(stream, keepalives.on)?;
    if !keepalives.on {
        return Ok(());
    }
    if let Some(idle) = keepalives.idle {
        sockopt::set_tcp_keepidle(stream, idle)?;
    }
    if let Some(interval) = keepalives.interval {
        sockopt::set_tcp_keepintvl(stream, interval)?;
    }
    if let Some(count) = keepalives.count {
        sockopt::set_tcp_keepcnt(stream, count)?;
    }
    Ok(())
}

async fn encrypt(
    mut stream: TcpStream,
    target: &Target,
    address: &Address,
    encryption: Encryption,
    connector: &Connector,
) -> Result<Wire> {
    if encryption != Encryption::Required(SslNegotiation::Direct) {
        match ask_for_tls(&mut stream).await? {
            true => {}
            false if encryption == Encryption::Offered => return Ok(Wire::Tcp(stream)),
            false => {
                return Err(Error::new(
                    ErrorKind::ConnTlsRefused,
                    "cannot connect: the server has no TLS",
                ));
            }
        }
    }
    let mut make = connector.make.clone();
    let name = name_for_tls(target, address, connector.checks_name);
    let handshake = match MakeTlsConnect::<TcpStream>::make_tls_connect(&mut make, &name) {
        Ok(handshake) => handshake,
        Err(impossible) => match impossible {},
    };
    let encrypted = handshake.connect(stream).await.map_err(|e| {
        let kind = match classify::of_io(&e) {
            // rustls has seen a certificate or an alert, or the server just hung up.
            ErrorKind::ConnLost => ErrorKind::ConnTls,
            kind => kind,
        };
        Error::new(kind, "cannot connect: the TLS handshake failed").because(e)
    })?;
    Ok(Wire::Tls(Box::new(encrypted)))
}

/// Asks in PostgreSQL's protocol.
async fn ask_for_tls(stream: &mut TcpStream) -> Result<bool> {
    let lost = |e: io::Error| {
        Error::new(
            ErrorKind::ConnLost,
            "cannot connect: the server hung up when asked for TLS",
        )
        .because(e)
    };
    stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
    match stream.read_u8().await.map_err(lost)? {
        b'S' => Ok(true),
        // E begins the error message of a server that is too old, or too busy, to know the question.
        b'N' | b'E' => Ok(false),
        other => Err(Error::new(
            ErrorKind::ConnProtocol,
            format!("cannot connect: the answer to the request for TLS is byte {other}, not S or N"),
        )),
    }
}

/// The name for SNI and the certificate. A host that cannot be a DNS name only matters where it is checked.
fn name_for_tls(target: &Target, address: &Address, checks_name: bool) -> String {
    match (&target.host, address) {
        (Host::Name(name), Address::Tcp(socket)) => {
            let usable = rustls::pki_types::ServerName::try_from(name.as_str()).is_ok();
            if usable || checks_name {
                name.clone()
            } else {
                socket.ip().to_string()
            }
        }
        (host, _) => host.to_string(),
    }
}

/// The error of a socket that did not open.
fn unreachable(error: io::Error, address: &Address) -> Error {
    let kind = classify::of_io(&error);
    let what = match kind {
        ErrorKind::ConnRefused => "cannot connect: nobody listens there",
        ErrorKind::ConnTimeout => "cannot connect: no answer",
        ErrorKind::ConnUnreachable => "cannot connect: there is no way to that address",
        _ => "cannot connect",
    };
    let refused_v6 = kind == ErrorKind::ConnUnreachable && matches!(address, Address::Tcp(a) if a.is_ipv6());
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    let result = Error::new(kind, what).because(error);
    match address {
        Address::Unix(_) if denied => result.hint("this operating system user may not use the socket; check its directory's permissions"),
        Address::Unix(path) => result.hint(format!("check that the server runs and has its socket at {}", path.display())),
        Address::Tcp(_) if refused_v6 => {
            result.hint("this host has only an IPv6 address and there is no IPv6 here; use the provider's IPv4 host name or pooler")
        }
        Address::Tcp(_) => result,
    }
}
