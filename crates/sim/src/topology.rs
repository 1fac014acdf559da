//! How the nodes are linked.

/// Names for the shapes that histories run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// Two nodes.
    Pair,
    /// Three in a row.
    Chain,
    /// A hub and four leaves.
    Star,
    /// Three in a circle.
    Ring,
    /// Four, each linked with each.
    Mesh,
}

impl Topology {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pair, Self::Chain, Self::Star, Self::Ring, Self::Mesh];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Chain => "chain",
            Self::Star => "star",
            Self::Ring => "ring",
            Self::Mesh => "mesh",
        }
    }

    /// The topology of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }

    /// How many nodes there are.
    pub fn nodes(self) -> usize {
        match self {
            Self::Pair => 2,
            Self::Chain | Self::Ring => 3,
            Self::Star => 5,
            Self::Mesh => 4,
        }
    }

    /// Which nodes are linked.
    pub fn links(self) -> &'static [[usize; 2]] {
        match self {
            Self::Pair => &[[0, 1]],
            Self::Chain => &[[0, 1], [1, 2]],
            Self::Star => &[[0, 1], [0, 2], [0, 3], [0, 4]],
            Self::Ring => &[[0, 1], [1, 2], [0, 2]],
            Self::Mesh => &[[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]],
        }
    }

    /// Whether a change can come back to where it was made by another way.
    pub fn has_cycle(self) -> bool {
        self.links().len() >= self.nodes()
    }
}
