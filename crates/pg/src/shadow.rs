//! A server of our own that holds what recorded migrations make, to be compared with what a database has become.
//!
//! It has the database's own major version, because the text of definitions differs between them, and the roles that the database knows, with
//! no right to log in, because statements name them. Migrations run there under the name of the role that owns the work in the real
//! database, as a superuser, so that objects have the same owner. It listens where nobody else gets to, holds no row of anybody's, and ends with
//! the value.

mod rows;

use ponte_schema::migration::plan::DownTo;
use ponte_schema::migration::{MigrationSet, Revision, Script, TransactionMode};
use ponte_schema::model::{Kind, Model};
use ponte_schema::plan::Side;
use ponte_schema::{Ident, Sql};

use crate::catalog;
use crate::conninfo::Conninfo;
use crate::embedded::{Binaries, Cluster, ClusterOptions, SUPERUSER};
use crate::error::{During, Error, ErrorKind, Result};
use crate::migrate::{Event, Migrator, Options, UpRequest};
use crate::observe::Witness;
use crate::session::{ConnectOptions, Session};
pub use rows::{LostRows, Rows};

/// What a shadow has to have in common with a database.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// The role that migrations run as.
    pub role: String,
    /// All roles that statements may name.
    pub roles: Vec<String>,
    /// Where names without a schema are looked for, if it is not the usual path.
    pub search_path: Option<String>,
}

/// The role that owns what nobody is known to own.
const SOME_OWNER: &str = "owner";

impl Likeness {
    /// What nobody knows anything of; the roles are those that statements name.
    pub fn unknown(roles: Vec<String>) -> Self {
        Self {
            role: SOME_OWNER.to_owned(),
            roles,
            search_path: None,
        }
    }

    /// What the database of this session is like.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn of(session: &Session) -> Result<Self> {
        let sql = include_str!("shadow/likeness.sql");
        let row = session.client().query_typed_one(sql, &[]).await;
        let row = row.during(|| "ask for the roles and the search path".to_owned())?;
        Ok(Self {
            role: row.get(0),
            roles: row.get(1),
            search_path: row.get(2),
        })
    }
}

/// A server of our own to replay migrations on.
pub struct Shadow {
    cluster: Cluster,
    role: String,
    databases: usize,
}

impl Shadow {
    /// Starts one.
    ///
    /// # Errors
    /// One of the `embedded.…` kinds.
    pub async fn start(binaries: Binaries, like: &Likeness) -> Result<Self> {
        // What a server says is read where a migration is observed.
        let mut options = ClusterOptions::throw_away(binaries).setting("lc_messages", "C");
        if let Some(path) = &like.search_path {
            options = options.setting("search_path", path);
        }
        let cluster = Cluster::start(options).await?;
        if like.role != SUPERUSER {
            cluster.ensure_role(&like.role).await?;
        }
        let shadow = Self {
            cluster,
            role: like.role.clone(),
            databases: 0,
        };
        let mut sql = Sql::render(
            "ALTER ROLE {role} SUPERUSER;\n",
            &[("role", &Ident::new(&like.role))],
        );
        let others = like
            .roles
            .iter()
            .filter(|role| ![SUPERUSER, &like.role].contains(&role.as_str()));
        for role in others {
            sql.push(&Sql::render(
                "CREATE ROLE {role};\n",
                &[("role", &Ident::new(role))],
            ));
        }
        let session = shadow.session("postgres", SUPERUSER).await?;
        let made = session.client().batch_execute(sql.as_str()).await;
        made.during(|| "make the roles of the shadow".to_owned())?;
        Ok(shadow)
    }

    /// Refuses a database whose extensions cannot be made here, before anything runs.
    ///
    /// # Errors
    /// `shadow.extension`, naming all that are missing.
    pub async fn require_extensions(&self, live: &Model) -> Result<()> {
        let session = self.session("postgres", SUPERUSER).await?;
        let sql = "SELECT name::text FROM pg_catalog.pg_available_extensions";
        let rows = session.client().query_typed(sql, &[]).await;
        let rows = rows.during(|| "ask for the extensions".to_owned())?;
        let available: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let wanted = live.objects.keys().filter(|id| id.kind == Kind::Extension);
        let missing: Vec<&str> = wanted
            .map(|id| id.name.as_str())
            .filter(|name| !available.iter().any(|a| a == name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ShadowExtension,
            "cannot replay the migrations here: extensions of the database are not installed on this machine",
        )
        .with("missing", missing.join(", "))
        .with("server_programs", self.cluster.data_dir().display())
        .hint("install the packages that bring them, for the same major version, and try again"))
    }

    /// A new database that the migrations' role owns, empty, with a runner on it.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn replay(&mut self) -> Result<Replay> {
        self.databases += 1;
        let database = format!("shadow_{}", self.databases);
        self.cluster.ensure_database(&database, &self.role).await?;
        let conninfo = Conninfo::parse(&self.cluster.conninfo(&database, &self.role))?;
        let migrator = Migrator::connect(&conninfo, Options::new(env!("CARGO_PKG_VERSION"))).await?;
        let session = Session::connect(&conninfo, &ConnectOptions::new("ponte shadow")).await?;
        Ok(Replay {
            migrator,
            session,
            conninfo,
        })
    }

    /// Ends the server and removes its files.
    ///
    /// # Errors
    /// A server that does not stop.
    pub async fn leave(self) -> Result<()> {
        self.cluster.leave().await
    }

    async fn session(&self, database: &str, role: &str) -> Result<Session> {
        let conninfo = Conninfo::parse(&self.cluster.conninfo(database, role))?;
        Session::connect(&conninfo, &ConnectOptions::new("ponte shadow")).await
    }
}

/// An empty database on which migrations are run one after the other.
pub struct Replay {
    migrator: Migrator,
    session: Session,
    conninfo: Conninfo,
}

impl Replay {
    /// Applies what is pending, up to `to` where it is given.
    ///
    /// # Errors
    /// `migrate.failed` and its kin: what ran once does not run again.
    pub async fn up(&mut self, files: &MigrationSet, to: Option<&Revision>) -> Result<()> {
        let request = UpRequest {
            to: to.cloned(),
            allow_late: false,
        };
        let ran = self.migrator.up(files, &request, &mut |_: Event<'_>| {}).await;
        ran.map_err(|e| {
            e.with(
                "where",
                "on a shadow of the database; the database itself was only read",
            )
            .hint("correct the statement and run this again")
        })?;
        Ok(())
    }

    /// Undoes the newest migration with its DOWN part.
    ///
    /// # Errors
    /// `migrate.irreversible`, `migrate.failed` and its kin.
    pub async fn down(&mut self, files: &MigrationSet) -> Result<()> {
        let ran = self
            .migrator
            .down(files, &DownTo::Steps(1), &mut |_: Event<'_>| {})
            .await;
        ran.map(drop)
    }

    /// Runs a script of ours beside the history, as the runner would.
    ///
    /// # Errors
    /// What the server answers to the statement that is named.
    pub async fn run(&self, script: &Script) -> Result<()> {
        let client = self.session.client();
        let together = script.mode() == TransactionMode::Together;
        if together {
            client.batch_execute("BEGIN").await.during(begin)?;
        }
        for statement in script.statements() {
            let sql = statement.text(script.text());
            let ran = client.batch_execute(sql).await.during(begin);
            if let Err(error) = ran {
                // What the statement said is what counts; the session may be lost with it.
                let _ = client.batch_execute("ROLLBACK").await;
                return Err(error.with("statement", sql));
            }
        }
        if together {
            client.batch_execute("COMMIT").await.during(begin)?;
        }
        client
            .batch_execute("RESET check_function_bodies")
            .await
            .during(begin)
    }

    /// What a plan has to know about the database.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn side(&self) -> Result<Side> {
        catalog::read_side(&self.session).await
    }

    /// Runs scripts on this database from here on and tells what they do. `time_zone` is the live database's, where one is known.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn witness(&self, time_zone: Option<&str>) -> Result<Witness> {
        Witness::connect(&self.conninfo, time_zone).await
    }

    /// The session that looks at the database.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What the database is made of now.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn model(&self) -> Result<Model> {
        catalog::read(&self.session).await
    }
}

fn begin() -> String {
    "execute a plan on a shadow".to_owned()
}
