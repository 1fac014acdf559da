//! Back to a URL.

use std::fmt::Write as _;

use crate::conninfo::Conninfo;
use crate::conninfo::keyword::Keyword;
use crate::conninfo::model::Host;
use crate::conninfo::settings::Origin;

/// What happens to passwords.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passwords {
    Masked,
    Exposed,
    /// Left out; whoever gets the URL gets it another way.
    LeftOut,
}

/// The URL. What came from nowhere but the defaults is left out, except for host, port, user and database.
pub(super) fn url(conninfo: &Conninfo, passwords: Passwords) -> String {
    let mut url = format!("postgresql://{}", encode(&conninfo.user));
    let password = conninfo
        .targets
        .iter()
        .find_map(|target| target.password.as_ref());
    if let Some(password) = password {
        match passwords {
            Passwords::Masked => url.push_str(":***"),
            Passwords::Exposed => url.push_str(&format!(":{}", encode(password.expose()))),
            Passwords::LeftOut => {}
        }
    }
    url.push('@');
    let hosts: Vec<_> = conninfo
        .targets
        .iter()
        .map(|target| authority(&target.host, target.port))
        .collect();
    url.push_str(&hosts.join(","));
    url.push('/');
    url.push_str(&encode(&conninfo.dbname));
    let mut separator = '?';
    for (keyword, setting) in conninfo.settings.iter() {
        let is_left_out = passwords == Passwords::LeftOut && keyword.is_secret();
        if in_front(keyword) || is_left_out || setting.origin == Origin::Default {
            continue;
        }
        let value = match passwords {
            Passwords::Masked if keyword.is_secret() => "***".to_owned(),
            _ => encode(&setting.value),
        };
        // Writing to a String cannot fail.
        let _ = write!(url, "{separator}{}={value}", keyword.name());
        separator = '&';
    }
    url
}

/// What the part before the question mark already says, and where it was looked up.
fn in_front(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::Host
            | Keyword::Port
            | Keyword::User
            | Keyword::Password
            | Keyword::Dbname
            | Keyword::Service
            | Keyword::Passfile
    )
}

fn authority(host: &Host, port: u16) -> String {
    match host {
        Host::Name(name) if name.contains(':') => format!("[{}]:{port}", encode(name).replace("%3A", ":")),
        Host::Name(name) => format!("{}:{port}", encode(name)),
        Host::Socket(directory) => format!("{}:{port}", encode(&directory.to_string_lossy())),
    }
}

/// Percent-encodes everything that is not certainly harmless.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
