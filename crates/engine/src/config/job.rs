//! `[jobs.NAME]`: what is done by the clock.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use ponte_pg::jobs::Keep;
use ponte_schema::Ident;
use ponte_sync::NodeName;
use toml::de::{DeTable, DeValue};

use super::duration;
use super::job_task::{self, Work};
use super::keys::{Section, nearest};
use super::link::{Length, Names};
use super::origin::{Origin, Place};
use super::reader::{Reader, Table, in_file_order};
use crate::jobs::{CatchUp, JobSchedule, Overlap, Window};

/// What is done by the clock.
#[derive(Debug, Clone)]
pub struct Job {
    /// What it is called, by the rules for nodes.
    pub name: String,
    /// The node that it works on; the database that commands are about where it names none.
    pub node: Option<NodeName>,
    /// What it does.
    pub work: Work,
    /// When; only by hand where it says nothing.
    pub schedule: Option<JobSchedule>,
    /// Whose clock the schedule follows, and what statements see.
    pub time_zone: String,
    /// What a tick does that comes while the job still runs.
    pub overlap: Overlap,
    /// What becomes of ticks that nobody was there for.
    pub catch_up: CatchUp,
    /// After how long a run is ended.
    pub timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// After how long without a sign of life a run counts as lost.
    pub lease: Duration,
    /// How often a run is repeated that failed for a reason that passes.
    pub retries: u32,
    /// The role to work as.
    pub role: Option<Ident>,
    /// How much history is kept.
    pub keep: Keep,
    /// Where it stands in the file.
    pub place: Place,
}

/// To the server, none at all is no limit.
const LOCK_TIMEOUT_MIN: Duration = Duration::from_millis(1);
const TIMEOUT_MIN: Duration = Duration::from_secs(1);
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(3_600);
const LOCK_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
const LEASE_DEFAULT: Duration = Duration::from_secs(15);
/// Shorter than this, a busy network would cost runs.
const LEASE_MIN: Duration = Duration::from_secs(3);
const RETRIES_MAX: u64 = 100;
const KEEP_AGE_DEFAULT: Duration = Duration::from_secs(90 * 86_400);
const KEEP_RUNS_DEFAULT: u64 = 1_000;
const KEEP_RUNS_MAX: u64 = 1_000_000;

/// What a job may refer to.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) root: &'a Path,
    pub(super) nodes: &'a Names<'a>,
    /// The names of the links; nothing where one has a fault.
    pub(super) links: Option<&'a [&'a str]>,
}

/// Reads the jobs; `None` where one of them has a fault.
pub(super) fn read_all(reader: &Reader<'_>, around: Around<'_>, file: &Table<'_, '_>) -> Option<Vec<Job>> {
    if file.value("jobs").is_none() {
        return Some(Vec::new());
    }
    let (tables, _) = file.table("jobs")?;
    let mut jobs = Vec::new();
    for (key, value) in in_file_order(tables) {
        let name = key.get_ref().as_ref();
        if let Err(e) = NodeName::new(name) {
            reader.fault(&key.span(), e.to_string());
            jobs.push(None);
            continue;
        }
        let DeValue::Table(table) = value.get_ref() else {
            let help = format!("write [jobs.{name}] and its keys on the next lines");
            reader.fault_with(&key.span(), "a job is a table", Some(help));
            jobs.push(None);
            continue;
        };
        jobs.push(read(reader, around, name, table, &key.span()));
    }
    jobs.into_iter().collect()
}

fn read(
    reader: &Reader<'_>,
    around: Around<'_>,
    name: &str,
    table: &DeTable<'_>,
    header: &Range<usize>,
) -> Option<Job> {
    let table = Table::new(
        reader,
        Section::Job,
        format!("jobs.{name}"),
        table,
        header.clone(),
    );
    let work = job_task::read(reader, around.root, around.links, &table);
    let node = node(reader, around.nodes, &table);
    let zone = zone(reader, &table);
    let schedule = schedule(reader, &table, zone.as_ref());
    let overlap = table.parsed_or("overlap", Overlap::Skip);
    let catch_up = table.parsed_or("catch_up", CatchUp::Last);
    let timeout = length(reader, &table, "timeout", TIMEOUT_DEFAULT, TIMEOUT_MIN);
    let lock_timeout = length(
        reader,
        &table,
        "lock_timeout",
        LOCK_TIMEOUT_DEFAULT,
        LOCK_TIMEOUT_MIN,
    );
    let lease = length(reader, &table, "lease", LEASE_DEFAULT, LEASE_MIN);
    let retries = table.whole_or("retries", 0, 0..=RETRIES_MAX);
    let role = table.value("role").map(|_| table.parsed::<String>("role"));
    let age = table.parsed_or("keep_history", Length(KEEP_AGE_DEFAULT));
    let runs = table.whole_or("keep_runs", KEEP_RUNS_DEFAULT, 1..=KEEP_RUNS_MAX);
    let role = match role {
        Some(role) => Some(Ident::new(role?.value)),
        None => None,
    };
    let zone = zone?;
    Some(Job {
        name: name.to_owned(),
        node: node?,
        work: work?,
        schedule: schedule?,
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        overlap: overlap?.value,
        catch_up: catch_up?.value,
        timeout: timeout?,
        lock_timeout: lock_timeout?,
        lease: lease?,
        retries: u32::try_from(retries?).unwrap_or(u32::MAX),
        role,
        keep: Keep {
            age: age?.value.0,
            runs: runs?,
        },
        place: reader.document.place(header.start),
    })
}

/// `None` for a fault, `Some(None)` where nothing is said.
fn node(reader: &Reader<'_>, nodes: &Names<'_>, table: &Table<'_, '_>) -> Option<Option<NodeName>> {
    if table.value("node").is_none() {
        return Some(None);
    }
    let node = table.parsed::<NodeName>("node")?;
    if !nodes.0.contains(&node.value.as_str()) {
        let message = format!("there is no node {:?}", node.value.as_str());
        reader.fault_with(&node.span, message, Some(nodes.help(node.value.as_str())));
        return None;
    }
    Some(Some(node.value))
}

fn zone(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<TimeZone> {
    if table.value("time_zone").is_none() {
        table.record("time_zone", "UTC", Origin::Default);
        return Some(TimeZone::UTC);
    }
    let text = table.text("time_zone")?;
    let zone = TimeZone::get(&text.value).ok();
    let Some(zone) = zone.filter(|zone| zone.iana_name().is_some()) else {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let help = match nearest(&text.value, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "name it as the IANA does: \"UTC\", \"Europe/Lisbon\", \"America/Sao_Paulo\"".to_owned(),
        };
        let message = format!("there is no time zone {:?}", text.value);
        reader.fault_with(&text.span, message, Some(help));
        return None;
    };
    table.record("time_zone", &text.value, text.origin);
    Some(zone)
}

/// `None` for a fault, `Some(None)` where nothing is said.
fn schedule(
    reader: &Reader<'_>,
    table: &Table<'_, '_>,
    zone: Option<&TimeZone>,
) -> Option<Option<JobSchedule>> {
    if table.value("schedule").is_none() {
        table.record("schedule", "by hand", Origin::Default);
        if table.value("window").is_some() {
            let window = table.text("window")?;
            reader.fault(&window.span, "a window is for a job with a schedule");
            return None;
        }
        return Some(None);
    }
    let text = table.text("schedule")?;
    let window = match table.value("window") {
        Some(_) => Some(table.parsed::<Window>("window")?),
        None => None,
    };
    let within = |schedule: JobSchedule| match &window {
        Some(window) => schedule.within(window.value),
        None => Ok(schedule),
    };
    // A zone with a fault is told at its own line; the schedule can be read without it.
    match JobSchedule::parse(&text.value, zone.cloned().unwrap_or(TimeZone::UTC)).and_then(within) {
        Ok(schedule) => {
            table.record("schedule", &text.value, text.origin);
            Some(Some(schedule))
        }
        Err(e) => {
            let help =
                "minute, hour, day of month, month, day of week; ponte jobs next shows when it comes true";
            reader.fault_with(&text.span, e.to_string(), Some(help.to_owned()));
            None
        }
    }
}

/// A length of time that is not too short to be of use.
fn length(
    reader: &Reader<'_>,
    table: &Table<'_, '_>,
    key: &str,
    default: Duration,
    least: Duration,
) -> Option<Duration> {
    let length = table.parsed_or(key, Length(default))?;
    if length.value.0 < least {
        let message = format!("{key:?} is at least {}", duration::show(least));
        reader.fault(&length.span, message);
        return None;
    }
    Some(length.value.0)
}
