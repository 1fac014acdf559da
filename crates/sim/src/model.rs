//! What processes and clients act upon: nodes, links, time, and the ledger of who wrote what.

use std::collections::BTreeMap;

use ponte_sync::apply::Winner;
use ponte_sync::decide::Version;
use ponte_sync::link::{ConflictRule, Side};

use crate::check::Violation;
use crate::history::{Flavour, History, Verb, Write};
use crate::ledger::{Fate, Key, Ledger, Stamp, Write as Entry};
use crate::mutation::Mutation;
use crate::node::{CHILDREN, LinkId, Node, PARENTS, Progress, Route, Row};
use crate::store::{Held, Xid};

/// When histories begin.
const MORNING: i64 = 500;

/// The nodes of a history, and what happened there.
#[derive(Debug)]
pub struct Model {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Which of them are linked.
    pub links: &'static [[usize; 2]],
    /// What time it is.
    pub time: i64,
    /// What clients wrote.
    pub ledger: Ledger,
    /// What the history is like.
    pub flavour: Flavour,
    /// The rule that is broken.
    pub mutation: Option<Mutation>,
    /// Whether passes try again what waits in the quarantine.
    pub retry: bool,
    /// What went wrong while the history ran.
    pub violation: Option<Violation>,
    /// What processes did, one line per action, where somebody wants to read it.
    pub told: Option<Vec<String>>,
    committed: BTreeMap<(usize, Xid), Vec<Stamp>>,
    moments: i64,
    /// What processes remember of what had arrived, by the link and the source.
    remembered: BTreeMap<(LinkId, usize), Progress>,
}

/// A client's transaction.
#[derive(Debug, Clone)]
pub struct Client {
    xid: Xid,
    stamps: Vec<Stamp>,
}

impl Model {
    /// The nodes before anything has happened.
    pub fn new(history: &History, mutation: Option<Mutation>) -> Self {
        let links = history.topology.links();
        let hybrid = mutation != Some(Mutation::RawClock);
        let node = |number: usize, skew: i64| {
            let own: Vec<LinkId> = (0..links.len()).filter(|l| links[*l].contains(&number)).collect();
            Node::new(number, &own, skew, hybrid)
        };
        let nodes = history.skews.iter().enumerate();
        Self {
            nodes: nodes.map(|(number, skew)| node(number, *skew)).collect(),
            links,
            time: MORNING,
            ledger: Ledger::default(),
            flavour: history.flavour,
            mutation,
            retry: false,
            violation: None,
            told: None,
            committed: BTreeMap::new(),
            moments: 0,
            remembered: BTreeMap::new(),
        }
    }

    /// Whether a rule is broken.
    pub fn without(&self, rule: Mutation) -> bool {
        self.mutation == Some(rule)
    }

    /// The node on a side of a link.
    pub fn end(&self, link: LinkId, side: Side) -> usize {
        self.links[link][side.index()]
    }

    /// What was said last about what has arrived of a source. It may be wrong by now.
    pub fn remembered(&self, link: LinkId, source: Side) -> Option<&Progress> {
        self.remembered.get(&(link, source.index()))
    }

    /// Remembers that.
    pub fn remember(&mut self, link: LinkId, source: Side, arrived: Progress) {
        self.remembered.insert((link, source.index()), arrived);
    }

    /// Whether other links carry on what one brings to a node.
    pub fn is_shared(&self, node: usize) -> bool {
        self.links.iter().filter(|link| link.contains(&node)).count() > 1
    }

    /// Whether a node ships back what came over a link.
    pub fn echoes(&self, node: usize) -> bool {
        self.is_shared(node) && !self.without(Mutation::NoEcho)
    }

    /// Who wins at the target of a direction.
    pub fn winner(&self, source: Side) -> Winner {
        let rule = if self.flavour.first_wins {
            ConflictRule::Wins(Side::First)
        } else {
            ConflictRule::Latest
        };
        rule.seen_from(source)
    }

    /// When something is noted at a node: its clock, and finer than that, so that no two notes are of one moment.
    pub fn noted(&mut self, node: usize) -> i64 {
        self.moments += 1;
        self.nodes[node].clock(self.time) * 100_000 + self.moments
    }

    /// Begins a client's transaction.
    pub fn begin(&mut self, node: usize) -> Client {
        let xid = self.nodes[node].all.begin();
        let stamps = Vec::new();
        Client { xid, stamps }
    }

    /// Ends one.
    pub fn end_client(&mut self, node: usize, client: &Client, commit: Option<bool>) {
        let fate = match commit {
            Some(durable) => {
                self.nodes[node].all.commit(client.xid, durable);
                self.committed.insert((node, client.xid), client.stamps.clone());
                Fate::Committed
            }
            None => {
                self.nodes[node].roll_back(client.xid);
                Fate::Gone
            }
        };
        for stamp in &client.stamps {
            self.ledger.ended(*stamp, fate);
        }
    }

    /// A node dies and comes back. Open transactions of clients are the caller's.
    pub fn crash(&mut self, node: usize) {
        for xid in self.nodes[node].crash() {
            for stamp in self.committed.remove(&(node, xid)).unwrap_or_default() {
                self.ledger.ended(stamp, Fate::Gone);
            }
        }
    }

    /// A client writes, unless it would have to wait, or a constraint refuses it; then it thinks better of it.
    pub fn write(&mut self, node: usize, client: &mut Client, write: Write) {
        let key = Key {
            table: write.table,
            id: write.id,
        };
        match write.verb {
            Verb::Put => drop(self.put(node, client, key, write)),
            Verb::Delete => drop(self.delete(node, client, key)),
            Verb::Rename => drop(self.rename(node, client, key, write)),
        }
    }

    fn rename(&mut self, node: usize, client: &mut Client, key: Key, write: Write) -> Result<(), Held> {
        let new = Key {
            id: write.other,
            ..key
        };
        let at = &self.nodes[node];
        let Some((_, row)) = at.live(key, Some(client.xid)) else {
            return Err(Held);
        };
        if new == key || at.live(new, Some(client.xid)).is_some() {
            return Err(Held);
        }
        if let Some(cell) = at.rows.get(&new) {
            cell.free_for(&at.all, client.xid)?;
        }
        self.delete(node, client, key)?;
        let moved = Write {
            unique: row.unique,
            other: row.parent.unwrap_or(write.other),
            ..write
        };
        self.put(node, client, new, moved)
    }

    fn put(&mut self, node: usize, client: &mut Client, key: Key, write: Write) -> Result<(), Held> {
        let parent = (key.table == CHILDREN && self.flavour.constraints).then_some(write.other);
        let unique = write.unique.filter(|_| key.table == PARENTS);
        let at = &mut self.nodes[node];
        if let Some(cell) = at.rows.get(&key) {
            cell.free_for(&at.all, client.xid)?;
        }
        if unique.is_some_and(|value| value_is_taken(at, key, value, client.xid)) {
            return Err(Held);
        }
        if let Some(id) = parent {
            at.keep_parent(id, client.xid)?;
        }
        let insert = at.live(key, Some(client.xid)).is_none();
        let row = Row {
            present: true,
            stamp: 0,
            version: write.version,
            unique,
            parent,
        };
        self.change(node, client, key, row, insert);
        Ok(())
    }

    fn delete(&mut self, node: usize, client: &mut Client, key: Key) -> Result<(), Held> {
        let at = &self.nodes[node];
        let Some((_, row)) = at.live(key, Some(client.xid)) else {
            return Err(Held);
        };
        at.rows[&key].free_to_delete(&at.all, client.xid)?;
        if key.table == PARENTS && at.children_of(key.id, client.xid).next().is_some() {
            return Err(Held);
        }
        let gone = Row {
            present: false,
            ..row
        };
        self.change(node, client, key, gone, false);
        Ok(())
    }

    fn change(&mut self, node: usize, client: &mut Client, key: Key, row: Row, insert: bool) {
        self.time += 1;
        let noted = self.noted(node);
        let at = &mut self.nodes[node];
        let stamp = self.ledger.add(Entry {
            node,
            key,
            delete: !row.present,
            saw: at.row(key, Some(client.xid)).map(|(_, before)| before.stamp),
            fate: Fate::Open,
        });
        client.stamps.push(stamp);
        let version = Version {
            at: match (self.flavour.app_versions, row.present) {
                (false, _) => at.stamp(self.time, client.xid),
                (true, true) => row.version,
                (true, false) => row.version.max(at.clock(self.time)),
            },
            noted,
            node: at.id,
        };
        at.write(client.xid, key, Row { stamp, ..row });
        at.note(client.xid, key, insert, version, Route::All);
    }
}

/// Whether another parent has the value, or may have it once a transaction has ended.
fn value_is_taken(at: &Node, key: Key, value: u8, own: Xid) -> bool {
    at.others_with(key, value, own).next().is_some()
}

impl Node {
    /// Parents other than `key` that have a unique value, or had or may get it by a transaction that runs.
    pub fn others_with(&self, key: Key, value: u8, own: Xid) -> impl Iterator<Item = (Key, bool)> {
        let parents = self
            .rows
            .iter()
            .filter(move |(other, _)| other.table == PARENTS && **other != key);
        parents.filter_map(move |(other, cell)| {
            let has = |version: Option<&(Xid, Row)>| {
                version.is_some_and(|(_, row)| row.present && row.unique == Some(value))
            };
            let held = cell.free_for(&self.all, own).is_err();
            let taken = has(cell.latest(&self.all, Some(own)));
            (taken || (held && has(cell.newest()))).then_some((*other, held))
        })
    }

    /// Live children of a parent.
    pub fn children_of(&self, id: u8, own: Xid) -> impl Iterator<Item = Key> {
        let children = self.rows.keys().filter(|key| key.table == CHILDREN);
        let points = move |key: &&Key| {
            let row = self.live(**key, Some(own));
            row.is_some_and(|(_, row)| row.parent == Some(id))
        };
        children.filter(points).copied()
    }

    /// Makes sure that a parent is there and stays.
    pub fn keep_parent(&mut self, id: u8, own: Xid) -> Result<(), Held> {
        let key = Key { table: PARENTS, id };
        if self.live(key, Some(own)).is_none() {
            return Err(Held);
        }
        let cell = self.rows.entry(key).or_default();
        cell.share(&self.all, own)
    }
}
