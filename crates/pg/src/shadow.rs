//! A server of our own that holds what recorded migrations make, to be compared with what a database has become.
//!
//! It has the database's own major version, because the text of definitions differs between them, and the roles that the database knows, with
//! no right to log in, because statements name them. Migrations run there under the name of the role that owns the work in the real
//! database, as a superuser, so that objects have the same owner. It listens where nobody else gets to, holds no row of anybody's, and ends with
//! the value.

mod rows;

use std::collections::BTreeMap;

use ponte_schema::migration::plan::DownTo;
use ponte_schema::migration::{MigrationSet, Revision, Script, TransactionMode};
use ponte_schema::model::{Kind, Model, ObjectId};
use ponte_schema::plan::Side;
use ponte_schema::{Ident, Sql};
use tokio_postgres::Row;

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

/// Beyond what every throw-away server is given: this one is read once, and never started again. What a server says is read where a
/// migration is observed, so it says it in English.
const SETTINGS: &[(&str, &str)] = &[
    ("lc_messages", "C"),
    ("autovacuum", "off"),
    ("shared_buffers", "64MB"),
    ("synchronous_commit", "off"),
    ("checkpoint_timeout", "1d"),
    ("max_wal_size", "2GB"),
    ("wal_init_zero", "off"),
];

/// The database that sessions of our own go to. Nothing is ever written there.
const MAINTENANCE: &str = "postgres";

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
        let options = ClusterOptions::throw_away(binaries);
        let mut options = SETTINGS
            .iter()
            .fold(options, |options, (name, value)| options.setting(name, value));
        if let Some(path) = &like.search_path {
            options = options.setting("search_path", path);
        }
        let cluster = Cluster::start(options).await?;
        let shadow = Self {
            cluster,
            role: like.role.clone(),
            databases: 0,
        };
        let mut sql = Sql::text("");
        if like.role != SUPERUSER {
            sql.push(&Sql::render(
                "CREATE ROLE {role} LOGIN SUPERUSER;\n",
                &[("role", &Ident::new(&like.role))],
            ));
        }
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
        shadow.maintain(&sql, "make the roles of the shadow").await?;
        Ok(shadow)
    }

    /// Refuses a database whose extensions cannot be made here, before anything runs.
    ///
    /// # Errors
    /// `shadow.extension`, naming all that are missing.
    pub async fn require_extensions(&self, live: &Model) -> Result<()> {
        if !live.objects.keys().any(|id| id.kind == Kind::Extension) {
            return Ok(());
        }
        let session = self.session(MAINTENANCE, SUPERUSER).await?;
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
        let name = format!("shadow_{}", self.databases);
        let (database, role) = (Ident::new(&name), Ident::new(&self.role));
        let making = if self.databases == 1 {
            include_str!("shadow/first_database.sql")
        } else {
            "CREATE DATABASE {database} OWNER {role} TEMPLATE template0"
        };
        let sql = Sql::render(making, &[("database", &database), ("role", &role)]);
        self.maintain(&sql, "make a database on the shadow").await?;
        let conninfo = Conninfo::parse(&self.cluster.conninfo(&name, &self.role))?;
        // Nobody stands between us and a server of our own, so none is looked for.
        let options = Options::new(env!("CARGO_PKG_VERSION"));
        let migrator = Migrator::connect_to_read(&conninfo, options).await?;
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

    async fn maintain(&self, sql: &Sql, what: &str) -> Result<()> {
        let session = self.session(MAINTENANCE, SUPERUSER).await?;
        let done = session.client().batch_execute(sql.as_str()).await;
        done.during(|| what.to_owned())
    }

    async fn session(&self, database: &str, role: &str) -> Result<Session> {
        let conninfo = Conninfo::parse(&self.cluster.conninfo(database, role))?;
        Session::connect(&conninfo, &ConnectOptions::new("ponte shadow")).await
    }
}

/// A file that ran on a shadow.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The number of the transaction in which it came to its end.
    pub transaction: i64,
    /// The number of the migration; nothing where the file is repeatable.
    pub revision: Option<Revision>,
    /// The name of the migration or of the repeatable file.
    pub name: String,
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
        self.bring_template(files).await?;
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

    /// Makes the database that new ones are copied from, where a file may make one: the shadow has used it up.
    async fn bring_template(&self, files: &MigrationSet) -> Result<()> {
        let migrations = files.iter().map(|file| &file.up);
        let scripts = migrations.chain(files.repeatables().iter().map(|file| &file.script));
        let mut texts = scripts.map(|script| script.text().to_ascii_lowercase());
        if !texts.any(|text| text.contains("create database")) {
            return Ok(());
        }
        let client = self.session.client();
        let found = "SELECT FROM pg_catalog.pg_database WHERE datname = 'template1'";
        let found = client.query_typed_opt(found, &[]).await;
        if found
            .during(|| "look for a template database".to_owned())?
            .is_some()
        {
            return Ok(());
        }
        let make = "CREATE DATABASE template1 TEMPLATE template0 IS_TEMPLATE true";
        let made = client.batch_execute(make).await;
        made.during(|| "make a template database".to_owned())
    }

    /// Which files ran here, oldest first.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn ran(&self) -> Result<Vec<Ran>> {
        let sql = include_str!("shadow/ran.sql");
        let rows = self.session.client().query_typed(sql, &[]).await;
        let rows = rows.during(|| "read what ran on the shadow".to_owned())?;
        let ran = |row: &Row| Ran {
            transaction: row.get(0),
            revision: Revision::parse(row.get(1)),
            name: row.get(2),
        };
        Ok(rows.iter().map(ran).collect())
    }

    /// The transaction that wrote to each object last.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn touched(&self) -> Result<BTreeMap<ObjectId, i64>> {
        catalog::touched(&self.session).await
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

    /// How the database is reached.
    pub fn conninfo(&self) -> &Conninfo {
        &self.conninfo
    }

    /// The session that looks at the database.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What the database would be made of after these statements, and which of them the server accepts. They are taken back.
    ///
    /// # Errors
    /// Whatever the server answers beside that.
    pub async fn printed_again(&self, statements: &[Sql]) -> Result<(Model, Vec<bool>)> {
        let trying = || "try statements on a shadow".to_owned();
        let client = self.session.client();
        let begin = "BEGIN; SET LOCAL search_path = ''";
        client.batch_execute(begin).await.during(trying)?;
        let mut done = Vec::new();
        for statement in statements {
            client.batch_execute("SAVEPOINT before").await.during(trying)?;
            let accepted = client.batch_execute(statement.as_str()).await.is_ok();
            if !accepted {
                let back = "ROLLBACK TO SAVEPOINT before";
                client.batch_execute(back).await.during(trying)?;
            }
            done.push(accepted);
        }
        let model = catalog::read_in_transaction(&self.session).await;
        client.batch_execute("ROLLBACK").await.during(trying)?;
        Ok((model?, done))
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
