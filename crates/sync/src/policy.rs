//! The words in which a person configures a link: names, who wins a conflict, how the first contact goes, how rows are
//! written.
//!
//! Every type is parsed once, at the border, and cannot hold an illegal value afterwards. Whether a policy names a node
//! that takes part in the link is not known here; the link checks it with [`ConflictPolicy::node`] and [`Initial::node`].

use std::fmt;
use std::str::FromStr;

use ponte_schema::QualifiedName;

/// The longest name of a node or a link, in characters. Names become parts of object names, which hold 63 bytes.
pub const NAME_CHARS_MAX: usize = 40;

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing in it.
    #[error("a name needs at least one character")]
    Empty,
    /// More than [`NAME_CHARS_MAX`] characters.
    #[error("a name has at most {NAME_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside `a-z`, `0-9`, `_` and `-`.
    #[error("a name is made of lower-case letters, digits, \"_\" and \"-\", not {0:?}")]
    Character(char),
}

fn check_name(text: &str) -> Result<(), NameError> {
    let length = text.chars().count();
    if length == 0 {
        return Err(NameError::Empty);
    }
    let foreign = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    if let Some(c) = text.chars().find(foreign) {
        return Err(NameError::Character(c));
    }
    if length > NAME_CHARS_MAX {
        return Err(NameError::TooLong(length));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(String);

        impl $type {
            /// Checks the characters and the length.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                check_name(&name)?;
                Ok(Self(name))
            }

            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    };
}

name! {
    /// What a database that takes part is called in the configuration: `replit`, `neon`.
    NodeName
}

name! {
    /// What a pair of nodes with its tables is called: `perfis`.
    LinkName
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// None of the known words.
    #[error("expected {expected}, not {found:?}")]
    Unknown {
        /// The words that are understood.
        expected: &'static str,
        /// What stood there.
        found: String,
    },
    /// `… wins` with something before it that is no node's name.
    #[error("the node in {found:?} cannot exist: {reason}")]
    Node {
        /// What stood there.
        found: String,
        /// What is wrong with the name.
        reason: NameError,
    },
}

/// The node of `"<node> wins"`; `None` where the text has another shape.
fn winner(text: &str) -> Option<Result<NodeName, PolicyError>> {
    let name = text.strip_suffix(" wins")?.trim_end();
    Some(NodeName::new(name).map_err(|reason| PolicyError::Node {
        found: text.to_owned(),
        reason,
    }))
}

/// Which of two concurrent changes of one key stays. A pure function of the two versions and the link, so that both
/// nodes come to the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConflictPolicy {
    /// The greater version stays.
    Latest,
    /// The named node's change stays, whatever the versions say.
    NodeWins(NodeName),
    /// Neither: the key is parked until somebody decides.
    Manual,
    /// Column by column where each side only updated the row: what one side changed comes from that side. Otherwise as [`Self::Latest`].
    Merge,
    /// What a function of the user's says, for one table.
    Function(QualifiedName),
}

impl ConflictPolicy {
    /// What a person may write.
    pub const EXPECTED: &'static str = "\"latest\", \"<node> wins\", \"merge\" or \"manual\"";

    /// The node that this policy names.
    pub fn node(&self) -> Option<&NodeName> {
        match self {
            Self::NodeWins(node) => Some(node),
            Self::Latest | Self::Merge | Self::Manual | Self::Function(_) => None,
        }
    }
}

impl FromStr for ConflictPolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        match text.trim() {
            "latest" => Ok(Self::Latest),
            "manual" => Ok(Self::Manual),
            "merge" => Ok(Self::Merge),
            other => match winner(other) {
                Some(node) => Ok(Self::NodeWins(node?)),
                None => Err(PolicyError::Unknown {
                    expected: Self::EXPECTED,
                    found: other.to_owned(),
                }),
            },
        }
    }
}

impl fmt::Display for ConflictPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::NodeWins(node) => write!(f, "{node} wins"),
            Self::Manual => f.write_str("manual"),
            Self::Merge => f.write_str("merge"),
            Self::Function(name) => write!(f, "{{ function = {name} }}"),
        }
    }
}

/// What happens to the rows that are there already when two nodes are linked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Initial {
    /// Both sides' rows are kept; a key that both have is decided by the conflict policy.
    Merge,
    /// As [`Initial::Merge`], but a key that both have takes the named node's row.
    NodeWins(NodeName),
    /// Nothing is compared or copied: only changes from now on travel.
    None,
}

impl Initial {
    /// What a person may write.
    pub const EXPECTED: &'static str = "\"merge\", \"<node> wins\" or \"none\"";

    /// The node that this choice names.
    pub fn node(&self) -> Option<&NodeName> {
        match self {
            Self::NodeWins(node) => Some(node),
            Self::Merge | Self::None => None,
        }
    }
}

impl FromStr for Initial {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        match text.trim() {
            "merge" => Ok(Self::Merge),
            "none" => Ok(Self::None),
            other => match winner(other) {
                Some(node) => Ok(Self::NodeWins(node?)),
                None => Err(PolicyError::Unknown {
                    expected: Self::EXPECTED,
                    found: other.to_owned(),
                }),
            },
        }
    }
}

impl fmt::Display for Initial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Merge => f.write_str("merge"),
            Self::NodeWins(node) => write!(f, "{node} wins"),
            Self::None => f.write_str("none"),
        }
    }
}

/// How a batch's rows are written at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ApplyMode {
    /// As [`ApplyMode::Replica`] where the role may do so, else as [`ApplyMode::Plain`].
    #[default]
    Auto,
    /// As any owner of the tables would: triggers fire, foreign keys are checked. Works on every managed service.
    Plain,
    /// Under `session_replication_role = replica`: ordinary triggers and foreign keys stay silent.
    Replica,
}

impl ApplyMode {
    /// What a person may write.
    pub const EXPECTED: &'static str = "\"auto\", \"plain\" or \"replica\"";
}

impl FromStr for ApplyMode {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            "plain" => Ok(Self::Plain),
            "replica" => Ok(Self::Replica),
            other => Err(PolicyError::Unknown {
                expected: Self::EXPECTED,
                found: other.to_owned(),
            }),
        }
    }
}

impl fmt::Display for ApplyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Plain => "plain",
            Self::Replica => "replica",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeName {
        NodeName::new(name).unwrap()
    }

    /// What was parsed is printed the way it was written.
    fn check_round_trip<T>(words: &[&str])
    where
        T: FromStr<Err = PolicyError> + fmt::Display,
    {
        for word in words {
            assert_eq!(&word.parse::<T>().unwrap().to_string(), word);
        }
    }

    #[test]
    fn names_hold_lower_case_letters_digits_and_two_signs() {
        for name in ["a", "replit", "neon-2", "_", "2", &"x".repeat(NAME_CHARS_MAX)] {
            assert_eq!(LinkName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_could_not_be_told_apart_or_quoted_are_refused() {
        assert_eq!(NodeName::new(""), Err(NameError::Empty));
        assert_eq!(NodeName::new("Neon"), Err(NameError::Character('N')));
        assert_eq!(NodeName::new("são"), Err(NameError::Character('ã')));
        assert_eq!(NodeName::new("a b"), Err(NameError::Character(' ')));
        assert_eq!(NodeName::new("x".repeat(41)), Err(NameError::TooLong(41)));
    }

    #[test]
    fn every_policy_is_printed_as_it_is_written() {
        check_round_trip::<ConflictPolicy>(&["latest", "neon wins", "manual", "merge"]);
        check_round_trip::<Initial>(&["merge", "replit wins", "none"]);
        check_round_trip::<ApplyMode>(&["auto", "plain", "replica"]);
    }

    #[test]
    fn a_policy_tells_which_node_it_names() {
        let policy: ConflictPolicy = "neon wins".parse().unwrap();
        assert_eq!(policy.node(), Some(&node("neon")));
        assert_eq!(ConflictPolicy::Latest.node(), None);
        assert_eq!(Initial::NodeWins(node("a")).node(), Some(&node("a")));
    }

    #[test]
    fn a_node_may_be_called_like_a_policy() {
        let policy: ConflictPolicy = "latest wins".parse().unwrap();
        assert_eq!(policy, ConflictPolicy::NodeWins(node("latest")));
    }

    #[test]
    fn unknown_words_are_answered_with_the_known_ones() {
        let error = "newest".parse::<ConflictPolicy>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected \"latest\", \"<node> wins\", \"merge\" or \"manual\", not \"newest\""
        );
        let error = "Neon wins".parse::<Initial>().unwrap_err();
        assert!(
            error.to_string().contains("\"Neon wins\" cannot exist"),
            "{error}"
        );
        assert!("wins".parse::<ConflictPolicy>().is_err());
    }
}
