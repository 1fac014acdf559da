//! `ponte db check`: what a connection is good for, and what stands in the way of using it.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::ConnectOptions;
use ponte_pg::check::{ServerCheck, check_server};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

/// A clock that is off by more than this makes «newest wins» pick the wrong row often enough to be noticed.
const CLOCK_SKEW_MAX_MS: f64 = 1_000.0;

/// What was found out, and what is wrong with it.
#[derive(Debug, Serialize)]
struct Checked {
    /// The node, or where the address came from.
    label: String,
    /// The connection string, password masked.
    url: String,
    #[serde(flatten)]
    server: ServerCheck,
    findings: Vec<Finding>,
}

/// Something that stands in the way of migrations or a sync.
#[derive(Debug, Serialize)]
struct Finding {
    message: String,
    help: String,
}

pub(super) async fn run(context: &Context) -> Result<Verdict, Failure> {
    let database = context.database()?;
    let servers = Servers::new(context.config()?);
    let conninfo = servers.conninfo(&database.address).await?;
    for notice in conninfo.notices() {
        context.note(notice);
    }
    let outcome = check_server(&conninfo, &ConnectOptions::new("ponte db check")).await;
    servers.leave().await?;
    let server = outcome?;
    let checked = Checked {
        label: database.label,
        url: conninfo.redacted(),
        findings: findings(&server, database.allow_pooler),
        server,
    };
    context.print(&checked)?;
    Ok(Verdict::found(!checked.findings.is_empty()))
}

/// What a person should change before relying on this connection.
fn findings(server: &ServerCheck, allow_pooler: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |message: String, help: String| findings.push(Finding { message, help });
    if server.pooling.pooled && !allow_pooler {
        let help = match &server.pooling.direct_url {
            Some(url) => format!("use the direct connection for migrations and sync: {url}"),
            None => "use the direct connection string for migrations and sync".to_owned(),
        };
        add(
            "the connection goes through a transaction pooler".to_owned(),
            help,
        );
    }
    if server.in_recovery {
        add(
            "the server is a standby".to_owned(),
            "connect to the primary".to_owned(),
        );
    } else if server.read_only {
        add(
            "transactions cannot write by default".to_owned(),
            "set default_transaction_read_only = off for this role or database".to_owned(),
        );
    }
    if server.database.encoding != "UTF8" {
        add(
            format!("the database is encoded in {}", server.database.encoding),
            "move it to a database with encoding UTF8".to_owned(),
        );
    }
    if server.clock.clock_skew_ms.abs() - server.clock.clock_skew_uncertainty_ms > CLOCK_SKEW_MAX_MS {
        add(
            format!(
                "the server's clock is off by {:.0} ms",
                server.clock.clock_skew_ms
            ),
            "synchronise the clocks of both machines".to_owned(),
        );
    }
    findings
}

impl Report for Checked {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.url)?;
        for (name, value) in self.lines() {
            writeln!(out, "  {name:<12}{value}")?;
        }
        for finding in &self.findings {
            writeln!(out, "warning: {}\n  help: {}", finding.message, finding.help)?;
        }
        Ok(())
    }
}

impl Checked {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let server = &self.server;
        let database = &server.database;
        vec![
            (
                "server",
                format!("PostgreSQL {}{}", server.server_version, self.state()),
            ),
            ("tls", self.tls()),
            ("role", self.role()),
            (
                "database",
                format!("{}, {}, {}", database.name, database.encoding, database.collation),
            ),
            ("connection", self.pooling()),
            (
                "clock",
                format!(
                    "{:+.1} ms to this machine's, known to {:.1} ms",
                    server.clock.clock_skew_ms, server.clock.clock_skew_uncertainty_ms
                ),
            ),
            ("round trip", format!("{:.1} ms", server.clock.round_trip_ms)),
        ]
    }

    fn state(&self) -> &'static str {
        match (self.server.in_recovery, self.server.read_only) {
            (true, _) => ", a standby",
            (false, true) => ", read-only by default",
            (false, false) => "",
        }
    }

    fn tls(&self) -> String {
        let Some(tls) = &self.server.tls else {
            return "none".to_owned();
        };
        let unknown = || "on, as far as the pooler".to_owned();
        let version = tls.version.clone().unwrap_or_else(unknown);
        let cipher = tls
            .cipher
            .as_ref()
            .map(|cipher| format!(", {cipher}"))
            .unwrap_or_default();
        format!("{version}{cipher} (sslmode={})", tls.sslmode)
    }

    fn role(&self) -> String {
        let role = &self.server.role;
        let granted: Vec<_> = [
            (role.superuser, "superuser"),
            (role.createdb, "createdb"),
            (role.createrole, "createrole"),
            (role.bypassrls, "bypassrls"),
            (role.replication, "replication"),
            (role.create_in_database, "create schemas"),
            (role.set_session_replication_role, "session_replication_role"),
        ]
        .into_iter()
        .filter_map(|(may, name)| may.then_some(name))
        .collect();
        let granted = if granted.is_empty() {
            "nothing beyond its grants".to_owned()
        } else {
            granted.join(", ")
        };
        format!("{}: {granted}", role.name)
    }

    fn pooling(&self) -> String {
        let pooling = &self.server.pooling;
        let behaviour = pooling.behaviour.map(|behaviour| behaviour.describe().to_owned());
        let reason = behaviour.or_else(|| pooling.suspicion.clone());
        match (pooling.pooled, reason) {
            (true, Some(reason)) => format!("pooled: {reason}"),
            (true, None) => "pooled".to_owned(),
            (false, Some(reason)) => format!("direct, though {reason}"),
            (false, None) => "direct".to_owned(),
        }
    }
}
