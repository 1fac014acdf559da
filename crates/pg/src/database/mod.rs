//! Creating a database with the roles that belong to it, and dropping one.
//!
//! [`Creation::plan`] looks at what is there and keeps the statements that are missing, so that a second run has none. Passwords are made here and
//! turned into SCRAM verifiers before anything is sent: neither the server nor its log ever sees one. A superuser is not needed where the
//! role may create databases and roles; what only the owner may do is done as the owner.

mod create;
mod drop;
mod password;
mod problem;
mod state;
mod steps;

pub use create::{Creation, Login};
pub use drop::{Doomed, Guest};
pub use password::Password;
pub use problem::DatabaseProblem;
pub use steps::Step;

/// What database is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The role that owns it, and that migrations run as.
    pub owner: String,
    /// A role that reads and writes rows.
    pub app_role: Option<String>,
    /// A role that reads rows.
    pub read_only_role: Option<String>,
    /// How text is encoded.
    pub encoding: String,
    /// How text is sorted and classified; as in the template where it is not given.
    pub locale: Option<String>,
    /// The database that it is copied from.
    pub template: String,
    /// Extensions that it has.
    pub extensions: Vec<String>,
}

impl Wanted {
    /// All roles, the owner first.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        let others = [self.app_role.as_deref(), self.read_only_role.as_deref()];
        std::iter::once(self.owner.as_str()).chain(others.into_iter().flatten())
    }
}
