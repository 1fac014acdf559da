//! A second opinion: what pg_dump says of both databases. It shares no line with our model, so what both overlook is little.

use ponte_pg::dump::{DumpPrograms, Written};
use ponte_pg::migrate::{HISTORY_SCHEMA, Migrator};
use ponte_pg::shadow::Replay;
use ponte_pg::{Session, catalog};
use ponte_schema::dump::{self, Dump, DumpDifference};
use ponte_schema::model::{Access, ObjectId};

use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;

/// What pg_dump says.
#[derive(Debug, Clone)]
pub struct SecondOpinion {
    /// The major version of the pg_dump that was asked.
    pub pg_dump_major: u32,
    /// Everything in which the two databases differ, whether our own comparison knows of it or not.
    pub differences: Vec<DumpDifference>,
}

/// pg_dump, and the live database.
pub(super) struct Oracle<'a> {
    programs: DumpPrograms,
    migrator: &'a Migrator,
    session: &'a Session,
}

impl<'a> Oracle<'a> {
    /// Looks for a pg_dump that may read the database, before anything else is done.
    pub(super) async fn find(
        servers: &Servers,
        migrator: &'a Migrator,
        session: &'a Session,
    ) -> Result<Self> {
        let major = migrator.server_major();
        let programs = DumpPrograms::find(major, &servers.search_places()).await;
        let programs = programs.map_err(|e| {
            let message = format!("cannot ask pg_dump: this machine has none for PostgreSQL {major}, or only older ones");
            Error::new(ErrorKind::VerifyDump, message)
                .hint(format!("install the client programs of PostgreSQL {major} or later, set PONTE_PG_BIN, or leave --paranoid out"))
                .because(e)
        })?;
        Ok(Self {
            programs,
            migrator,
            session,
        })
    }

    /// Dumps both databases and compares. Left out are these objects, and what a sync or a job has put into the live one.
    pub(super) async fn ask(
        &self,
        replay: &Replay,
        access: Access,
        mut left_out: Vec<ObjectId>,
    ) -> Result<SecondOpinion> {
        let written = match access {
            Access::Compared => Written::WithAccess,
            Access::Ignored => Written::WithoutAccess,
        };
        left_out.extend(catalog::traced(self.session).await?);
        let history = self.migrator.history_schema();
        let (live, expected) = tokio::join!(
            self.programs.schema(self.migrator.conninfo(), history, written),
            self.programs.schema(replay.conninfo(), HISTORY_SCHEMA, written),
        );
        let read = |text: ponte_pg::Result<String>| {
            let text = text.map_err(|e| {
                Error::new(ErrorKind::VerifyDump, "cannot ask pg_dump: it does not read the schema")
                    .hint("pg_dump locks every table that it reads: connect as a role that may SELECT from all of them")
                    .because(e)
            })?;
            let mut dump = Dump::read(&text);
            dump.leave_out(|schema, name, text| {
                is_ours(text) || left_out.iter().any(|id| dump::concerns(id, schema, name, text))
            });
            Ok::<_, Error>(dump)
        };
        Ok(SecondOpinion {
            pg_dump_major: self.programs.major(),
            differences: dump::compare(&read(expected)?, &read(live)?),
        })
    }
}

/// Triggers and views of a sync, and the event triggers of the journal, name a schema of ours.
fn is_ours(text: &str) -> bool {
    text.contains(" ponte.") || text.contains(" ponte_journal.")
}
