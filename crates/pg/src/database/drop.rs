//! Dropping a database.

use ponte_schema::{Ident, Literal, Sql};

use super::DatabaseProblem;
use super::create::maintenance;
use crate::conninfo::Conninfo;
use crate::error::{During, Error, ErrorKind, Result};
use crate::session::{ConnectOptions, Session};

/// Databases that every server has.
const SYSTEM: [&str; 3] = ["postgres", "template0", "template1"];

/// A database that is to be dropped.
pub struct Doomed {
    session: Session,
    name: String,
    guests: Vec<Guest>,
    size_bytes: i64,
}

/// Somebody who is connected to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The server's process.
    pub pid: i32,
    /// The role.
    pub role: String,
    /// What it calls itself.
    pub application_name: String,
}

impl Doomed {
    /// Looks for the database; nothing where there is none.
    ///
    /// # Errors
    /// A database that belongs to the server, and what keeps the server from being reached.
    pub async fn find(conninfo: &Conninfo, name: &str) -> Result<Option<Self>> {
        if SYSTEM.contains(&name) {
            return Err(Error::new(
                ErrorKind::Database(DatabaseProblem::NotAllowed),
                format!("cannot drop {name}: it belongs to the server"),
            )
            .hint("name a database of your own"));
        }
        let session = maintenance(conninfo, name, &ConnectOptions::new("ponte db drop")).await?;
        let sql = Sql::render(include_str!("sql/guests.sql"), &[("name", &Literal::new(name))]);
        let rows = session.client().query_typed(sql.as_str(), &[]).await;
        let rows = rows.during(|| format!("look who is connected to {name}"))?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let guest = |row: &tokio_postgres::Row| {
            Some(Guest {
                pid: row.get::<_, Option<i32>>(1)?,
                role: row.get::<_, Option<String>>(2).unwrap_or_default(),
                application_name: row.get::<_, Option<String>>(3).unwrap_or_default(),
            })
        };
        Ok(Some(Self {
            size_bytes: first.get(0),
            guests: rows.iter().filter_map(guest).collect(),
            name: name.to_owned(),
            session,
        }))
    }

    /// How large it is.
    pub fn size_bytes(&self) -> i64 {
        self.size_bytes
    }

    /// Who is connected to it.
    pub fn guests(&self) -> &[Guest] {
        &self.guests
    }

    /// Drops it. With `force` those who are connected are thrown out.
    ///
    /// # Errors
    /// `db.in_use`, and what the server answers.
    pub async fn drop(self, force: bool) -> Result<()> {
        if let Some(guest) = self.guests.first().filter(|_| !force) {
            return Err(Error::new(
                ErrorKind::Database(DatabaseProblem::InUse),
                format!("cannot drop {}: others are connected to it", self.name),
            )
            .with("sessions", self.guests.len())
            .with("pid", guest.pid)
            .with("role", &guest.role)
            .with("application", &guest.application_name));
        }
        let how = Sql::text(if force { " WITH (FORCE)" } else { "" });
        let sql = Sql::render(
            "DROP DATABASE {name}{how}",
            &[("name", &Ident::new(&self.name)), ("how", &how)],
        );
        let dropped = self.session.client().batch_execute(sql.as_str()).await;
        dropped.during(|| format!("drop the database {}", self.name))
    }
}
