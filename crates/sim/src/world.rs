//! A history as it happens: clients and processes on model nodes, step by step, then silence, then the questions.

use std::collections::BTreeMap;

use ponte_sync::link::Side;
use ponte_sync::machine::{Action, Stop};

use crate::check::{self, Invariant, Violation};
use crate::history::{History, Step};
use crate::model::{Client, Model};
use crate::mutation::Mutation;
use crate::process::{Moment, Orphan, Process};

/// How many clients a node has at a time.
const CLIENTS_MAX: usize = 3;

/// How many moments a pass may take before it is taken for one that never ends.
const MOMENTS_MAX: u32 = 5_000;

/// What has happened to whom.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// At which actions processes were killed.
    pub killed: BTreeMap<String, u64>,
    /// At which actions a server died under a process.
    pub crashed: BTreeMap<String, u64>,
    /// How many conflicts were recorded, rows refused and passes completed.
    pub records: u64,
    /// How many writes of clients committed.
    pub writes: u64,
    /// How passes ended before their end.
    pub stops: BTreeMap<String, u64>,
}

/// A history that is under way.
#[derive(Debug)]
pub struct World {
    model: Model,
    clients: Vec<Vec<Client>>,
    /// Two for each link.
    processes: Vec<[Option<Process>; 2]>,
    orphans: Vec<Orphan>,
    /// How many processes there were, and whether whole passes are wanted from here on.
    begun: usize,
    whole: bool,
    /// What has happened to whom.
    pub coverage: Coverage,
}

/// Runs a history to its end.
pub fn run(history: &History, mutation: Option<Mutation>) -> (Option<Violation>, Coverage) {
    let mut world = World::new(history, mutation);
    let violation = world.run(history);
    (violation, world.coverage)
}

/// Runs a history and answers everything that processes did in it, line by line.
pub fn tell(history: &History, mutation: Option<Mutation>) -> Vec<String> {
    let mut world = World::new(history, mutation);
    world.model.told = Some(Vec::new());
    world.run(history);
    world.model.told.unwrap_or_default()
}

impl World {
    fn new(history: &History, mutation: Option<Mutation>) -> Self {
        let model = Model::new(history, mutation);
        Self {
            clients: vec![Vec::new(); model.nodes.len()],
            processes: model.links.iter().map(|_| [None, None]).collect(),
            orphans: Vec::new(),
            begun: 0,
            whole: false,
            coverage: Coverage::default(),
            model,
        }
    }

    fn run(&mut self, history: &History) -> Option<Violation> {
        for (place, step) in &history.steps {
            if let Some(told) = &mut self.model.told {
                told.push(format!("{place:4} {step:?}"));
            }
            self.step(*step);
        }
        let verdict = self.settle().err();
        self.count();
        self.model.violation.take().or(verdict)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Time(by) => self.model.time += by,
            Step::Clock { node, skew } => self.model.nodes[node].skew = skew,
            Step::Begin { node } if self.clients[node].len() < CLIENTS_MAX => {
                let client = self.model.begin(node);
                self.clients[node].push(client);
            }
            Step::Begin { .. } => {}
            Step::Write { node, client, write } => {
                let clients = &mut self.clients[node];
                if clients.len() <= client {
                    clients.push(self.model.begin(node));
                }
                let client = client.min(clients.len() - 1);
                self.model.write(node, &mut clients[client], write);
            }
            Step::Commit {
                node,
                client,
                durable,
            } => self.end(node, client, Some(durable)),
            Step::RollBack { node, client } => self.end(node, client, None),
            Step::Go {
                link,
                process,
                moments,
            } => drop(self.go(link, process, moments)),
            Step::Pass { link, process } => drop(self.go(link, process, MOMENTS_MAX)),
            Step::Kill { link, process } => self.kill(link, process),
            Step::LoseAnswer {
                link,
                process,
                arrives,
            } => {
                if let Some(process) = &mut self.processes[link][process] {
                    process.lose_answer = Some(arrives);
                }
            }
            Step::Notice { node } => self.notice(Some(node)),
            Step::Crash { node } => self.crash(node),
            Step::Flush { node } => self.model.nodes[node].all.flush(),
        }
    }

    fn end(&mut self, node: usize, client: usize, commit: Option<bool>) {
        let count = self.clients[node].len();
        if count > 0 {
            let client = self.clients[node].swap_remove(client % count);
            self.model.end_client(node, &client, commit);
        }
    }

    /// Lets a process go on until its pass is over, it has to wait, or its time is up; answers how the pass ended.
    fn go(&mut self, link: usize, process: usize, moments: u32) -> Option<Option<Stop>> {
        let slot = &mut self.processes[link][process];
        let runs = slot.get_or_insert_with(|| {
            self.begun += 1;
            // Where nodes are shared, everything goes the whole way, so nobody is woken.
            let shared = self.model.links[link]
                .iter()
                .any(|node| self.model.is_shared(*node));
            match self.begun % 4 {
                1 if !self.whole && !shared => Process::woken(&self.model, link, Side::First),
                3 if !self.whole && !shared => Process::woken(&self.model, link, Side::Second),
                _ => Process::new(&self.model, link),
            }
        });
        for _ in 0..moments {
            match runs.go(&mut self.model, &mut self.orphans) {
                Moment::Went => {}
                Moment::Waits => return None,
                Moment::Over(stop) => {
                    *slot = None;
                    if let Some(stop) = stop {
                        *self.coverage.stops.entry(format!("{stop:?}")).or_default() += 1;
                    }
                    return Some(stop);
                }
            }
        }
        None
    }

    fn kill(&mut self, link: usize, process: usize) {
        if let Some(process) = self.processes[link][process].take() {
            *self.coverage.killed.entry(name(process.action)).or_default() += 1;
            process.kill(&self.model, &mut self.orphans);
        }
    }

    fn notice(&mut self, node: Option<usize>) {
        for orphan in std::mem::take(&mut self.orphans) {
            if node.is_none_or(|node| node == orphan.node) {
                orphan.settle(&mut self.model);
            } else {
                self.orphans.push(orphan);
            }
        }
    }

    fn crash(&mut self, node: usize) {
        for client in std::mem::take(&mut self.clients[node]) {
            self.model.end_client(node, &client, None);
        }
        self.orphans.retain(|orphan| orphan.node != node);
        for (link, processes) in self.processes.iter().enumerate() {
            if self.model.links[link].contains(&node) {
                for process in processes.iter().flatten() {
                    *self.coverage.crashed.entry(name(process.action)).or_default() += 1;
                }
            }
        }
        self.model.crash(node);
    }

    /// Writes stop; processes end what they do and pass again until nothing moves.
    fn settle(&mut self) -> Result<(), Violation> {
        for node in 0..self.clients.len() {
            while !self.clients[node].is_empty() {
                self.end(node, 0, Some(true));
            }
        }
        self.notice(None);
        for link in 0..self.processes.len() {
            for process in 0..2 {
                if self.processes[link][process].is_some() {
                    self.finish(link, process)?;
                }
            }
        }
        self.notice(None);
        self.whole = true;
        self.model.retry = true;
        self.pass_until_quiet()?;
        check::at_rest(&self.model)?;
        self.model.retry = false;
        let before = self.written();
        self.pass_all()?;
        if self.written() != before {
            let detail = "a pass that had nothing to do wrote something".to_owned();
            return Err(Violation::new(Invariant::QuietWhenIdle, detail));
        }
        Ok(())
    }

    fn pass_until_quiet(&mut self) -> Result<(), Violation> {
        let rounds = 4 * self.model.nodes.len() + 4;
        for _ in 0..rounds {
            let before = self.moved();
            self.pass_all()?;
            if self.moved() == before {
                return Ok(());
            }
        }
        let detail = format!("still moving after {rounds} passes of every link");
        Err(Violation::new(Invariant::Convergence, detail))
    }

    fn pass_all(&mut self) -> Result<(), Violation> {
        (0..self.processes.len()).try_for_each(|link| self.finish(link, 0))
    }

    /// Brings a process to the end of its pass; others that are in its way end theirs.
    fn finish(&mut self, link: usize, process: usize) -> Result<(), Violation> {
        for _ in 0..MOMENTS_MAX {
            if let Some(ended) = self.go(link, process, MOMENTS_MAX) {
                return match ended {
                    None | Some(Stop::ConnectionLost | Stop::Overtaken | Stop::Contended) => Ok(()),
                    Some(stop) => {
                        let detail = format!("link {link} does not go on: {stop:?}");
                        Err(Violation::new(Invariant::CrashSafe, detail))
                    }
                };
            }
        }
        let detail = format!("a pass of link {link} never ends");
        Err(Violation::new(Invariant::CrashSafe, detail))
    }

    /// How much was ever written anywhere.
    fn written(&self) -> u64 {
        self.model.nodes.iter().map(|node| node.all.written()).sum()
    }

    /// How many notes, records and rows there are: trying a refused row again changes none of them.
    fn moved(&self) -> usize {
        let count = |node: &crate::node::Node| {
            let rows: usize = node.rows.values().map(crate::store::Cell::count).sum();
            let refused: usize = node.quarantine.values().map(crate::store::Cell::count).sum();
            rows + refused + node.notes.len() + node.records.len()
        };
        self.model.nodes.iter().map(count).sum()
    }

    fn count(&mut self) {
        let committed = |stamp: &usize| self.model.ledger.get(*stamp).fate == crate::ledger::Fate::Committed;
        self.coverage.writes = (0..self.model.ledger.len()).filter(committed).count() as u64;
        self.coverage.records = self
            .model
            .nodes
            .iter()
            .map(|node| node.records.len() as u64)
            .sum();
    }
}

fn name(action: Action) -> String {
    match action {
        Action::Batch(step) => format!("{step:?}"),
        other => format!("{other:?}"),
    }
}

impl Coverage {
    /// Adds what another history has shown.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.killed, &other.killed),
            (&mut self.crashed, &other.crashed),
            (&mut self.stops, &other.stops),
        ] {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
        self.records += other.records;
        self.writes += other.writes;
    }
}
