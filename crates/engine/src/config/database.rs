//! Which database a command is about.
//!
//! `--database-url` or `--node` where given (or their variables), else `DATABASE_URL`, else the first node, else what
//! libpq's own variables say.

use super::environment::Environment;
use super::node::{Address, Node};
use super::origin::{Origin, Sourced};
use super::project::{Config, FILE_NAME};
use super::secret::Secret;
use crate::{Error, ErrorKind, Result};

/// What the command line says about the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// `--database-url`
    Url(Sourced<Secret>),
    /// `--node`
    Node(Sourced<String>),
    /// Nothing.
    Unsaid,
}

/// The database that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// What it is called in messages: the node's name, or where the address came from.
    pub label: String,
    /// How it is reached.
    pub address: Address,
    /// How it is reached around a pooler, where something says so.
    pub direct: Option<Address>,
    /// Go on although the address leads to a transaction pooler.
    pub allow_pooler: bool,
    /// Where the choice came from.
    pub origin: Origin,
}

impl Database {
    /// The address for a command that needs a session of its own.
    pub fn session_address(&self) -> &Address {
        self.direct.as_ref().unwrap_or(&self.address)
    }
}

/// The variable that nearly every platform sets.
const DATABASE_URL: &str = "DATABASE_URL";
/// What platforms call the address around the pooler that [`DATABASE_URL`] goes through.
const DIRECT_URLS: [&str; 2] = ["DATABASE_URL_UNPOOLED", "DIRECT_URL"];
/// libpq's variables that say where a server is.
const LIBPQ: [&str; 5] = ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT"];

impl Config {
    /// The database that a command is about.
    ///
    /// # Errors
    /// When nothing says which one, when the node does not exist, or when its address refers to something unset.
    pub fn database(&self, choice: &Choice) -> Result<Database> {
        match choice {
            Choice::Url(url) => Ok(Database {
                label: url.origin.to_string(),
                address: parse(url.value.expose(), &url.origin)?,
                direct: None,
                allow_pooler: false,
                origin: url.origin.clone(),
            }),
            Choice::Node(name) => of_node(self.node(&name.value)?, name.origin.clone()),
            Choice::Unsaid => self.unsaid(),
        }
    }

    fn unsaid(&self) -> Result<Database> {
        let environment = self.environment();
        if let Some(database) = from_variable(environment)? {
            return Ok(database);
        }
        if let Some(node) = self.nodes().first() {
            return of_node(node, Origin::File(node.place.clone()));
        }
        match LIBPQ.iter().find_map(|name| environment.lookup(name)) {
            Some(variable) => Ok(Database {
                label: "libpq variables".into(),
                address: Address::Libpq,
                direct: None,
                allow_pooler: false,
                origin: variable.origin,
            }),
            None => Err(
                Error::new(ErrorKind::ConfigNoDatabase, "cannot tell which database is meant").hint(format!(
                    "name it with --database-url URL, or set DATABASE_URL, or add [nodes.NAME] to {FILE_NAME}"
                )),
            ),
        }
    }
}

fn of_node(node: &Node, origin: Origin) -> Result<Database> {
    let address = node.address()?.clone();
    let direct = node.direct_address()?;
    Ok(Database {
        label: node.name.to_string(),
        direct: (*direct != address).then(|| direct.clone()),
        address,
        allow_pooler: node.allow_pooler,
        origin,
    })
}

fn from_variable(environment: &Environment) -> Result<Option<Database>> {
    let Some(url) = environment.lookup(DATABASE_URL) else {
        return Ok(None);
    };
    let direct = DIRECT_URLS.iter().find_map(|name| environment.lookup(name));
    let direct = match direct {
        Some(direct) => Some(parse(direct.value, &direct.origin)?),
        None => None,
    };
    Ok(Some(Database {
        label: DATABASE_URL.into(),
        address: parse(url.value, &url.origin)?,
        direct,
        allow_pooler: false,
        origin: url.origin,
    }))
}

fn parse(text: &str, origin: &Origin) -> Result<Address> {
    Address::parse(text).map_err(|message| {
        Error::new(ErrorKind::ConfigInvalid, "cannot use the database address")
            .with("from", origin)
            .with("reason", message)
    })
}
