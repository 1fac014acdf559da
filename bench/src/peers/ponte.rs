//! Ourselves, as everybody runs it: the program, a `ponte.toml`, an ordinary role that owns the table.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::process::Roots;
use super::stage::Stage;
use super::{Peer, Step};
use crate::Result;

const LINK: &str = "perfis";

pub(super) struct Ponte {
    program: PathBuf,
    project: TempDir,
    running: Option<Child>,
    pid: Arc<Mutex<Option<u32>>>,
}

impl Ponte {
    pub(super) fn new(program: &Path, stage: &Stage) -> Result<Self> {
        let project = tempfile::tempdir()?;
        let toml = format!(
            "[nodes.a]\nurl = \"{}\"\n\n[nodes.b]\nurl = \"{}\"\n\n[[links]]\nname = \"{LINK}\"\nbetween = [\"a\", \"b\"]\n\
             every = \"continuous\"\n\n[[links.tables]]\ntable = \"perfis\"\n",
            stage.pair.url_a, stage.pair.url_b
        );
        std::fs::write(project.path().join("ponte.toml"), toml)?;
        Ok(Self {
            // It runs in the directory of its project.
            program: std::path::absolute(program)?,
            project,
            running: None,
            pid: Arc::default(),
        })
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--yes", "sync", verb, LINK])
            .current_dir(self.project.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn done(&self, verb: &str) -> Result<()> {
        let output = self.command(verb).output().await?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("ponte sync {verb}: {}", said.trim()).into())
    }

    fn note(&self, pid: Option<u32>) {
        if let Ok(mut noted) = self.pid.lock() {
            *noted = pid;
        }
    }
}

impl Peer for Ponte {
    fn two_way(&self) -> bool {
        true
    }

    fn has_triggers(&self) -> bool {
        true
    }

    fn roots(&self, _stage: &Stage) -> Roots {
        Roots::Child(Arc::clone(&self.pid))
    }

    fn install<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        // The first copy and the link are one command.
        Box::pin(async { Ok(()) })
    }

    fn first_copy<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        Box::pin(self.done("init"))
    }

    fn forget_copy<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        Box::pin(self.done("drop"))
    }

    fn set_up<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        Box::pin(async { Ok(()) })
    }

    fn start<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            let child = self
                .command("run")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            self.note(child.id());
            self.running = Some(child);
            Ok(())
        })
    }

    fn stop<'a>(&'a mut self, _stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            let Some(child) = &mut self.running else {
                return Ok(());
            };
            let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
            kill_process(pid.ok_or("ponte sync run has ended by itself")?, Signal::TERM)?;
            child.wait().await?;
            self.running = None;
            self.note(None);
            Ok(())
        })
    }
}
