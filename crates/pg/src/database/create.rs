//! Planning and running a creation.

use ponte_schema::{Ident, Sql};

use super::state::{self, ServerState};
use super::steps::{self, Place, Step};
use super::{DatabaseProblem, Password, Wanted};
use crate::conninfo::Conninfo;
use crate::error::{During, Error, ErrorKind, Result};
use crate::pooler;
use crate::session::{ConnectOptions, Session};

/// A role that gets a password.
#[derive(Debug, Clone)]
pub struct Login {
    /// Its name.
    pub role: String,
    /// What it logs in with.
    pub password: Password,
}

/// What is missing of a database that is wanted.
pub struct Creation {
    wanted: Wanted,
    conninfo: Conninfo,
    session: Session,
    me: String,
    logins: Vec<Login>,
    steps: Vec<Step>,
}

impl Creation {
    /// Looks at what is there. Writes nothing.
    ///
    /// # Errors
    /// `conn.pooled_url`, `db.not_allowed`, `db.differs`, `db.extension`, and what keeps the server from being reached.
    pub async fn plan(conninfo: &Conninfo, wanted: Wanted) -> Result<Self> {
        let options = ConnectOptions::new("ponte db create");
        let conninfo = conninfo.clone();
        let session = maintenance(&conninfo, &wanted.name, &options).await?;
        let state = state::server(&session, &wanted).await?;
        refuse(&wanted, &state)?;
        let missing = wanted.roles().filter(|role| !state.roles.contains(*role));
        let login = |role: &str| {
            Ok(Login {
                role: role.to_owned(),
                password: Password::random()?,
            })
        };
        let logins = missing.map(login).collect::<Result<Vec<_>>>()?;
        let has = match state.database {
            Some(_) => {
                let inside = Session::connect(&conninfo.with_dbname(&wanted.name)?, &options).await?;
                state::inside(&inside, &wanted).await?
            }
            None => state::inside_new(),
        };
        let mut all = steps::outside(&wanted, &state, &logins);
        all.extend(steps::inside(&wanted, &state, &has));
        Ok(Self {
            me: state.me,
            steps: all,
            logins,
            wanted,
            conninfo,
            session,
        })
    }

    /// The statements that are missing, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The roles that do not exist yet, with their passwords.
    pub fn logins(&self) -> &[Login] {
        &self.logins
    }

    /// How the database is reached by a role that is about to be made.
    ///
    /// # Errors
    /// A name that does not fit into a connection string.
    pub fn url(&self, login: &Login) -> Result<String> {
        let conninfo = self.conninfo.with_dbname(&self.wanted.name)?;
        Ok(conninfo
            .with_login(&login.role, login.password.expose())?
            .expose_url())
    }

    /// The same with a word in the place of the password, for a file that others read.
    ///
    /// # Errors
    /// As [`url`](Self::url).
    pub fn example(&self, role: &str) -> Result<String> {
        let conninfo = self.conninfo.with_dbname(&self.wanted.name)?;
        Ok(conninfo.with_login(role, "PASSWORD")?.expose_url())
    }

    /// Makes the roles, all or none.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn make_roles(&self) -> Result<()> {
        let statements: Vec<&Step> = self.at(Place::Roles).collect();
        if statements.is_empty() {
            return Ok(());
        }
        let mut script = Sql::text("BEGIN;\n");
        for step in statements {
            script.push(&step.sql).push(&Sql::text(";\n"));
        }
        script.push(&Sql::text("COMMIT"));
        let made = self.session.client().batch_execute(script.as_str()).await;
        if made.is_err() {
            // The first error counts.
            let _ = self.session.client().batch_execute("ROLLBACK").await;
        }
        made.during(|| "create the roles".to_owned())
    }

    /// Makes the database and what belongs into it.
    ///
    /// # Errors
    /// What the server answers. What was made until then stays; the next run goes on from there.
    pub async fn make_database(&self) -> Result<()> {
        for step in self.at(Place::Database) {
            let made = self.session.client().batch_execute(step.sql.as_str()).await;
            made.during(|| format!("create the database {}", self.wanted.name))?;
        }
        let is_inside = |step: &&Step| matches!(step.place, Place::AsOwner | Place::AsOneself);
        let inside: Vec<&Step> = self.steps.iter().filter(is_inside).collect();
        if inside.is_empty() {
            return Ok(());
        }
        let conninfo = self.conninfo.with_dbname(&self.wanted.name)?;
        let session = Session::connect(&conninfo, &ConnectOptions::new("ponte db create")).await?;
        let mut script = Sql::text("BEGIN;\n");
        for step in inside {
            if step.place == Place::AsOwner && self.me != self.wanted.owner {
                let owner = Ident::new(&self.wanted.owner);
                script.push(&Sql::render("SET LOCAL ROLE {owner};\n", &[("owner", &owner)]));
            } else {
                script.push(&Sql::text("SET LOCAL ROLE NONE;\n"));
            }
            script.push(&step.sql).push(&Sql::text(";\n"));
        }
        script.push(&Sql::text("COMMIT"));
        let made = session.client().batch_execute(script.as_str()).await;
        made.during(|| format!("set up the database {}", self.wanted.name))
    }

    fn at(&self, place: Place) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.place == place)
    }
}

/// A session in a database that is there: the one of the connection string, unless it is the wanted one or does not exist.
pub(super) async fn maintenance(
    conninfo: &Conninfo,
    name: &str,
    options: &ConnectOptions,
) -> Result<Session> {
    if conninfo.dbname() != name {
        match direct(conninfo, options).await {
            Err(error) if error.kind() == ErrorKind::ConnNoDatabase => {}
            other => return other,
        }
    }
    direct(&conninfo.with_dbname("postgres")?, options).await
}

/// Not through a pooler: it would take new roles for unknown ones, and its address would end up in the environment file.
async fn direct(conninfo: &Conninfo, options: &ConnectOptions) -> Result<Session> {
    pooler::require_direct(conninfo, options).await?;
    Session::connect(conninfo, options).await
}

fn refuse(wanted: &Wanted, state: &ServerState) -> Result<()> {
    let refused = |problem, message: String| Err(Error::new(ErrorKind::Database(problem), message));
    let name = &wanted.name;
    let new_roles = wanted.roles().any(|role| !state.roles.contains(role));
    if new_roles && !state.may_create_roles && !state.is_superuser {
        return refused(
            DatabaseProblem::NotAllowed,
            format!(
                "cannot create roles for {name}: {} has no right to (CREATEROLE)",
                state.me
            ),
        );
    }
    if state.database.is_none() && !state.may_create_databases && !state.is_superuser {
        return refused(
            DatabaseProblem::NotAllowed,
            format!("cannot create {name}: {} has no right to (CREATEDB)", state.me),
        );
    }
    if !state.missing_extensions.is_empty() {
        let missing = state.missing_extensions.join(", ");
        return refused(
            DatabaseProblem::Extension,
            format!("cannot create {name}: the server does not have the extension {missing}"),
        );
    }
    let Some(existing) = &state.database else {
        return Ok(());
    };
    let differs = [
        ("owner", Some(&wanted.owner), &existing.owner),
        ("encoding", Some(&wanted.encoding), &existing.encoding),
        ("locale", wanted.locale.as_ref(), &existing.collation),
    ];
    let plain = |text: &str| text.replace('-', "").to_lowercase();
    let differs = differs.into_iter().find(|(what, wanted, is)| {
        wanted.is_some_and(|wanted| {
            if *what == "owner" {
                wanted != *is
            } else {
                plain(wanted) != plain(is)
            }
        })
    });
    match differs {
        None => Ok(()),
        Some((what, _, is)) => refused(
            DatabaseProblem::Differs,
            format!("cannot create {name}: there is a database of that name, and its {what} is {is}"),
        ),
    }
}
