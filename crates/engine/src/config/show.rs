//! Every value that holds, and where it came from.

use super::origin::Origin;

/// One value of the configuration, as `ponte config show` prints it: passwords masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its path: `nodes.neon.url`.
    pub key: String,
    /// What holds.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}
