//! The roles and databases that a new cluster is given.

use ponte_schema::{Ident, Literal, Sql};
use tokio_postgres::NoTls;

use super::SUPERUSER;
use super::cluster::Cluster;
use crate::error::{During, Result};

impl Cluster {
    /// Makes an ordinary role that can log in, with the cluster's password, unless there is one of that name.
    ///
    /// # Errors
    /// Whatever the server answers, as the error of a statement.
    pub async fn ensure_role(&self, name: &str) -> Result<()> {
        let client = self.superuser(SUPERUSER).await?;
        let exists = client
            .query_opt("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", &[&name])
            .await
            .during(|| "look for a role".to_owned())?;
        if exists.is_some() {
            return Ok(());
        }
        let create = Sql::render(
            "CREATE ROLE {name} LOGIN PASSWORD {password}",
            &[
                ("name", &Ident::new(name)),
                ("password", &Literal::new(self.password())),
            ],
        );
        client
            .batch_execute(create.as_str())
            .await
            .during(|| format!("create the role {}", Ident::new(name)))
    }

    /// Makes a database that `owner` owns, unless there is one of that name.
    ///
    /// # Errors
    /// Whatever the server answers, as the error of a statement.
    pub async fn ensure_database(&self, name: &str, owner: &str) -> Result<()> {
        let client = self.superuser(SUPERUSER).await?;
        let exists = client
            .query_opt("SELECT FROM pg_catalog.pg_database WHERE datname = $1", &[&name])
            .await
            .during(|| "look for a database".to_owned())?;
        if exists.is_some() {
            return Ok(());
        }
        let (name_sql, owner_sql) = (Ident::new(name), Ident::new(owner));
        let create = Sql::render(
            "CREATE DATABASE {name} OWNER {owner}",
            &[("name", &name_sql), ("owner", &owner_sql)],
        );
        client
            .batch_execute(create.as_str())
            .await
            .during(|| format!("create the database {name_sql}"))
    }

    async fn superuser(&self, database: &str) -> Result<tokio_postgres::Client> {
        let (client, connection) = tokio_postgres::connect(&self.conninfo(database, SUPERUSER), NoTls)
            .await
            .during(|| "connect to the cluster".to_owned())?;
        tokio::spawn(connection);
        Ok(client)
    }
}
