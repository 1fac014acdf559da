//! What can go wrong with creating and dropping databases.

/// What went wrong; each has a page in `docs/errors/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatabaseProblem {
    /// The role may not create databases or roles.
    NotAllowed,
    /// There is a database of that name, and it is not what was asked for.
    Differs,
    /// An extension is not installed at the server.
    Extension,
    /// Others are connected to the database that is to be dropped.
    InUse,
}

impl DatabaseProblem {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAllowed => "db.not_allowed",
            Self::Differs => "db.differs",
            Self::Extension => "db.extension",
            Self::InUse => "db.in_use",
        }
    }

    /// What to do when nothing more exact is known.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NotAllowed => "connect as a role with CREATEDB and CREATEROLE",
            Self::Differs => "choose another name, or ask for what is there",
            Self::Extension => "install the package that brings the extension at the server",
            Self::InUse => "end those sessions, or add --force",
        }
    }
}
