//! Data directories by copying instead of `initdb`.
//!
//! One template per release, account and set of options lies in a cache under the temporary directory. It is made under a
//! lock, in a directory of another name, and renamed when it is whole, so a maker that is killed leaves nothing that the
//! next one could mistake for a template. Cleaners of temporary directories take files one by one; so a copy is
//! counted, and a template that has lost files is made again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::time::Instant;

use super::SUPERUSER;
use super::account::Account;
use super::binaries::Binaries;
use super::home::{self, Home, Note};
use super::lock::Lock;
use crate::error::{Error, ErrorKind, Result};

/// Part of every template's name; goes up whenever what is below changes what a template holds.
const FORMAT: u32 = 2;

/// The same for every cluster. The locale is tried separately.
const INITDB: &[&str] = &[
    "--no-sync",
    "--encoding=UTF8",
    "--data-checksums",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
];

/// Settings of our own are in a file beside `postgresql.conf`, written anew at every start.
const INCLUDE: &str = "\ninclude_if_exists = 'ponte.conf'\n";

/// How often a copy is tried, each time with a template made anew.
const COPIES_MAX: usize = 3;

/// How much a directory holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Size {
    files: u64,
    bytes: u64,
}

/// Fills the home's data directory, if it has none. `durable` waits until the files are on the disk.
pub(super) async fn fill(
    home: &Home,
    binaries: &Binaries,
    account: Account,
    temp: &Path,
    durable: bool,
    deadline: Instant,
) -> Result<()> {
    let cache = cache_directory(temp, account)?;
    let key = key(binaries, account);
    for _ in 0..COPIES_MAX {
        let lock = Lock::exclusive(&cache.join(format!("{key}.lock")), deadline).await?;
        let template = cache.join(&key);
        let (home, binaries) = (home.clone(), binaries.clone());
        let copied = blocking(move || {
            if read_size(&template).is_none() {
                make(&template, &binaries, account)?;
            }
            drop(lock);
            copy_to(&template, &home, account, durable)
        })
        .await?;
        if copied {
            return Ok(());
        }
        let lock = Lock::exclusive(&cache.join(format!("{key}.lock")), deadline).await?;
        let _ = std::fs::remove_dir_all(cache.join(&key));
        drop(lock);
    }
    Err(Error::new(
        ErrorKind::EmbeddedDirectory,
        "cannot copy the template of the cluster: files keep vanishing from it",
    )
    .with("template", cache.join(key).display()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot finish the template of a cluster").because(e))?
}

fn cache_directory(temp: &Path, account: Account) -> Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let cache = home::enterable_temp(temp, account).join(format!("ponte-cache-{uid}"));
    // The server's account has to get through, but only we may write.
    match home::make_passable(&cache) {
        Err(e) if !home::is_ours_alone(&cache) => Err(home::cannot_make(&cache, e)
            .hint("remove it, or set TMPDIR to a directory of your own: somebody else can write to it")),
        _ => Ok(cache),
    }
}

fn key(binaries: &Binaries, account: Account) -> String {
    let mut hasher = DefaultHasher::new();
    (FORMAT, binaries.release(), binaries.directory(), INITDB).hash(&mut hasher);
    format!(
        "pg{}-uid{}-{:016x}",
        binaries.major(),
        account.uid,
        hasher.finish()
    )
}

/// Makes the template. The caller holds its lock.
fn make(template: &Path, binaries: &Binaries, account: Account) -> Result<()> {
    let making = template.with_extension("making");
    let failed = |e: std::io::Error| home::cannot_make(&making, e);
    for leftover in [&making, &template.to_owned()] {
        if leftover.exists() {
            std::fs::remove_dir_all(leftover).map_err(failed)?;
        }
    }
    home::make_passable(&making).map_err(failed)?;
    let data = making.join("data");
    home::make_private(&data, account).map_err(failed)?;
    let password = making.join("password");
    let secret = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(|half| half.simple().to_string());
    home::write_private(&password, secret.concat().as_bytes()).map_err(failed)?;
    account.own(&password).map_err(failed)?;
    initdb(&making, binaries, account)?;
    // From here on nobody but us gets to the files, so that copying them later follows no link of somebody else's.
    std::fs::set_permissions(&making, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let mut configuration = std::fs::File::options()
        .append(true)
        .open(data.join("postgresql.conf"))
        .map_err(failed)?;
    std::io::Write::write_all(&mut configuration, INCLUDE.as_bytes()).map_err(failed)?;
    let size = measure(&data).map_err(failed)?;
    std::fs::write(making.join("size"), format!("{} {}\n", size.files, size.bytes)).map_err(failed)?;
    std::fs::rename(&making, template).map_err(failed)
}

/// Runs `initdb`, with the best locale that the machine has: Unicode letters, and the order of bytes.
fn initdb(making: &Path, binaries: &Binaries, account: Account) -> Result<()> {
    let builtin = [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ];
    let locales: &[&[&str]] = if binaries.major() >= 17 {
        &[&builtin, &["--locale=C.UTF-8"], &["--locale=C"]]
    } else {
        &[&["--locale=C.UTF-8"], &["--locale=C"]]
    };
    let mut said = String::new();
    for locale in locales {
        let mut command = Command::new(binaries.program("initdb"));
        account.apply(&mut command);
        let output = command
            .arg("--pgdata")
            .arg(making.join("data"))
            .arg("--pwfile")
            .arg(making.join("password"))
            .args(["--username", SUPERUSER])
            .args(INITDB)
            .args(*locale)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| {
                Error::new(ErrorKind::EmbeddedStart, "cannot run initdb")
                    .with("program", binaries.program("initdb").display())
                    .because(e)
            })?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    }
    Err(Error::new(ErrorKind::EmbeddedStart, "initdb cannot make a cluster").with("initdb", said))
}

/// Copies the template into the home; false where the template turns out not to be whole.
fn copy_to(template: &Path, home: &Home, account: Account, durable: bool) -> Result<bool> {
    let making = home.servers.join("data.making");
    let failed = |e: std::io::Error| home::cannot_make(&making, e);
    if making.exists() {
        std::fs::remove_dir_all(&making).map_err(failed)?;
    }
    let mut copied = Size::default();
    let result = copy_tree(&template.join("data"), &making, account, &mut copied);
    let whole = read_size(template) == Some(copied);
    match (result, std::fs::read_to_string(template.join("password"))) {
        (Ok(()), Ok(password)) if whole => {
            home.write_note(Note::Password, &password)?;
        }
        (Err(e), _) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => return Ok(false),
    }
    if durable {
        sync(&making).map_err(failed)?;
    }
    std::fs::rename(&making, home.data()).map_err(failed)?;
    Ok(true)
}

fn copy_tree(from: &Path, to: &Path, account: Account, copied: &mut Size) -> std::io::Result<()> {
    home::make_private(to, account)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target, account, copied)?;
        } else if kind.is_file() {
            copied.bytes += std::fs::copy(entry.path(), &target)?;
            copied.files += 1;
            account.own(&target)?;
        }
    }
    Ok(())
}

fn measure(directory: &Path) -> std::io::Result<Size> {
    let mut size = Size::default();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let below = measure(&entry.path())?;
            size.files += below.files;
            size.bytes += below.bytes;
        } else if kind.is_file() {
            size.files += 1;
            size.bytes += entry.metadata()?.len();
        }
    }
    Ok(size)
}

/// What a whole template says it holds.
fn read_size(template: &Path) -> Option<Size> {
    let text = std::fs::read_to_string(template.join("size")).ok()?;
    let (files, bytes) = text.trim().split_once(' ')?;
    Some(Size {
        files: files.parse().ok()?,
        bytes: bytes.parse().ok()?,
    })
}

/// Brings a copy to the disk: one call for the whole file system costs far less than one for each of a thousand files.
#[cfg(target_os = "linux")]
fn sync(directory: &Path) -> std::io::Result<()> {
    rustix::fs::syncfs(std::fs::File::open(directory)?)?;
    Ok(())
}

/// Brings a copy to the disk.
#[cfg(not(target_os = "linux"))]
fn sync(_directory: &Path) -> std::io::Result<()> {
    rustix::fs::sync();
    Ok(())
}
