//! From a link of the configuration to what the sync is asked for.

use std::time::Duration;

use ponte_pg::sync::{LiveLink, Peer};
use ponte_sync::link::{ApplyAs, ConflictRule, FirstContact, LinkSpec, Retention, Side, TableSpec};
use ponte_sync::{ApplyMode, ConflictPolicy, Initial, NodeName};

use crate::config::{Config, Link, Node, Schedule};
use crate::error::Result;
use crate::servers::Servers;

/// A link with everything that is needed to run it.
#[derive(Debug, Clone)]
pub struct LinkPlan {
    /// What the sync is asked for.
    pub spec: LinkSpec,
    /// When.
    pub schedule: Schedule,
    /// Values for the probe row of each table, in the order of the tables: column and literal.
    pub probes: Vec<Vec<(String, String)>>,
    nodes: [Node; 2],
}

impl LinkPlan {
    /// Reads a link of the configuration.
    ///
    /// # Errors
    /// A node that the configuration does not have.
    pub fn new(config: &Config, link: &Link) -> Result<Self> {
        let [first, second] = &link.between;
        let nodes = [
            config.node(first.as_str())?.clone(),
            config.node(second.as_str())?.clone(),
        ];
        let side = |name: &NodeName| if name == first { Side::First } else { Side::Second };
        let rule = |policy: &ConflictPolicy| match policy {
            ConflictPolicy::Latest => ConflictRule::Latest,
            ConflictPolicy::NodeWins(name) => ConflictRule::Wins(side(name)),
            ConflictPolicy::Manual => ConflictRule::Manual,
            ConflictPolicy::Merge => ConflictRule::Merge,
            ConflictPolicy::Function(_) => ConflictRule::Function,
        };
        let spec = LinkSpec {
            name: link.name.as_str().to_owned(),
            nodes: [first.as_str().to_owned(), second.as_str().to_owned()],
            tables: link.tables.iter().map(|t| table(t, rule)).collect(),
            conflict: rule(&link.conflict),
            first_contact: match &link.initial {
                Initial::Merge => FirstContact::Merge,
                Initial::NodeWins(name) => FirstContact::Wins(side(name)),
                Initial::None => FirstContact::Trust,
            },
            // Whether replica mode is allowed differs between servers, and it silences the user's triggers: never by surprise.
            apply: match link.apply {
                ApplyMode::Auto | ApplyMode::Plain => ApplyAs::Plain,
                ApplyMode::Replica => ApplyAs::Replica,
            },
            max_future_seconds: seconds(link.max_future),
            retention: Retention {
                changelog_seconds: seconds(link.retention),
                conflicts_seconds: link
                    .keep_conflicts
                    .map(|length| seconds(length).min(CENTURY_SECONDS)),
            },
        };
        let probe = |t: &crate::config::TableMapping| {
            t.probe
                .iter()
                .map(|(c, v)| (c.as_str().to_owned(), v.clone()))
                .collect()
        };
        let probes = link.tables.iter().map(probe).collect();
        Ok(Self {
            spec,
            schedule: link.schedule.clone(),
            probes,
            nodes,
        })
    }

    /// The configuration of a side's node.
    pub fn node(&self, side: Side) -> &Node {
        &self.nodes[side.index()]
    }

    /// Connects to one side.
    ///
    /// # Errors
    /// What keeps the connection from being made, naming the node.
    pub async fn peer(&self, servers: &Servers, side: Side) -> Result<Peer> {
        let name = self.spec.node(side);
        let application_name = format!("ponte sync {}", self.spec.name);
        let peer = servers.peer(self.node(side), &application_name).await;
        peer.map_err(|e| e.with("node", name))
    }

    /// Refuses poolers that hand every transaction to another session, on either side, where they are not allowed.
    ///
    /// # Errors
    /// As [`Servers::require_direct`], naming the node.
    pub async fn require_direct(&self, servers: &Servers) -> Result<()> {
        let require = async |side: Side| {
            let direct = servers.require_direct(self.node(side)).await;
            direct.map_err(|e| e.with("node", self.spec.node(side)))
        };
        let (first, second) = tokio::join!(require(Side::First), require(Side::Second));
        first.and(second)
    }

    /// Connects to both sides.
    ///
    /// # Errors
    /// The first connection that cannot be made.
    pub async fn peers(&self, servers: &Servers) -> Result<[Peer; 2]> {
        let (first, second) = tokio::join!(self.peer(servers, Side::First), self.peer(servers, Side::Second));
        Ok([first?, second?])
    }

    /// Connects to both sides and checks the link.
    ///
    /// # Errors
    /// As [`Self::peers`], and whatever [`LiveLink::open`] refuses.
    pub async fn open(&self, servers: &Servers) -> Result<LiveLink> {
        Ok(LiveLink::open(self.spec.clone(), self.peers(servers).await?).await?)
    }

    /// Connects to both sides of a link that may have missed changes.
    ///
    /// # Errors
    /// As [`Self::peers`], and whatever [`LiveLink::open_estranged`] refuses.
    pub async fn open_estranged(&self, servers: &Servers) -> Result<LiveLink> {
        Ok(LiveLink::open_estranged(self.spec.clone(), self.peers(servers).await?).await?)
    }
}

/// Further back no server of today has been.
const CENTURY_SECONDS: i64 = 36_525 * 86_400;

fn seconds(length: Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX)
}

fn table(table: &crate::config::TableMapping, rule: impl Fn(&ConflictPolicy) -> ConflictRule) -> TableSpec {
    TableSpec {
        conflict: table.conflict.as_ref().map(rule),
        decider: match &table.conflict {
            Some(ConflictPolicy::Function(name)) => Some(name.clone()),
            _ => None,
        },
        ..table.spec.clone()
    }
}
