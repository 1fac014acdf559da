//! The account that a server runs as. PostgreSQL refuses root, so a server that root asks for runs as somebody else.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, ErrorKind, Result};

/// Accounts worth trying when root names none, best first.
const FALLBACKS: &[&str] = &["postgres", "nobody"];

/// Who runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    gid: u32,
    /// Whether we are root and have to become this account.
    becomes: bool,
}

impl Account {
    /// Ourselves, unless we are root; then `requested`, `postgres` or `nobody`, whichever exists.
    pub(super) fn choose(requested: Option<&str>) -> Result<Self> {
        let ours = rustix::process::geteuid();
        if !ours.is_root() {
            let (uid, gid) = (ours.as_raw(), rustix::process::getegid().as_raw());
            return Ok(Self {
                uid,
                gid,
                becomes: false,
            });
        }
        let wanted: Vec<&str> = requested.map_or_else(|| FALLBACKS.to_vec(), |name| vec![name]);
        let found = wanted.iter().find_map(|name| look_up(name));
        match found {
            Some((uid, gid)) if uid != 0 => Ok(Self {
                uid,
                gid,
                becomes: true,
            }),
            _ => Err(Error::new(
                ErrorKind::EmbeddedNoAccount,
                "cannot run a PostgreSQL server as root",
            )
            .with("tried", wanted.join(", "))
            .hint("create an account for it: useradd --system postgres")),
        }
    }

    /// Makes `command` run as this account, in no group but its own, and [`detached`] from us.
    pub(super) fn apply(self, command: &mut Command) {
        detached(command);
        if self.becomes {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives `path` (not what is below it) to this account.
    pub(super) fn own(self, path: &Path) -> std::io::Result<()> {
        if self.becomes {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// Whether this account gets as far as `directory`, which exists. Only in doubt when we are root: a checkout below
    /// `/root` is closed to everybody else.
    pub(super) fn can_enter(self, directory: &Path) -> bool {
        if !self.becomes {
            return true;
        }
        let Ok(directory) = directory.canonicalize() else {
            return false;
        };
        directory.ancestors().all(|ancestor| {
            std::fs::metadata(ancestor).is_ok_and(|meta| {
                let needed = match (meta.uid() == self.uid, meta.gid() == self.gid) {
                    (true, _) => 0o100,
                    (false, true) => 0o010,
                    (false, false) => 0o001,
                };
                meta.mode() & needed != 0
            })
        })
    }
}

/// Makes `command` run with none of our environment, for a server has no business with the passwords in there, and in a
/// process group of its own, which keeps the terminal's Ctrl-C away from it.
pub(super) fn detached(command: &mut Command) {
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .process_group(0);
}

/// User and group id of an account, from `/etc/passwd` or from whatever directory service `id` knows.
fn look_up(name: &str) -> Option<(u32, u32)> {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    in_passwd(&passwd, name).or_else(|| Some((ask_id("-u", name)?, ask_id("-g", name)?)))
}

fn in_passwd(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2);
    Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
}

fn ask_id(flag: &str, name: &str) -> Option<u32> {
    let answer = Command::new("id")
        .args([flag, "--", name])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(in_passwd(passwd, "postgres"), Some((101, 104)));
        assert_eq!(in_passwd(passwd, "post"), None);
    }

    #[test]
    fn root_itself_is_not_accepted() {
        if rustix::process::geteuid().is_root() {
            let error = Account::choose(Some("root")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::EmbeddedNoAccount);
        } else {
            assert!(!Account::choose(Some("root")).unwrap().becomes);
        }
    }

    #[test]
    fn a_closed_directory_on_the_way_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let account = Account {
            uid: 4_000_000,
            gid: 4_000_000,
            becomes: true,
        };
        let outer = tempfile::tempdir_in("/tmp").unwrap();
        let inner = outer.path().join("project");
        std::fs::create_dir(&inner).unwrap();
        std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(outer.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(account.can_enter(&inner));
        std::fs::set_permissions(outer.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!account.can_enter(&inner));
    }
}
