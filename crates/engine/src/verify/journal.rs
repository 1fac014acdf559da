//! Installing and removing the journal of changes, which tells `ponte verify` whom a difference comes from.

use ponte_pg::{Session, blame};

use crate::error::{Error, ErrorKind, Result};

/// What the server answers where a privilege is missing.
const NOT_ALLOWED: &str = "42501";

/// Installs it, or brings it up to date.
///
/// # Errors
/// `verify.journal` where the role may not make event triggers, and what else the server answers. Nothing is half done.
pub async fn install_journal(session: &Session) -> Result<()> {
    explained(
        blame::install(session).await,
        "cannot install the journal of changes",
    )
}

/// Removes it, and all that it holds.
///
/// # Errors
/// As [`install_journal`].
pub async fn remove_journal(session: &Session) -> Result<()> {
    explained(
        blame::remove(session).await,
        "cannot remove the journal of changes",
    )
}

fn explained(done: ponte_pg::Result<()>, message: &str) -> Result<()> {
    let Err(error) = done else { return Ok(()) };
    if error
        .server()
        .is_none_or(|server| server.code().code() != NOT_ALLOWED)
    {
        return Err(error.into());
    }
    let message = format!("{message}: event triggers are the superuser's, and this role is none");
    Err(Error::new(ErrorKind::VerifyJournal, message)
        .hint("connect as a superuser, or as the provider's administrator")
        .because(error))
}
