//! A cluster from its start to its end.
//!
//! The order of things when a named cluster is started: `lock` is taken alone, so nobody else starts or stops it; `users`
//! is joined, so nobody stops it afterwards; a server that runs is adopted, otherwise the data directory is made if need
//! be and a server started. Leaving goes the other way round: under `lock`, whoever finds nobody else in `users` stops it.
//! Both locks are the kernel's: a program that is killed has left.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::account::Account;
use super::home::{self, Home, LOCK, Note, USERS};
use super::launch::{Guardian, Launch, Port};
use super::lock::Lock;
use super::options::{ClusterOptions, Kind};
use super::postmaster::{Postmaster, Status};
use super::template;
use crate::error::{Error, ErrorKind, Result};

/// How often a server that is found starting or stopping is looked at.
const POLL: Duration = Duration::from_millis(5);

/// A server of our own, running or not. Dropping it leaves it without waiting; see [`Cluster::leave`].
pub struct Cluster {
    pub(super) options: ClusterOptions,
    pub(super) account: Account,
    pub(super) home: Home,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
    pub(super) password: String,
    /// The server, where it is our own child and not adopted.
    pub(super) child: Mutex<Option<Child>>,
    pub(super) users: Option<Lock>,
    pub(super) guardian: Option<Guardian>,
}

impl Cluster {
    /// Starts a server, or joins the users of one that runs, and waits until it accepts connections.
    ///
    /// # Errors
    /// `embedded.no_account`, `embedded.directory` or `embedded.start`, the last with the end of the server's log.
    pub async fn start(options: ClusterOptions) -> Result<Self> {
        let account = Account::choose(options.account.as_deref())?;
        match &options.kind {
            Kind::Named(directory) => {
                let directory = directory.clone();
                Self::start_named(options, account, &directory).await
            }
            Kind::ThrowAway => Self::start_throw_away(options, account).await,
        }
    }

    /// The major version of the cluster in this directory, for choosing binaries that fit; `None` where there is none yet.
    pub fn major_of(directory: &Path) -> Option<u32> {
        let place = std::fs::read_to_string(directory.join("place"));
        let servers = place.map_or_else(|_| directory.to_owned(), |place| PathBuf::from(place.trim_end()));
        let version = std::fs::read_to_string(servers.join("data/PG_VERSION")).ok()?;
        version.trim().parse().ok()
    }

    async fn start_throw_away(options: ClusterOptions, account: Account) -> Result<Self> {
        let deadline = Instant::now() + options.timeout;
        let home = Home::throw_away(&options.temp_dir, account)?;
        let guardian = Guardian::post(&home)?;
        let socket_dir = home.servers.join("s");
        home::make_private(&socket_dir, account).map_err(|e| home::cannot_make(&socket_dir, e))?;
        template::fill(
            &home,
            &options.binaries,
            account,
            &options.temp_dir,
            false,
            deadline,
        )
        .await?;
        let mut cluster = Self::at_rest(options, account, home, socket_dir)?;
        cluster.guardian = Some(guardian);
        let port = cluster.options.port.map_or(Port::Any, Port::Exactly);
        match cluster.launch(port, deadline).await {
            Ok(port) => cluster.port = port,
            Err(error) => {
                // Waited for, so that whoever is told of the failure finds nothing of it any more.
                let _ = cluster.leave().await;
                return Err(error);
            }
        }
        Ok(cluster)
    }

    async fn start_named(options: ClusterOptions, account: Account, directory: &Path) -> Result<Self> {
        let deadline = Instant::now() + options.timeout;
        std::fs::create_dir_all(directory).map_err(|e| home::cannot_make(directory, e))?;
        let lock = Lock::exclusive(&directory.join(LOCK), deadline).await?;
        let home = Home::named(directory, account)?;
        let users = Lock::shared(&home.ours.join(USERS))?;
        if !home.data().exists() {
            template::fill(
                &home,
                &options.binaries,
                account,
                &options.temp_dir,
                true,
                deadline,
            )
            .await?;
        }
        check_version(&home, &options)?;
        if options.keep {
            home.write_note(Note::Keep, "")?;
        }
        let mut cluster = match running_server(&home, deadline).await? {
            Some(server) => {
                let mut cluster = Self::at_rest(options, account, home, server.socket_dir)?;
                cluster.port = server.port;
                cluster
            }
            None => Self::start_again(options, account, home, deadline).await?,
        };
        cluster.users = Some(users);
        drop(lock);
        Ok(cluster)
    }

    /// Starts the server of a named cluster that has none, on its old port if that is free. The caller holds the lock.
    async fn start_again(
        options: ClusterOptions,
        account: Account,
        home: Home,
        deadline: Instant,
    ) -> Result<Self> {
        home.remove_note(Note::Stopping);
        if let Some(old) = home.note(Note::Socket) {
            let _ = std::fs::remove_dir_all(old);
        }
        let old_port = home.note(Note::Port).and_then(|port| port.parse().ok());
        let socket_dir = home::socket_dir(&options.temp_dir, account)?;
        home.write_note(Note::Socket, &socket_dir.to_string_lossy())?;
        let mut cluster = Self::at_rest(options, account, home, socket_dir)?;
        let port = match cluster.options.port {
            Some(port) => Port::Exactly(port),
            None => old_port.map_or(Port::Any, Port::Preferably),
        };
        cluster.port = cluster.launch(port, deadline).await?;
        // Only a wish for next time.
        let _ = cluster.home.write_note(Note::Port, &cluster.port.to_string());
        Ok(cluster)
    }

    fn at_rest(options: ClusterOptions, account: Account, home: Home, socket_dir: PathBuf) -> Result<Self> {
        let password = home.note(Note::Password).ok_or_else(|| {
            Error::new(ErrorKind::EmbeddedDirectory, "cannot read the cluster's password")
                .with("directory", home.ours.display())
        })?;
        Ok(Self {
            options,
            account,
            home,
            port: 0,
            socket_dir,
            password,
            child: Mutex::new(None),
            users: None,
            guardian: None,
        })
    }

    async fn launch(&self, port: Port, deadline: Instant) -> Result<u16> {
        self.write_file("ponte.conf", self.options.settings_file().as_bytes())?;
        let launch = Launch {
            binaries: &self.options.binaries,
            account: self.account,
            home: &self.home,
            socket_dir: &self.socket_dir,
            deadline,
        };
        let (child, port) = launch.start(port).await?;
        *self.child.lock().await = Some(child);
        Ok(port)
    }

    /// The port on the loopback address; the same for as long as this value lives.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of the server's files.
    pub fn data_dir(&self) -> PathBuf {
        self.home.data()
    }

    /// Where the server's messages go.
    pub fn log_path(&self) -> PathBuf {
        self.home.log()
    }

    /// The password that the superuser and the roles made by this crate share. Not for logs.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The process id of the server, while it runs.
    pub fn pid(&self) -> Option<i32> {
        Postmaster::of(&self.home.data()).map(|server| server.pid.as_raw_nonzero().get())
    }

    /// Stops the server, if it runs, and starts it again on the same port and socket with the settings of this value.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub async fn restart(&self) -> Result<()> {
        let lock = match self.options.kind {
            Kind::Named(_) => Some(self.lock().await?),
            Kind::ThrowAway => None,
        };
        self.halt(Signal::INT).await?;
        if !self.socket_dir.is_dir() {
            home::make_private(&self.socket_dir, self.account)
                .map_err(|e| home::cannot_make(&self.socket_dir, e))?;
        }
        self.launch(Port::Exactly(self.port), Instant::now() + self.options.timeout)
            .await?;
        drop(lock);
        Ok(())
    }

    /// Has the server read its configuration files again.
    pub fn reload(&self) {
        if let Some(server) = Postmaster::of(&self.home.data()) {
            server.signal(Signal::HUP);
        }
    }

    /// Writes a file into the data directory as the server's account may read it, and nobody else: a certificate, a
    /// `pg_hba.conf`.
    ///
    /// # Errors
    /// `embedded.directory`.
    pub fn write_file(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.home.data().join(name);
        home::write_private(&path, content)
            .and_then(|()| self.account.own(&path))
            .map_err(|e| home::cannot_make(&path, e))?;
        Ok(path)
    }

    pub(super) async fn lock(&self) -> Result<Lock> {
        Lock::exclusive(&self.home.ours.join(LOCK), Instant::now() + self.options.timeout).await
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("data_dir", &self.home.data())
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The server that runs on this home and is there to stay, once it accepts connections.
async fn running_server(home: &Home, deadline: Instant) -> Result<Option<Postmaster>> {
    loop {
        let Some(server) = Postmaster::of(&home.data()) else {
            return Ok(None);
        };
        let stops = home.note(Note::Stopping) == Some(server.pid.as_raw_nonzero().to_string());
        if server.status == Status::Ready && !stops {
            return Ok(Some(server));
        }
        if Instant::now() >= deadline {
            return Err(Error::new(
                ErrorKind::EmbeddedStart,
                "a server that was found running does not get ready in time",
            )
            .with("log", home.log().display()));
        }
        tokio::time::sleep(POLL).await;
    }
}

fn check_version(home: &Home, options: &ClusterOptions) -> Result<()> {
    let made_by = Cluster::major_of(&home.ours);
    if made_by == Some(options.binaries.major()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::EmbeddedDirectory,
        "the cluster belongs to another major version of PostgreSQL",
    )
    .with("data_directory", home.data().display())
    .with(
        "made_by",
        made_by.map_or_else(|| "unknown".to_owned(), |m| m.to_string()),
    )
    .with("binaries", options.binaries.release())
    .hint("use the server programs of that version, or remove the directory to begin anew"))
}
