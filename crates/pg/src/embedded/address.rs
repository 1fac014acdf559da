//! How to get into a cluster.

use super::cluster::Cluster;

impl Cluster {
    /// A connection string over the socket: no password, for this account and root only.
    pub fn conninfo(&self, database: &str, role: &str) -> String {
        format!(
            "host={} port={} dbname={} user={}",
            quoted(&self.socket_dir.to_string_lossy()),
            self.port,
            quoted(database),
            quoted(role)
        )
    }

    /// A connection string over the loopback address, with the password that the roles made by this crate share.
    /// Not for logs.
    pub fn url(&self, database: &str, role: &str) -> String {
        format!(
            "postgresql://{}:{}@127.0.0.1:{}/{}",
            percent_encoded(role),
            self.password,
            self.port,
            percent_encoded(database)
        )
    }
}

/// A value of a `key=value` connection string.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A part of a URL.
fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_survive_both_kinds_of_connection_string() {
        assert_eq!(quoted("it's \\"), "'it\\'s \\\\'");
        assert_eq!(percent_encoded("a/b c@ã"), "a%2Fb%20c%40%C3%A3");
    }
}
