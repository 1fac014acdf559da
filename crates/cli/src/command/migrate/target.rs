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

/// A connection to the database that the command line means, around its pooler where something says how.
pub(super) async fn migrator(context: &Context) -> Result<Migrator, Failure> {
    let database = context.database()?;
    let environment = context.config()?.environment();
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let text = match database.session_address() {
        Address::Server(address) => address.expose(),
        Address::Libpq | Address::Embedded(_) => "",
    };
    let conninfo = Conninfo::resolve(text, &variable)?;
    Ok(Migrator::connect(&conninfo, Options::new(env!("CARGO_PKG_VERSION"))).await?)
}
