//! `ponte sync status`: what both databases hold about a link, and what a process of this machine says it is doing.

mod costs;

use std::io::{self, Write};

use jiff::Timestamp;
use ponte_engine::journal::{Journal, LinkState, Note};
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::status::{NodeStatus, node_status};
use ponte_sync::link::Side;
use serde::Serialize;

use self::costs::CostsLine;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, Serialize)]
struct Status {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    /// `running`, `paused`, `retrying`, `stopped`; `idle` where no process of this machine runs it; `not_initialised`;
    /// `first_contact` while rows that were there before are being brought together, or an `init` was interrupted; `other_tables` and `init_due` where
    /// `ponte.toml` asks for something that `init` has not been told of.
    state: String,
    reason: Option<String>,
    nodes: Vec<NodeLine>,
    conflicts: i64,
    /// Conflicts among them that wait for a person.
    parked: i64,
    quarantined: i64,
    last_pass_at: Option<String>,
    next_pass_at: Option<Timestamp>,
    pid: Option<u32>,
    /// The second node's clock minus the first one's; `None` where one of them could not be asked.
    clock_skew_ms: Option<f64>,
    /// What a person should know about, a line each.
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NodeLine {
    node: String,
    /// Why the node could not be asked.
    unreachable: Option<String>,
    pending: Option<i64>,
    lag_seconds: Option<f64>,
    last_applied_at: Option<String>,
    /// How far the rows that were there before the link have come to this node, while that is not complete.
    first_contact: Option<ContactLine>,
    costs: Option<CostsLine>,
}

#[derive(Debug, Serialize)]
struct ContactLine {
    chunks: i64,
    chunks_done: i64,
    rows_expected: i64,
    rows: i64,
}

impl Report for Status {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            let pid = line.pid.map_or(String::new(), |pid| format!(" (process {pid})"));
            writeln!(out, "link {}: {}{pid}", line.link, line.state)?;
            if let Some(reason) = &line.reason {
                writeln!(out, "  reason: {reason}")?;
            }
            for node in &line.nodes {
                if let Some(contact) = &node.first_contact {
                    let ContactLine {
                        chunks,
                        chunks_done,
                        rows_expected,
                        rows,
                    } = contact;
                    writeln!(
                        out,
                        "  first contact: {chunks_done} of {chunks} chunks are on {}, {rows} of {rows_expected} rows",
                        node.node
                    )?;
                }
            }
            let last = line.last_pass_at.as_deref().unwrap_or("never");
            writeln!(out, "  last pass: {last}; conflicts kept: {}", line.conflicts)?;
            if line.parked > 0 {
                let see = format!("ponte sync conflicts {} --parked", line.link);
                writeln!(out, "  parked: {} rows wait for a decision; {see}", line.parked)?;
            }
            if line.quarantined > 0 {
                writeln!(
                    out,
                    "  refused rows: {}; ponte sync quarantine {}",
                    line.quarantined, line.link
                )?;
            }
            let rows = line.nodes.iter().map(|n| match &n.unreachable {
                Some(why) => [n.node.clone(), "?".into(), "?".into(), "?".into(), why.clone()],
                None => [
                    n.node.clone(),
                    n.pending.unwrap_or(0).to_string(),
                    format!("{:.1} s", n.lag_seconds.unwrap_or(0.0)),
                    n.costs
                        .as_ref()
                        .map_or_else(String::new, |c| costs::size(c.changelog_bytes)),
                    n.last_applied_at.clone().unwrap_or_else(|| "never".into()),
                ],
            });
            let headings = ["node", "pending", "lag", "changelog", "last applied here"];
            for row in output::table(headings, rows).lines() {
                writeln!(out, "  {row}")?;
            }
            for warning in &line.warnings {
                writeln!(out, "  warning: {warning}")?;
            }
        }
        Ok(())
    }
}

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    plans: &[LinkPlan],
) -> Result<Verdict, Failure> {
    let mut links = Vec::with_capacity(plans.len());
    for plan in plans {
        links.push(link_line(servers, plan).await);
    }
    let known = links
        .iter()
        .any(|l| l.nodes.iter().any(|n| n.unreachable.is_none()));
    context.print(&Status { links })?;
    if known {
        return Ok(Verdict::Clean);
    }
    Err(
        crate::diagnostic::Diagnostic::new(crate::diagnostic::Code::Unreachable, "no node could be asked")
            .hint("ponte db check --node NODE")
            .into(),
    )
}

/// What one side answers, or why it does not.
type Answer = Result<Option<NodeStatus>, String>;

async fn link_line(servers: &Servers, plan: &LinkPlan) -> LinkLine {
    let (first, second) = tokio::join!(ask(servers, plan, Side::First), ask(servers, plan, Side::Second));
    let note = Journal::new(&servers.state_dir(), &plan.spec.name).read();
    let (state, reason) = state(&[&first, &second], note.as_ref());
    let known = || {
        [&first, &second]
            .into_iter()
            .filter_map(|a| a.as_ref().ok()?.as_ref())
    };
    let last_applied = known().filter_map(|n| n.last_applied_at.clone()).max();
    let statuses = [&first, &second].map(|answer| answer.as_ref().ok().and_then(Option::as_ref));
    let last_pass = note
        .as_ref()
        .and_then(|n| n.last_pass_at)
        .map(|at| at.to_string());
    LinkLine {
        link: plan.spec.name.clone(),
        state,
        reason,
        conflicts: known().map(|n| n.conflicts).sum(),
        parked: known().map(|n| n.parked).sum(),
        quarantined: known().map(|n| n.quarantined).sum(),
        last_pass_at: last_pass.or(last_applied),
        next_pass_at: note.as_ref().and_then(|n| n.next_pass_at),
        pid: note.as_ref().map(|n| n.pid),
        clock_skew_ms: costs::skew(&statuses).map(|skew| skew.ms),
        warnings: costs::warnings(&plan.spec.name, &statuses),
        nodes: [(Side::First, &first), (Side::Second, &second)]
            .into_iter()
            .map(|(side, answer)| node_line(plan.spec.node(side), answer))
            .collect(),
    }
}

async fn ask(servers: &Servers, plan: &LinkPlan, side: Side) -> Answer {
    let mut peer = plan.peer(servers, side).await.map_err(|e| e.in_words())?;
    node_status(&plan.spec, &mut peer)
        .await
        .map_err(|e| ponte_engine::Error::from(e).in_words())
}

fn state(answers: &[&Answer; 2], note: Option<&Note>) -> (String, Option<String>) {
    let answered = || answers.iter().filter_map(|a| a.as_ref().ok());
    if answered().flatten().any(|n| n.first_contact.is_some()) {
        let reason = "not all rows that were there before have arrived; if ponte sync init does not run any more, run it again to go on";
        return ("first_contact".into(), Some(reason.into()));
    }
    if answered().any(Option::is_none) || answered().flatten().any(|n| !n.ready) {
        return ("not_initialised".into(), Some("run ponte sync init".into()));
    }
    if let Some(error) = answered().flatten().find_map(|n| n.other_tables.as_ref()) {
        let remedy = error.next_step().unwrap_or_default();
        return ("other_tables".into(), Some(format!("{error}; {remedy}")));
    }
    if let Some(error) = answered().flatten().find_map(|n| n.init_is_due.as_ref()) {
        let remedy = error.next_step().unwrap_or_default();
        return ("init_due".into(), Some(format!("{error}; {remedy}")));
    }
    if answered().flatten().any(|n| n.paused) {
        return (
            "paused".into(),
            Some("paused by a person; run ponte sync resume".into()),
        );
    }
    let unreachable = answers.iter().find_map(|a| a.as_ref().err()).cloned();
    match note {
        None => (
            if unreachable.is_some() {
                "unreachable"
            } else {
                "idle"
            }
            .into(),
            unreachable,
        ),
        Some(note) => {
            let word = match note.state {
                LinkState::Running => "running",
                LinkState::Paused => "paused",
                LinkState::Retrying => "retrying",
                LinkState::Stopped => "stopped",
            };
            (word.into(), note.reason.clone().or(unreachable))
        }
    }
}

fn node_line(node: &str, answer: &Answer) -> NodeLine {
    let status = answer.as_ref().ok().and_then(Option::as_ref);
    NodeLine {
        node: node.to_owned(),
        unreachable: answer.as_ref().err().cloned(),
        pending: status.map(|s| s.pending),
        lag_seconds: status.map(|s| (s.lag_seconds * 1e3).round() / 1e3),
        last_applied_at: status.and_then(|s| s.last_applied_at.clone()),
        costs: status.map(CostsLine::from),
        first_contact: status.and_then(|s| s.first_contact).map(|contact| ContactLine {
            chunks: contact.chunks,
            chunks_done: contact.chunks_done,
            rows_expected: contact.rows_expected,
            rows: contact.rows,
        }),
    }
}
