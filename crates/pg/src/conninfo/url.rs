//! `postgresql://user:password@host:port,host:port/dbname?keyword=value`, read as libpq reads it.

use crate::conninfo::settings::{Origin, Settings, invalid};
use crate::error::Result;

/// The text behind the scheme, where the text is a PostgreSQL URL.
pub(crate) fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

/// Reads everything behind the scheme.
pub(crate) fn parse(rest: &str) -> Result<Settings> {
    let mut settings = Settings::default();
    // As libpq has it: the first @ ends the credentials unless a slash comes before it.
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => {
            read_credentials(&mut settings, &rest[..at])?;
            &rest[at + 1..]
        }
        _ => rest,
    };
    let (before_query, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
    let (hosts, dbname) = before_query.split_once('/').unwrap_or((before_query, ""));
    if before_query.contains('@') {
        // Stricter than libpq: this is the rest of a password, and must not end up as the name of a host that is looked up.
        return Err(invalid("there is a second @ before the question mark")
            .hint("percent-encode the special characters of the password: @ as %40, / as %2F"));
    }
    read_hosts(&mut settings, hosts)?;
    set(&mut settings, "dbname", dbname)?;
    if let Some(query) = query {
        read_query(&mut settings, query)?;
    }
    Ok(settings)
}

fn read_credentials(settings: &mut Settings, credentials: &str) -> Result<()> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    set(settings, "user", user)?;
    set(settings, "password", password)
}

fn read_hosts(settings: &mut Settings, text: &str) -> Result<()> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for entry in text.split(',') {
        let (host, port) = split_port(entry)?;
        hosts.push(decode(host)?);
        ports.push(decode(port)?);
    }
    for (name, values) in [("host", hosts), ("port", ports)] {
        if values.iter().any(|value| !value.is_empty()) {
            settings.assign(name, values.join(","), Origin::ConnectionString)?;
        }
    }
    Ok(())
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn split_port(entry: &str) -> Result<(&str, &str)> {
    let Some(bracketed) = entry.strip_prefix('[') else {
        // An unencoded @ or : in a password ends up here; nothing of it is repeated.
        return Ok(entry.split_once(':').unwrap_or((entry, "")));
    };
    let Some((address, rest)) = bracketed.split_once(']') else {
        return Err(invalid("an IPv6 address lacks its closing bracket"));
    };
    if address.is_empty() {
        return Err(invalid("the brackets of an IPv6 address are empty"));
    }
    match rest.strip_prefix(':') {
        Some(port) => Ok((address, port)),
        None if rest.is_empty() => Ok((address, "")),
        None => Err(invalid("only a port may follow the brackets of an IPv6 address")),
    }
}

fn read_query(settings: &mut Settings, query: &str) -> Result<()> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(invalid("a parameter behind the question mark has no value"));
        };
        if value.contains('=') {
            return Err(
                invalid("a parameter behind the question mark has two equals signs")
                    .hint("write an equals sign in a value as %3D"),
            );
        }
        let (name, value) = (decode(name)?, decode(value)?);
        // The one alias that libpq takes, for URLs made for JDBC.
        let (name, value) = match (name.as_str(), value.as_str()) {
            ("ssl", "true") => ("sslmode".to_owned(), "require".to_owned()),
            _ => (name, value),
        };
        settings.assign(&name, value, Origin::ConnectionString)?;
    }
    Ok(())
}

fn set(settings: &mut Settings, name: &str, encoded: &str) -> Result<()> {
    if encoded.is_empty() {
        return Ok(());
    }
    settings.assign(name, decode(encoded)?, Origin::ConnectionString)
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(0), Some(0)) => return Err(invalid("%00 is not allowed")),
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => {
                return Err(
                    invalid("a percent sign is not followed by two hexadecimal digits")
                        .hint("write a percent sign as %25"),
                );
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid("the percent-encoded text is not UTF-8"))
}
