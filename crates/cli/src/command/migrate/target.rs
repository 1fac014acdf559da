//! The two things that every command here needs: the files, and a connection.

use ponte_engine::servers::Servers;
use ponte_pg::Conninfo;
use ponte_pg::migrate::{Migrator, Options, read_directory};
use ponte_schema::migration::MigrationSet;

use super::patience::Patience;
use crate::context::Context;
use crate::failure::Failure;

/// The project's migrations.
pub(in crate::command) fn files(context: &Context) -> Result<MigrationSet, Failure> {
    Ok(read_directory(&context.config()?.migrations())?)
}

/// A connection to the database that the command line means, around its pooler where something says how.
pub(in crate::command) async fn migrator(context: &Context, servers: &Servers) -> Result<Migrator, Failure> {
    patient_migrator(context, servers, &Patience::default()).await
}

/// The same with the patience that was asked for.
pub(super) async fn patient_migrator(
    context: &Context,
    servers: &Servers,
    patience: &Patience,
) -> Result<Migrator, Failure> {
    let (conninfo, options) = way(context, servers).await?;
    Ok(Migrator::connect(&conninfo, patience.apply(options)).await?)
}

/// A connection for commands that only read the history.
pub(super) async fn reader(context: &Context, servers: &Servers) -> Result<Migrator, Failure> {
    let (conninfo, options) = way(context, servers).await?;
    Ok(Migrator::connect_to_read(&conninfo, options).await?)
}

async fn way(context: &Context, servers: &Servers) -> Result<(Conninfo, Options), Failure> {
    let database = context.database()?;
    let conninfo = servers.conninfo(database.session_address()).await?;
    let options = Options {
        allow_pooled: database.allow_pooler,
        history_schema: context.config()?.history_schema().to_owned(),
        ..Options::new(env!("CARGO_PKG_VERSION"))
    };
    Ok((conninfo, options))
}
