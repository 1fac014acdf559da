//! The two things that every command here needs: the files, and a connection.

use ponte_engine::config::Address;
use ponte_pg::Conninfo;
use ponte_pg::migrate::{Migrator, Options};
use ponte_schema::migration::MigrationSet;

use crate::context::Context;
use crate::failure::Failure;

/// The project's migrations.
pub(super) fn files(context: &Context) -> Result<MigrationSet, Failure> {
    let directory = context.config()?.migrations();
    Ok(MigrationSet::read(&directory).map_err(ponte_pg::Error::from)?)
}

/// A connection to the database that the command line means.
pub(super) async fn migrator(context: &Context) -> Result<Migrator, Failure> {
    let database = context.database()?;
    let conninfo = match database.session_address() {
        Address::Server(address) => Conninfo::parse(address.expose())?,
        Address::Libpq | Address::Embedded(_) => Conninfo::parse("")?,
    };
    Ok(Migrator::connect(&conninfo, Options::new(env!("CARGO_PKG_VERSION"))).await?)
}
