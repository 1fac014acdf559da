//! How to look around by hand, while it runs and afterwards.

use std::path::Path;

use ponte_engine::demo::Stage;
use ponte_engine::servers::{EMBEDDED_DATABASE, EMBEDDED_OWNER};

/// Commands for another terminal.
pub(super) struct Look {
    /// What they are for.
    heading: String,
    /// A command and what it is about.
    pub(super) commands: Vec<(String, String)>,
}

impl Look {
    /// While the servers run.
    pub(super) fn meanwhile(stage: &Stage) -> Self {
        let later = if stage.is_kept() {
            ""
        } else {
            " (afterwards too, with --keep)"
        };
        let databases = stage.access().into_iter();
        let mut commands: Vec<(String, String)> = databases
            .map(|access| (format!("psql \"{}\"", access.conninfo), access.node))
            .collect();
        let project = shell_word(stage.directory());
        for (verb, about) in [
            ("status", "where the link stands"),
            ("conflicts", "who won, with both rows"),
            ("diff", "both sides compared"),
        ] {
            commands.push((format!("ponte -C {project} sync {verb}"), about.to_owned()));
        }
        Self {
            heading: format!("look around from another terminal{later}:"),
            commands,
        }
    }

    /// When the servers are stopped and their files are still there.
    pub(super) fn afterwards(stage: &Stage) -> Self {
        let project = shell_word(stage.directory());
        let mut commands = vec![
            (
                format!("ponte -C {project} sync conflicts"),
                "who won, with both rows".to_owned(),
            ),
            (
                format!("ponte -C {project} sync diff"),
                "both sides compared".to_owned(),
            ),
            (
                format!("ponte -C {project} sync run"),
                "starts both servers and keeps them in agreement; then".to_owned(),
            ),
        ];
        for access in stage.access() {
            let password = stage
                .directory()
                .join(".ponte")
                .join(&access.node)
                .join("password");
            let (password, port) = (shell_word(&password), access.port);
            commands.push((
                format!(
                    "PGPASSWORD=$(cat {password}) psql \"host=127.0.0.1 port={port} dbname={EMBEDDED_DATABASE} user={EMBEDDED_OWNER}\""
                ),
                access.node,
            ));
        }
        Self {
            heading: format!("both servers are stopped and everything is kept in {project}:"),
            commands,
        }
    }

    /// Heading and commands, each below what it is about.
    pub(super) fn lines(&self) -> Vec<String> {
        let commands = self.commands.iter();
        let commands = commands.flat_map(|(command, about)| [format!("  # {about}"), format!("  {command}")]);
        std::iter::once(self.heading.clone()).chain(commands).collect()
    }
}

/// A path as a shell takes it.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell_word(Path::new("/tmp/a-b.c")), "/tmp/a-b.c");
        assert_eq!(shell_word(Path::new("/tmp/it's")), "'/tmp/it'\\''s'");
    }
}
