//! The directories of a cluster.
//!
//! The locks and the [`Note`]s belong to whoever calls us and lie in the directory that was asked for. `data`
//! belongs to the account that runs the server, and lies beside `server.log` in a directory that this account gets through
//! and cannot change. The two are the same directory, except when we are root and
//! that account cannot get there, say below `/root`: then the server's part lies under `/var/lib/ponte`, and a note
//! says where.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use crate::error::{Error, ErrorKind, Result};

/// Held by whoever starts or stops the server.
pub(super) const LOCK: &str = "lock";

/// Held together by all who use the server.
pub(super) const USERS: &str = "users";

/// Where root keeps data directories that could not lie in the project. Survives a restart of the machine.
const FAR_PLACE: &str = "/var/lib/ponte";

/// Where to go when the caller's temporary directory is closed to the server's account, or its name is too long.
const SHORT_TEMP: &str = "/tmp";

/// A socket's address holds about a hundred bytes, `/.s.PGSQL.12345.lock` among them.
const SOCKET_DIR_BYTES_MAX: usize = 80;

/// Where the parts of a cluster lie.
#[derive(Debug, Clone)]
pub(super) struct Home {
    /// Locks and our own notes.
    pub(super) ours: PathBuf,
    /// The server's part.
    pub(super) servers: PathBuf,
}

impl Home {
    /// The home of a named cluster, made if it is missing. Call it with the lock held, or before anybody could hold it.
    pub(super) fn named(directory: &Path, account: Account) -> Result<Self> {
        let failed = |e: std::io::Error| cannot_make(directory, e);
        if !directory.is_dir() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let ours = directory.canonicalize().map_err(failed)?;
        let mut home = Self {
            servers: ours.clone(),
            ours,
        };
        if let Some(place) = home.note(Note::Place) {
            home.servers = PathBuf::from(place);
        } else if !account.can_enter(&home.ours) {
            home.servers = far_place(&home.ours)?;
            // Noted before it is made, so that a start that is killed in between leaves nothing nobody knows of.
            home.write_note(Note::Place, &home.servers.to_string_lossy())?;
        }
        if !home.servers.is_dir() {
            make_passable(&home.servers).map_err(|e| cannot_make(&home.servers, e))?;
        }
        Ok(home)
    }

    /// A home that nobody else knows, under the temporary directory.
    pub(super) fn throw_away(temp: &Path, account: Account) -> Result<Self> {
        let directory = enterable_temp(temp, account).join(random_name());
        let directory = make_passable(&directory)
            .and_then(|()| directory.canonicalize())
            .map_err(|e| cannot_make(&directory, e))?;
        Ok(Self {
            ours: directory.clone(),
            servers: directory,
        })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.servers.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.servers.join("server.log")
    }

    /// A note left in the directory, without the end of its line.
    pub(super) fn note(&self, note: Note) -> Option<String> {
        let text = std::fs::read_to_string(self.ours.join(note.file())).ok()?;
        Some(text.trim_end().to_owned())
    }

    /// Leaves a note that only we can read.
    pub(super) fn write_note(&self, note: Note, text: &str) -> Result<()> {
        let path = self.ours.join(note.file());
        write_private(&path, text.as_bytes()).map_err(|e| cannot_make(&path, e))
    }

    pub(super) fn remove_note(&self, note: Note) {
        let _ = std::fs::remove_file(self.ours.join(note.file()));
    }
}

/// What one start leaves for the next to know.
#[derive(Debug, Clone, Copy)]
pub(super) enum Note {
    /// Where the server's part lies, if not beside the notes.
    Place,
    /// The superuser's password.
    Password,
    /// The port it listened on.
    Port,
    /// The directory of its socket.
    Socket,
    /// Somebody wants it to go on running without users.
    Keep,
    /// The process id of a server that was told to stop.
    Stopping,
}

impl Note {
    fn file(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Password => "password",
            Self::Port => "port",
            Self::Socket => "socket",
            Self::Keep => "keep",
            Self::Stopping => "stopping",
        }
    }
}

/// A directory for the socket that only the server's account (and root) can enter, with a short name.
pub(super) fn socket_dir(temp: &Path, account: Account) -> Result<PathBuf> {
    let directory = enterable_temp(temp, account).join(random_name());
    make_private(&directory, account).map_err(|e| cannot_make(&directory, e))?;
    Ok(directory)
}

/// The temporary directory, as far as the account can use it.
pub(super) fn enterable_temp(temp: &Path, account: Account) -> PathBuf {
    let short = temp.as_os_str().len() + "/ponte-0123456789ab".len() <= SOCKET_DIR_BYTES_MAX;
    if short && account.can_enter(temp) {
        temp.to_owned()
    } else {
        PathBuf::from(SHORT_TEMP)
    }
}

/// Makes a directory that only its owner can enter. One that is there already is refused: in a directory that everybody
/// may write to it could be anybody's.
pub(super) fn make_private(directory: &Path, account: Account) -> std::io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(directory)?;
    account.own(directory)
}

/// Makes a directory of ours that the server's account gets through, but cannot change: it must not be able to put links
/// where we, perhaps root, are going to write.
pub(super) fn make_passable(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().mode(0o711).create(directory)
}

/// Writes a file that only its owner can read, whole or not at all. Never through a link that somebody else put there.
pub(super) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let _ = std::fs::remove_file(&new);
    let mut file = std::fs::File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(new, path)
}

/// Whether a directory that everybody can see is ours alone to write to.
pub(super) fn is_ours_alone(directory: &Path) -> bool {
    std::fs::symlink_metadata(directory).is_ok_and(|meta| {
        meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o022 == 0
    })
}

pub(super) fn cannot_make(directory: &Path, e: std::io::Error) -> Error {
    Error::new(
        ErrorKind::EmbeddedDirectory,
        "cannot make a directory for the cluster",
    )
    .with("directory", directory.display())
    .because(e)
}

fn far_place(ours: &Path) -> Result<PathBuf> {
    let root = Path::new(FAR_PLACE);
    match make_passable(root) {
        Err(e) if !is_ours_alone(root) => return Err(cannot_make(root, e)),
        _ => {}
    }
    let root = root.canonicalize().map_err(|e| cannot_make(root, e))?;
    let name = ours.file_name().unwrap_or_default().to_string_lossy();
    Ok(root.join(format!("{name}-{}", uuid::Uuid::new_v4().simple())))
}

/// A name that nobody can foresee, short enough for a socket below it.
fn random_name() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("ponte-{}", &random[..12])
}
