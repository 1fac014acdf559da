//! What happens in a history: a list of steps that is drawn from a seed at once.
//!
//! Steps carry their own numbers and find out what they apply to when they run, so that a list from which some were dropped
//! still means something: that is how a failing history shrinks.

use crate::random::Random;
use crate::topology::Topology;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Time passes.
    Time(i64),
    /// A node's clock is set.
    Clock { node: usize, skew: i64 },
    /// A client begins a transaction.
    Begin { node: usize },
    /// A client writes a row; it begins a transaction where it has none.
    Write {
        node: usize,
        client: usize,
        write: Write,
    },
    /// A client commits, or with `durable` false does not wait for the disk.
    Commit {
        node: usize,
        client: usize,
        durable: bool,
    },
    /// A client rolls back.
    RollBack { node: usize, client: usize },
    /// A process of a link goes on for so many moments; it starts where it does not run.
    Go {
        link: usize,
        process: usize,
        moments: u32,
    },
    /// A process goes on to the end of its pass, if nobody holds it up.
    Pass { link: usize, process: usize },
    /// A process is killed. The server notices later.
    Kill { link: usize, process: usize },
    /// The answer to the process's next COMMIT is lost; whether it arrived shows when the server gets to it.
    LoseAnswer {
        link: usize,
        process: usize,
        arrives: bool,
    },
    /// Servers notice that clients are gone.
    Notice { node: usize },
    /// A node dies and comes back.
    Crash { node: usize },
    /// The WAL writer does its work.
    Flush { node: usize },
}

/// What a client does to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// The table.
    pub table: usize,
    /// The key.
    pub id: u8,
    /// Insert or update, delete, or change of the key.
    pub verb: Verb,
    /// Another key: the parent, or the new key.
    pub other: u8,
    /// A value that has to be unique.
    pub unique: Option<u8>,
    /// The version that the application gives.
    pub version: i64,
}

/// See [`Write::verb`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Insert where there is no row, else update.
    Put,
    /// Delete.
    Delete,
    /// Change the key.
    Rename,
}

/// How the histories of a seed are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flavour {
    /// Versions come from the application, in any order.
    pub app_versions: bool,
    /// Only the first node takes writes.
    pub one_sided: bool,
    /// Parents have values that must be unique, and children point at parents.
    pub constraints: bool,
    /// The first node always wins.
    pub first_wins: bool,
    /// Servers die.
    pub crashes: bool,
    /// Clocks are set during the history; else they are only off.
    pub clock_steps: bool,
}

/// A history before it has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Where it came from.
    pub seed: u64,
    /// How the nodes are linked.
    pub topology: Topology,
    /// What it is like.
    pub flavour: Flavour,
    /// How far each clock is off at the beginning.
    pub skews: Vec<i64>,
    /// What happens, each with its place in the full list.
    pub steps: Vec<(usize, Step)>,
}

/// Keys of each table.
const KEYS: u64 = 3;

impl History {
    /// The history of a seed.
    pub fn of(seed: u64, topology: Topology) -> Self {
        let mut random = Random::new(seed);
        let flavour = flavour(&mut random, topology);
        let skews = (0..topology.nodes())
            .map(|_| random.pick(&[0, 0, -40, 60, 500]))
            .collect();
        let length = 40 + random.below(60 * topology.nodes() as u64);
        let steps = (0..length)
            .map(|_| step(&mut random, topology, flavour))
            .enumerate();
        let steps = steps.collect();
        Self {
            seed,
            topology,
            flavour,
            skews,
            steps,
        }
    }

    /// The same history with only some of its steps.
    pub fn keeping(&self, kept: impl Fn(usize) -> bool) -> Self {
        let steps = self
            .steps
            .iter()
            .copied()
            .filter(|(place, _)| kept(*place))
            .collect();
        Self {
            steps,
            ..self.clone()
        }
    }
}

fn flavour(random: &mut Random, topology: Topology) -> Flavour {
    Flavour {
        app_versions: random.percent(40),
        one_sided: !topology.has_cycle() && random.percent(15),
        constraints: random.percent(40),
        first_wins: topology == Topology::Pair && random.percent(15),
        crashes: random.percent(50),
        clock_steps: random.percent(30),
    }
}

fn step(random: &mut Random, topology: Topology, flavour: Flavour) -> Step {
    let writer = if flavour.one_sided {
        1
    } else {
        topology.nodes() as u64
    };
    let node = index(random, topology.nodes() as u64);
    let client_node = index(random, writer);
    let client = index(random, 3);
    let link = index(random, topology.links().len() as u64);
    let process = index(random, 4) / 3;
    match random.below(100) {
        0..8 => Step::Time(number(random, 40)),
        8..10 if flavour.clock_steps => {
            let skew = random.pick(&[-400, -100, -40, 0, 60, 300]);
            Step::Clock { node, skew }
        }
        8..10 => Step::Time(1),
        10..12 => Step::Begin { node: client_node },
        12..40 => Step::Write {
            node: client_node,
            client,
            write: write(random, flavour),
        },
        40..58 => Step::Commit {
            node: client_node,
            client,
            durable: random.percent(70),
        },
        58..61 => Step::RollBack {
            node: client_node,
            client,
        },
        61..83 => Step::Go {
            link,
            process,
            moments: 1 + u32::try_from(random.below(12)).unwrap_or(0),
        },
        83..89 => Step::Pass { link, process },
        89..92 => Step::Kill { link, process },
        92..94 => Step::LoseAnswer {
            link,
            process,
            arrives: random.percent(50),
        },
        94..96 => Step::Notice { node },
        96..98 if flavour.crashes => Step::Crash { node },
        _ => Step::Flush { node },
    }
}

fn write(random: &mut Random, flavour: Flavour) -> Write {
    let verb = match random.below(10) {
        0..7 => Verb::Put,
        7..9 => Verb::Delete,
        _ => Verb::Rename,
    };
    Write {
        table: index(random, 2),
        id: key(random),
        verb,
        other: key(random),
        unique: (flavour.constraints && random.percent(50)).then(|| key(random)),
        version: number(random, 1000),
    }
}

fn index(random: &mut Random, bound: u64) -> usize {
    usize::try_from(random.below(bound)).unwrap_or(0)
}

fn number(random: &mut Random, bound: u64) -> i64 {
    i64::try_from(random.below(bound)).unwrap_or(0)
}

fn key(random: &mut Random) -> u8 {
    u8::try_from(random.below(KEYS)).unwrap_or(0)
}
