//! `ponte sync probe`

use std::io::{self, Write};
use std::time::Duration;

use ponte_engine::journal::Journal;
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::probe::{ProbeOptions, ProbeReport};
use ponte_sync::LinkName;
use ponte_sync::link::Side;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The link
    link: LinkName,
    /// Where the row is written; the link's first node if left out
    #[arg(long, value_name = "NODE")]
    from: Option<String>,
    /// The table; the link's first one if left out
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// How long to wait for the row, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

#[derive(Debug, Serialize)]
struct Probed {
    link: String,
    table: String,
    from: String,
    to: String,
    arrived_after_ms: f64,
    removed_after_ms: f64,
}

impl Report for Probed {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "link {}: a row of {} went from {} to {} in {:.1} ms and was gone again after {:.1} ms",
            self.link, self.table, self.from, self.to, self.arrived_after_ms, self.removed_after_ms
        )
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let config = context.config()?;
    let plan = LinkPlan::new(config, config.link(args.link.as_str())?)?;
    let from = side(&plan, args.from.as_deref())?;
    let mut link = plan.open(servers).await?;
    let wanted = match &args.table {
        Some(name) => name.clone(),
        None => plan.spec.tables[0].name.to_string(),
    };
    let table = link.tables().iter().position(|t| t.name().to_string() == wanted);
    let Some(table) = table else {
        let known: Vec<String> = plan.spec.tables.iter().map(|t| t.name.to_string()).collect();
        return Err(usage(
            format!("link \"{}\" has no table {wanted}", args.link),
            &known,
        ));
    };
    let configured = plan
        .spec
        .tables
        .iter()
        .position(|t| t.name == *link.tables()[table].name());
    let values = configured.map(|i| plan.probes[i].clone()).unwrap_or_default();
    let running = Journal::new(&servers.state_dir(), args.link.as_str())
        .read()
        .is_some();
    if running {
        context.note("a process of this machine runs the link; waiting for its next pass");
    }
    let options = ProbeOptions {
        from,
        table,
        values,
        timeout: Duration::from_secs(args.timeout),
        run_passes: !running,
    };
    let report = link.probe(&options).await?;
    context.print(&probed(&plan, from, &report))?;
    Ok(Verdict::Clean)
}

pub(super) fn side(plan: &LinkPlan, from: Option<&str>) -> Result<Side, Failure> {
    let Some(name) = from else { return Ok(Side::First) };
    Side::BOTH
        .into_iter()
        .find(|s| plan.spec.node(*s) == name)
        .ok_or_else(|| {
            usage(
                format!("link \"{}\" has no node \"{name}\"", plan.spec.name),
                &plan.spec.nodes,
            )
        })
}

pub(super) fn usage(message: String, known: &[String]) -> Failure {
    Diagnostic::new(Code::Usage, message)
        .hint(format!("choose one of {}", known.join(", ")))
        .into()
}

fn probed(plan: &LinkPlan, from: Side, report: &ProbeReport) -> Probed {
    let ms = |duration: Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
    Probed {
        link: plan.spec.name.clone(),
        table: report.table.to_string(),
        from: plan.spec.node(from).to_owned(),
        to: plan.spec.node(from.other()).to_owned(),
        arrived_after_ms: ms(report.arrived_after),
        removed_after_ms: ms(report.removed_after),
    }
}
