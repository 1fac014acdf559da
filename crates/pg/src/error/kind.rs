//! What can go wrong, and the three facts that hold for every case of a kind: its code, whether to try again, what to do.

use ponte_schema::migration::Problem;

use crate::database::DatabaseProblem;
use crate::jobs;
use crate::seed::SeedProblem;

/// What went wrong, as far as a caller or a script may want to tell things apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection string or a connection setting cannot be used.
    ConnInvalid,
    /// The host name has no address.
    ConnDns,
    /// Nobody listens there.
    ConnRefused,
    /// There is no way to that address from here.
    ConnUnreachable,
    /// No answer within the time limit.
    ConnTimeout,
    /// The server went away, or a network error ended the connection.
    ConnLost,
    /// The answer does not follow the PostgreSQL protocol.
    ConnProtocol,
    /// The server lets nobody in without TLS, and `sslmode` rules TLS out.
    ConnTlsRequired,
    /// `sslmode` asks for TLS, and the server has none.
    ConnTlsRefused,
    /// The TLS handshake failed for a reason that is not about certificates.
    ConnTls,
    /// The server's certificate comes from an authority that is not trusted here.
    ConnUnknownCa,
    /// The server's certificate is for another host name.
    ConnWrongHost,
    /// The server's certificate is no longer, or not yet, valid.
    ConnExpired,
    /// The server's certificate cannot be used at all.
    ConnBadCertificate,
    /// The server wants a client certificate, or refuses the one it got.
    ConnClientCert,
    /// The password is wrong or missing.
    ConnPassword,
    /// The server does not let this role into this database from here.
    ConnNotAllowed,
    /// The server asks for a way to log in that is not supported.
    ConnAuthMethod,
    /// There is no such database.
    ConnNoDatabase,
    /// The server has no free connection slot.
    ConnTooMany,
    /// The server is starting up, shutting down or recovering.
    ConnStarting,
    /// The server is read-only, and something has to be written.
    ConnReadOnly,
    /// A standby or read-only server was asked for, and no host is one.
    ConnNoStandby,
    /// The connection goes through a pooler, and the work needs a session of its own.
    ConnPooled,
    /// The server rejected a statement; its SQLSTATE is in the context.
    SqlRejected,
    /// The server gave up on a statement for a reason that passes (deadlock, lock timeout, serialisation).
    SqlTransient,
    /// No PostgreSQL server binaries were found on this machine.
    EmbeddedNoBinaries,
    /// A server refuses to run as root, and there is no other account to run it as.
    EmbeddedNoAccount,
    /// The directory of an embedded cluster cannot be made or used.
    EmbeddedDirectory,
    /// The server of an embedded cluster does not start, or does not do what it was told.
    EmbeddedStart,
    /// No pg_dump that may dump this server was found on this machine.
    BackupNoProgram,
    /// pg_dump failed, or what it wrote cannot be read.
    BackupFailed,
    /// An extension of a database is not installed where its migrations are to be replayed.
    ShadowExtension,
    /// Rows to begin with: their files, and rows that are made up.
    Seed(SeedProblem),
    /// Creating or dropping a database.
    Database(DatabaseProblem),
    /// A link was asked for that these two databases cannot have as they are.
    SyncUnfit,
    /// The two sides' tables differ in shape.
    SyncDrift,
    /// The link does not exist in this database, or its first contact is not complete.
    SyncNotReady,
    /// The link exists already, with other partners or tables, or the table belongs to another link.
    SyncAlreadyLinked,
    /// Another process moved the link on while this one worked.
    SyncOvertaken,
    /// The source's history lies before what was read from it earlier.
    SyncWentBack,
    /// Capture was off for a while, so that changes may have been missed.
    SyncCaptureGap,
    /// A batch would delete so much of a table that a person is asked first.
    SyncMassDelete,
    /// The database carries the identity of another one.
    SyncIdentity,
    /// A row cannot be applied without losing or orphaning another one.
    SyncBlocked,
    /// Capture triggers are missing or disabled, or a trigger would rewrite applied rows.
    SyncTriggers,
    /// A statement of the user's that belongs to a batch failed, or the user's log cannot be written.
    SyncHook,
    /// A recorded conflict cannot be resolved as it was asked for.
    SyncConflict,
    /// A command waited for something that did not happen in time.
    SyncTimeout,
    /// Migrations: their files, their order, their execution.
    Migrate(Problem),
    /// Jobs and their runs.
    Jobs(jobs::Problem),
    /// A bug of ours or an answer that no PostgreSQL server gives.
    Internal,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Try again with backoff.
    Later,
    /// A person has to change something first.
    Never,
}

/// What holds for every error of a kind.
struct Facts {
    code: &'static str,
    retry: Retry,
    hint: &'static str,
}

impl ErrorKind {
    /// Every kind; each has its page in `docs/errors/`.
    pub const ALL: &[Self] = &[
        Self::ConnInvalid,
        Self::ConnDns,
        Self::ConnRefused,
        Self::ConnUnreachable,
        Self::ConnTimeout,
        Self::ConnLost,
        Self::ConnProtocol,
        Self::ConnTlsRequired,
        Self::ConnTlsRefused,
        Self::ConnTls,
        Self::ConnUnknownCa,
        Self::ConnWrongHost,
        Self::ConnExpired,
        Self::ConnBadCertificate,
        Self::ConnClientCert,
        Self::ConnPassword,
        Self::ConnNotAllowed,
        Self::ConnAuthMethod,
        Self::ConnNoDatabase,
        Self::ConnTooMany,
        Self::ConnStarting,
        Self::ConnReadOnly,
        Self::ConnNoStandby,
        Self::ConnPooled,
        Self::SqlRejected,
        Self::SqlTransient,
        Self::EmbeddedNoBinaries,
        Self::EmbeddedNoAccount,
        Self::EmbeddedDirectory,
        Self::EmbeddedStart,
        Self::BackupNoProgram,
        Self::BackupFailed,
        Self::ShadowExtension,
        Self::Seed(SeedProblem::File),
        Self::Seed(SeedProblem::Failed),
        Self::Seed(SeedProblem::UnknownTable),
        Self::Seed(SeedProblem::Unsatisfied),
        Self::Database(DatabaseProblem::NotAllowed),
        Self::Database(DatabaseProblem::Differs),
        Self::Database(DatabaseProblem::Extension),
        Self::Database(DatabaseProblem::InUse),
        Self::SyncUnfit,
        Self::SyncDrift,
        Self::SyncNotReady,
        Self::SyncAlreadyLinked,
        Self::SyncOvertaken,
        Self::SyncWentBack,
        Self::SyncCaptureGap,
        Self::SyncMassDelete,
        Self::SyncIdentity,
        Self::SyncBlocked,
        Self::SyncTriggers,
        Self::SyncHook,
        Self::SyncConflict,
        Self::SyncTimeout,
        Self::Migrate(Problem::Unreadable),
        Self::Migrate(Problem::FileName),
        Self::Migrate(Problem::FileText),
        Self::Migrate(Problem::Duplicate),
        Self::Migrate(Problem::Late),
        Self::Migrate(Problem::Changed),
        Self::Migrate(Problem::Irreversible),
        Self::Migrate(Problem::UnknownRevision),
        Self::Migrate(Problem::Failed),
        Self::Migrate(Problem::Locked),
        Self::Migrate(Problem::ReadOnly),
        Self::Migrate(Problem::Interrupted),
        Self::Migrate(Problem::HistoryNewer),
        Self::Migrate(Problem::AdoptUnknown),
        Self::Migrate(Problem::AdoptFiles),
        Self::Migrate(Problem::AdoptUnfinished),
        Self::Migrate(Problem::AdoptHistory),
        Self::Jobs(jobs::Problem::Newer),
        Self::Jobs(jobs::Problem::Unfit),
        Self::Jobs(jobs::Problem::Running),
        Self::Jobs(jobs::Problem::Held),
        Self::Jobs(jobs::Problem::Fenced),
        Self::Jobs(jobs::Problem::TimedOut),
        Self::Jobs(jobs::Problem::Cancelled),
        Self::Jobs(jobs::Problem::Lost),
        Self::Jobs(jobs::Problem::Backup),
        Self::Internal,
    ];

    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        self.facts().code
    }

    /// Whether trying again can help.
    pub fn retry(self) -> Retry {
        self.facts().retry
    }

    /// What to do when nothing more exact is known.
    pub fn default_hint(self) -> &'static str {
        self.facts().hint
    }

    /// The one table of all kinds.
    fn facts(self) -> Facts {
        match self {
            Self::ConnInvalid => never(
                "conn.invalid",
                "correct the connection string or the setting it names",
            ),
            Self::ConnDns => later(
                "conn.dns",
                "check the spelling of the host name, then this machine's name servers",
            ),
            Self::ConnRefused => later(
                "conn.refused",
                "check that the server runs and listens on this host and port",
            ),
            Self::ConnUnreachable => later(
                "conn.unreachable",
                "check the route, VPN and firewall between here and that host",
            ),
            Self::ConnTimeout => later(
                "conn.timeout",
                "check host and port, then whether a firewall drops the packets",
            ),
            Self::ConnLost => later(
                "conn.lost",
                "look into the server's log for the moment of the loss",
            ),
            Self::ConnProtocol => never(
                "conn.protocol",
                "check that the port belongs to a PostgreSQL server",
            ),
            Self::ConnTlsRequired => never(
                "conn.tls_required",
                "set sslmode=verify-full, or at least sslmode=require",
            ),
            Self::ConnTlsRefused => never(
                "conn.tls_refused",
                "turn on ssl at the server, or set sslmode=prefer for a network you trust",
            ),
            Self::ConnTls => never(
                "conn.tls",
                "compare ssl_min_protocol_version and ssl_ciphers of the server: TLS 1.2 or 1.3 is needed",
            ),
            Self::ConnUnknownCa => never(
                "conn.unknown_ca",
                "point sslrootcert at the authority's certificate, or set sslrootcert=system",
            ),
            Self::ConnWrongHost => never(
                "conn.wrong_host",
                "connect by a name that the certificate carries",
            ),
            Self::ConnExpired => never(
                "conn.expired",
                "renew the server's certificate, and compare the clocks of both machines",
            ),
            Self::ConnBadCertificate => never(
                "conn.bad_certificate",
                "issue an X.509 version 3 certificate with a subjectAltName for the server",
            ),
            Self::ConnClientCert => never(
                "conn.client_cert",
                "set sslcert and sslkey to a pair that the server's ssl_ca_file has signed",
            ),
            Self::ConnPassword => never(
                "conn.password",
                "set the role's password in the connection string, PGPASSWORD or ~/.pgpass",
            ),
            Self::ConnNotAllowed => never(
                "conn.not_allowed",
                "check that the role exists and that pg_hba.conf lets it in from this address",
            ),
            Self::ConnAuthMethod => never(
                "conn.auth_method",
                "let this role log in with scram-sha-256 in pg_hba.conf",
            ),
            Self::ConnNoDatabase => never("conn.no_database", "create the database, or correct the name"),
            Self::ConnTooMany => later("conn.too_many", "close idle connections or raise max_connections"),
            Self::ConnStarting => later("conn.starting", "wait until the server accepts connections"),
            Self::ConnReadOnly => later("conn.read_only", "connect to the primary"),
            Self::ConnNoStandby => later(
                "conn.no_standby",
                "add a standby to the hosts, or set target_session_attrs=any",
            ),
            Self::ConnPooled => never(
                "conn.pooled_url",
                "use the direct connection string instead of the pooler's",
            ),
            Self::SqlRejected => never(
                "sql.rejected",
                "read the server's message; the statement has to change, or a privilege is missing",
            ),
            Self::SqlTransient => later("sql.transient", "try again"),
            Self::EmbeddedNoBinaries => never(
                "embedded.no_binaries",
                "install PostgreSQL's server, or set PONTE_PG_BIN to the directory that holds postgres and initdb",
            ),
            Self::EmbeddedNoAccount => never(
                "embedded.no_account",
                "create an unprivileged account, for instance with adduser --system postgres",
            ),
            Self::EmbeddedDirectory => never(
                "embedded.directory",
                "check the directory's owner, permissions and free space",
            ),
            Self::EmbeddedStart => never("embedded.start", "read the end of the log that it names"),
            Self::BackupNoProgram => never("backup.no_program", "install PostgreSQL's client programs"),
            Self::BackupFailed => never("backup.failed", "see what pg_dump says about it"),
            Self::ShadowExtension => never(
                "shadow.extension",
                "install the packages that bring the extensions",
            ),
            Self::Seed(problem) => never(problem.code(), problem.remedy()),
            Self::Database(problem) => never(problem.code(), problem.remedy()),
            Self::SyncUnfit => never("sync.unfit", "mend what it names, then run the command again"),
            Self::SyncDrift => never(
                "sync.drift",
                "bring both sides to the same shape, for instance with ponte migrate up on each node, or name the difference in local or map; the link goes on by itself",
            ),
            Self::SyncNotReady => never("sync.not_ready", "ponte sync init"),
            Self::SyncAlreadyLinked => never(
                "sync.already_linked",
                "give the link another name, or ponte sync drop it first",
            ),
            Self::SyncOvertaken => later("sync.overtaken", "run one process per link"),
            Self::SyncWentBack => never("sync.went_back", "ponte sync reconcile, which compares all rows"),
            Self::SyncCaptureGap => never(
                "sync.capture_gap",
                "ponte sync reconcile, which compares all rows",
            ),
            Self::SyncMassDelete => never("sync.mass_delete", "ponte sync approve"),
            Self::SyncIdentity => never("sync.identity", "ponte sync identity NODE --copy or --moved"),
            Self::SyncBlocked => never(
                "sync.blocked",
                "change one of the rows that the message names, then ponte sync once",
            ),
            Self::SyncTriggers => never("sync.triggers", "ponte explain sync.triggers"),
            Self::SyncHook => never("sync.hook", "mend the statement or log that it names"),
            Self::SyncConflict => never("sync.conflict", "ponte sync conflicts lists them"),
            Self::SyncTimeout => never("sync.timeout", "look at ponte sync status"),
            Self::Migrate(problem) => of_migration(problem),
            Self::Jobs(problem @ jobs::Problem::Held) => later(problem.code(), problem.remedy()),
            Self::Jobs(problem) => never(problem.code(), problem.remedy()),
            Self::Internal => never(
                "internal",
                "report this as a bug, with the command and its output",
            ),
        }
    }
}

fn later(code: &'static str, hint: &'static str) -> Facts {
    Facts {
        code,
        retry: Retry::Later,
        hint,
    }
}

fn never(code: &'static str, hint: &'static str) -> Facts {
    Facts {
        code,
        retry: Retry::Never,
        hint,
    }
}

fn of_migration(problem: Problem) -> Facts {
    Facts {
        code: problem.code(),
        retry: match problem {
            Problem::Locked => Retry::Later,
            _ => Retry::Never,
        },
        hint: problem.remedy(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_a_page() {
        let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let mut seen = std::collections::BTreeSet::new();
        for kind in ErrorKind::ALL {
            assert!(seen.insert(kind.code()), "{} is used twice", kind.code());
            let page = pages.join(format!("{}.md", kind.code()));
            let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
            for heading in ["## Cause", "## How to check", "## Remedy"] {
                assert!(text.contains(heading), "{} lacks {heading}", page.display());
            }
        }
    }
}
