//! `ponte-sim --seed N [--topology ring] [--mutation NAME] [--keep 3,7,9]`, or `--seeds A..B` for many.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for people who develop"
)]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use ponte_sim::history::History;
use ponte_sim::mutation::Mutation;
use ponte_sim::shrink::shrink;
use ponte_sim::topology::Topology;
use ponte_sim::world::{self, Coverage};

const USAGE: &str = "usage: ponte-sim (--seed N | --seeds A..B) [--topology pair|chain|star|ring|mesh] [--mutation NAME] [--keep N,N,…] [--tell yes]";

/// How many failing histories are shrunk; of the others only the seed is said.
const SHRUNK_MAX: u32 = 3;

struct Options {
    seeds: std::ops::Range<u64>,
    topologies: Vec<Topology>,
    mutation: Option<Mutation>,
    keep: Option<BTreeSet<usize>>,
    tell: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(options) = options(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut failed = false;
    for topology in &options.topologies {
        failed |= run(&options, *topology);
    }
    ExitCode::from(u8::from(failed))
}

fn options(arguments: &[String]) -> Option<Options> {
    let mut options = Options {
        seeds: 0..0,
        topologies: Topology::ALL.to_vec(),
        mutation: None,
        keep: None,
        tell: false,
    };
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return None };
        match name.as_str() {
            "--seed" => {
                let seed = value.parse().ok()?;
                options.seeds = seed..seed + 1;
            }
            "--seeds" => {
                let (from, to) = value.split_once("..")?;
                options.seeds = from.parse().ok()?..to.parse().ok()?;
            }
            "--topology" => options.topologies = vec![Topology::named(value)?],
            "--mutation" => options.mutation = Some(Mutation::named(value)?),
            "--keep" => options.keep = Some(value.split(',').map(|n| n.parse().ok()).collect::<Option<_>>()?),
            "--tell" => options.tell = value == "yes",
            _ => return None,
        }
    }
    (!options.seeds.is_empty()).then_some(options)
}

/// Runs all seeds on one topology; answers whether any failed.
fn run(options: &Options, topology: Topology) -> bool {
    let (started, mut failures, mut coverage) = (Instant::now(), 0, Coverage::default());
    for seed in options.seeds.clone() {
        let mut history = History::of(seed, topology);
        if let Some(keep) = &options.keep {
            history = history.keeping(|place| keep.contains(&place));
        }
        if options.tell {
            println!("{}", world::tell(&history, options.mutation).join("\n"));
        }
        let (violation, seen) = world::run(&history, options.mutation);
        coverage.add(&seen);
        // What fails with every rule in place says nothing about the one that is left out.
        let fails_anyway = || options.mutation.is_some() && world::run(&history, None).0.is_some();
        if let Some(violation) = violation.filter(|_| !fails_anyway()) {
            failures += 1;
            println!("{} seed {seed}: {violation}", topology.name());
            if failures <= SHRUNK_MAX {
                tell(&history, options);
            }
        }
    }
    let seeds = options.seeds.end - options.seeds.start;
    println!(
        "{:5} {seeds} histories, {} writes, {} records, {failures} violations, {:.1} s",
        topology.name(),
        coverage.writes,
        coverage.records,
        started.elapsed().as_secs_f64()
    );
    if seeds > 1 {
        println!("      killed at {:?}", coverage.killed);
        println!("      crashed at {:?}", coverage.crashed);
        println!("      stopped by {:?}", coverage.stops);
    }
    failures > 0
}

/// The steps that a failing history needs, and the line that runs it again.
fn tell(history: &History, options: &Options) {
    let kept = shrink(history, options.mutation);
    let small = history.keeping(|place| kept.contains(&place));
    println!("  {:?}, clocks off by {:?}", small.flavour, small.skews);
    for (place, step) in &small.steps {
        println!("  {place:4} {step:?}");
    }
    if let (Some(violation), _) = world::run(&small, options.mutation) {
        println!("  {violation}");
    }
    let mutation = options
        .mutation
        .map_or(String::new(), |m| format!(" --mutation {}", m.name()));
    let keep: Vec<String> = kept.iter().map(usize::to_string).collect();
    println!(
        "  again: cargo run -p ponte-sim -- --seed {} --topology {}{mutation} --keep {}",
        history.seed,
        history.topology.name(),
        keep.join(",")
    );
}
