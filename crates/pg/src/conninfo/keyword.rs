//! The keywords of a connection string, each with its environment variable.

/// Declares the keywords with their spelling and, where libpq has one, their environment variable.
macro_rules! keywords {
    ($($variant:ident $name:literal $($env:literal)?;)*) => {
        /// A keyword of a connection string.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Keyword { $($variant,)* }

        impl Keyword {
            /// All of them, in the order in which they are printed.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As it is written in a connection string.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The environment variable that sets it.
            pub(crate) fn variable(self) -> Option<&'static str> {
                match self { $(Self::$variant => keywords!(@env $($env)?),)* }
            }
        }
    };
    (@env $env:literal) => { Some($env) };
    (@env) => { None };
}

keywords! {
    Service "service" "PGSERVICE";
    Host "host" "PGHOST";
    Hostaddr "hostaddr" "PGHOSTADDR";
    Port "port" "PGPORT";
    Dbname "dbname" "PGDATABASE";
    User "user" "PGUSER";
    Password "password" "PGPASSWORD";
    Passfile "passfile" "PGPASSFILE";
    ConnectTimeout "connect_timeout" "PGCONNECT_TIMEOUT";
    ApplicationName "application_name" "PGAPPNAME";
    FallbackApplicationName "fallback_application_name";
    Options "options" "PGOPTIONS";
    ClientEncoding "client_encoding" "PGCLIENTENCODING";
    SslMode "sslmode" "PGSSLMODE";
    SslNegotiation "sslnegotiation" "PGSSLNEGOTIATION";
    SslRootCert "sslrootcert" "PGSSLROOTCERT";
    SslCert "sslcert" "PGSSLCERT";
    SslKey "sslkey" "PGSSLKEY";
    SslPassword "sslpassword";
    SslCertMode "sslcertmode" "PGSSLCERTMODE";
    SslCrl "sslcrl" "PGSSLCRL";
    SslCrlDir "sslcrldir" "PGSSLCRLDIR";
    SslSni "sslsni" "PGSSLSNI";
    SslCompression "sslcompression" "PGSSLCOMPRESSION";
    SslMinProtocolVersion "ssl_min_protocol_version" "PGSSLMINPROTOCOLVERSION";
    SslMaxProtocolVersion "ssl_max_protocol_version" "PGSSLMAXPROTOCOLVERSION";
    ChannelBinding "channel_binding" "PGCHANNELBINDING";
    RequireAuth "require_auth" "PGREQUIREAUTH";
    RequirePeer "requirepeer" "PGREQUIREPEER";
    GssEncMode "gssencmode" "PGGSSENCMODE";
    GssLib "gsslib" "PGGSSLIB";
    GssDelegation "gssdelegation" "PGGSSDELEGATION";
    KrbSrvName "krbsrvname" "PGKRBSRVNAME";
    TargetSessionAttrs "target_session_attrs" "PGTARGETSESSIONATTRS";
    LoadBalanceHosts "load_balance_hosts" "PGLOADBALANCEHOSTS";
    Keepalives "keepalives";
    KeepalivesIdle "keepalives_idle";
    KeepalivesInterval "keepalives_interval";
    KeepalivesCount "keepalives_count";
    TcpUserTimeout "tcp_user_timeout";
    Replication "replication";
    Pgbouncer "pgbouncer";
}

/// How unlike a known keyword a word may be for it to be suggested.
const SUGGESTION_SIMILARITY_MIN: f64 = 0.75;

impl Keyword {
    /// The keyword of that spelling.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|keyword| keyword.name() == name)
    }

    /// The keyword that was most probably meant.
    pub(crate) fn nearest(name: &str) -> Option<Self> {
        let similarity = |keyword: &Self| strsim::jaro_winkler(keyword.name(), &name.to_ascii_lowercase());
        Self::ALL
            .iter()
            .copied()
            .map(|keyword| (similarity(&keyword), keyword))
            .filter(|(similarity, _)| *similarity >= SUGGESTION_SIMILARITY_MIN)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, keyword)| keyword)
    }

    /// Whether its value must never be shown.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::SslPassword)
    }
}
