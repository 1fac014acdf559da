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
use super::launch::{Guardian, Launch, Port, reap};
use super::lock::Lock;
use super::options::{ClusterOptions, Kind};
use super::postmaster::{self, Postmaster, Status};
use super::template;
use crate::error::{Error, ErrorKind, Result};

/// How often a server that was told to stop is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How long a server may take over an orderly stop before it is told more firmly.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of our own, running or not. Dropping it leaves it without waiting; see [`Cluster::leave`].
pub struct Cluster {
    options: ClusterOptions,
    account: Account,
    home: Home,
    port: u16,
    socket_dir: PathBuf,
    password: String,
    /// The server, where it is our own child and not adopted.
    child: Mutex<Option<Child>>,
    users: Option<Lock>,
    guardian: Option<Guardian>,
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
        cluster.port = cluster.launch(Port::Any, deadline).await?;
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
        let port = old_port.map_or(Port::Any, Port::Preferably);
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

    /// A connection string over the socket: no password, for this account and root only.
    pub fn conninfo(&self, database: &str, role: &str) -> String {
        format!(
            "host={} port={} dbname={} user={}",
            quoted(&self.socket_dir.to_string_lossy()),
            self.port,
            quoted(database),
            quoted(role)
        )
    }

    /// A connection string over the loopback address, with the password that the roles made by this crate share.
    /// Not for logs.
    pub fn url(&self, database: &str, role: &str) -> String {
        format!(
            "postgresql://{}:{}@127.0.0.1:{}/{}",
            percent_encoded(role),
            self.password,
            self.port,
            percent_encoded(database)
        )
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

    /// Leaves the cluster, and stops a named one if nobody else uses it and nobody asked to keep it running. A throw-away
    /// one is stopped and removed.
    ///
    /// # Errors
    /// `embedded.directory` where another program starts or stops it for too long, `embedded.start` where it does not stop.
    pub async fn leave(mut self) -> Result<()> {
        let Some(users) = self.users.take() else {
            self.halt(Signal::QUIT).await?;
            if let Some(guardian) = self.guardian.take() {
                guardian.finish(Instant::now() + PATIENCE).await;
            }
            return Ok(());
        };
        let lock = self.lock().await?;
        if users.is_the_last() && self.home.note(Note::Keep).is_none() {
            self.halt(Signal::INT).await?;
            let _ = std::fs::remove_dir(&self.socket_dir);
        }
        drop(lock);
        Ok(())
    }

    /// Stops the server in good order, whoever else uses it. [`Cluster::restart`] starts it again.
    ///
    /// # Errors
    /// As [`Cluster::leave`].
    pub async fn stop(&self) -> Result<()> {
        self.home.remove_note(Note::Keep);
        self.halt(Signal::INT).await
    }

    /// Stops the server at once, without a checkpoint: it will have to recover.
    ///
    /// # Errors
    /// As [`Cluster::leave`].
    pub async fn stop_immediate(&self) -> Result<()> {
        self.halt(Signal::QUIT).await
    }

    /// Kills every process of the server, as a crash of its machine would.
    ///
    /// # Errors
    /// As [`Cluster::leave`].
    pub async fn kill(&self) -> Result<()> {
        let mut child = self.child.lock().await;
        self.kill_family().await?;
        reap(child.take());
        Ok(())
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

    async fn lock(&self) -> Result<Lock> {
        Lock::exclusive(&self.home.ours.join(LOCK), Instant::now() + self.options.timeout).await
    }

    /// Sends the signal and waits for the end; more firmly when that takes too long.
    async fn halt(&self, signal: Signal) -> Result<()> {
        let mut child = self.child.lock().await;
        for signal in [signal, Signal::QUIT] {
            let Some(server) = Postmaster::of(&self.home.data()) else {
                break;
            };
            server.signal(signal);
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline && Postmaster::of(&self.home.data()).is_some() {
                tokio::time::sleep(POLL).await;
            }
        }
        self.kill_family().await?;
        reap(child.take());
        Ok(())
    }

    /// Kills what is left of the server until nothing is.
    async fn kill_family(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let family = postmaster::family(&self.home.data());
            if family.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::new(
                    ErrorKind::EmbeddedStart,
                    "the server does not even end when it is killed",
                )
                .with("data_directory", self.home.data().display()));
            }
            for pid in family {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Cluster {
    /// Leaves without waiting. The note tells whoever comes next that the server, though it looks ready, is on its way out.
    fn drop(&mut self) {
        let child = self.child.get_mut().take();
        if let Some(users) = self.users.take()
            && let Some(_lock) = Lock::try_exclusive(&self.home.ours.join(LOCK))
            && users.is_the_last()
            && self.home.note(Note::Keep).is_none()
            && let Some(server) = Postmaster::of(&self.home.data())
        {
            let pid = server.pid.as_raw_nonzero().to_string();
            if self.home.write_note(Note::Stopping, &pid).is_ok() {
                server.signal(Signal::INT);
            }
        }
        drop(self.guardian.take());
        reap(child);
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

/// A value of a `key=value` connection string.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A part of a URL.
fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_survive_both_kinds_of_connection_string() {
        assert_eq!(quoted("it's \\"), "'it\\'s \\\\'");
        assert_eq!(percent_encoded("a/b c@ã"), "a%2Fb%20c%40%C3%A3");
    }
}
