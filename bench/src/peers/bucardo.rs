//! Bucardo, both sides sources, its strategy for the later change, everything else as shipped.
//!
//! Its control database is on server A. Its programs run in the background under the account of the bench; they are known by the
//! process id that the first of them writes down, and end with this value at the latest.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use ponte_pg::embedded::SUPERUSER;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_postgres::Client;

use super::process::{Roots, pid_in, with_children};
use super::stage::{Side, Stage};
use super::{Peer, Step};
use crate::Result;
use crate::arena::LARGE;

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a sync that was removed leaves behind: two triggers, and a target that never reads, so that nothing would be purged.
const LEFTOVERS: &str = "
    DROP TRIGGER IF EXISTS bucardo_kick_init ON perfis;
    DROP TRIGGER IF EXISTS bucardo_note_trunc_init ON perfis;
    DELETE FROM bucardo.bucardo_delta_targets WHERE target = 'dbgroup one_way'";
const PURGE: &str = "SELECT bucardo.bucardo_purge_delta('0 seconds')";
const DELTAS: &str = "SELECT format('bucardo.%I', relname) FROM pg_class
    WHERE relnamespace = 'bucardo'::regnamespace AND relkind = 'r' AND relname ~ '^(delta|track)_'";

pub(super) struct Bucardo {
    home: TempDir,
    /// Whether it was told to run and not seen to end.
    running: bool,
}

/// The release that is installed.
pub(super) async fn version() -> Result<String> {
    let output = Command::new("bucardo").arg("--version").output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.split_whitespace().last().unwrap_or_default().to_owned())
}

impl Bucardo {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            // It turns the path into small letters, so there may be no others in it.
            home: tempfile::Builder::new()
                .prefix(&format!("ponte-bench-bucardo-{}", std::process::id()))
                .rand_bytes(0)
                .tempdir()?,
            running: false,
        })
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn pid_file(&self) -> PathBuf {
        self.home().join("bucardo.mcp.pid")
    }

    fn processes(&self) -> Vec<u32> {
        let first: Vec<u32> = pid_in(&self.pid_file()).into_iter().collect();
        with_children(&first)
    }

    /// Its command line. What it prints goes to a file: a program in the background would hold a pipe open.
    async fn command(&self, stage: &Stage, arguments: &[&str]) -> Result<()> {
        let log = self.home().join("command.log");
        let out = File::create(&log)?;
        let a = &stage.pair.a;
        let status = Command::new("bucardo")
            .args([
                "--no-bucardorc",
                "--dbhost",
                "127.0.0.1",
                "--dbport",
                &a.port().to_string(),
            ])
            .args(["--dbuser", SUPERUSER])
            .args((arguments[0] != "install").then_some("--dbname=bucardo"))
            .args(arguments)
            .env("PGPASSWORD", a.cluster().password())
            .current_dir(self.home())
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true)
            .status()
            .await?;
        if status.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(&log)?;
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let verb: Vec<&str> = arguments.iter().take(2).copied().collect();
        Err(format!("bucardo {}: {}", verb.join(" "), last.unwrap_or("failed")).into())
    }

    async fn install_on(&self, stage: &Stage) -> Result<()> {
        // It makes its role with a password that nobody knows; one that is there it takes.
        stage.pair.a.cluster().ensure_role("bucardo").await?;
        stage
            .admin(Side::A)
            .batch_execute("ALTER ROLE bucardo SUPERUSER")
            .await?;
        let home = self.home().display();
        let setting = |name: &str, file: &str| format!("{name}={home}{file}");
        self.command(stage, &["install", "--batch", "--piddir", &home.to_string()])
            .await?;
        self.command(
            stage,
            &[
                "set",
                &setting("piddir", ""),
                &setting("reason_file", "/reason"),
                &setting("warning_file", "/warning"),
                "stopfile=stop",
            ],
        )
        .await?;
        for (side, name) in [(Side::A, "a"), (Side::B, "b")] {
            let cluster = stage.cluster(side);
            let database = format!("dbname={LARGE}");
            let port = format!("port={}", cluster.port());
            let user = format!("user={SUPERUSER}");
            let password = format!("pass={}", cluster.cluster().password());
            let arguments = [
                "add",
                "db",
                name,
                &database,
                "host=127.0.0.1",
                &port,
                &user,
                &password,
            ];
            self.command(stage, &arguments).await?;
        }
        for arguments in [
            &["add", "table", "public.perfis", "db=a", "relgroup=perfis"],
            &["add", "dbgroup", "one_way", "a:source", "b:target"],
            &["add", "dbgroup", "two_ways", "a:source", "b:source"],
        ] {
            self.command(stage, arguments).await?;
        }
        let sync = [
            "add",
            "sync",
            "init",
            "relgroup=perfis",
            "dbs=one_way",
            "onetimecopy=1",
        ];
        self.command(stage, &sync).await
    }

    /// A first copy goes only to a target, so that the two-way sync cannot take it: a one-way sync did, and makes way now.
    async fn link(&self, stage: &Stage) -> Result<()> {
        self.command(stage, &["remove", "sync", "init"]).await?;
        let sync = [
            "add",
            "sync",
            "two_ways",
            "relgroup=perfis",
            "dbs=two_ways",
            "conflict_strategy=bucardo_latest",
            "autokick=1",
        ];
        self.command(stage, &sync).await?;
        stage.admin(Side::A).batch_execute(LEFTOVERS).await?;
        for side in [Side::A, Side::B] {
            on_deltas(stage.admin(side), "TRUNCATE").await?;
        }
        Ok(())
    }

    async fn stop_all(&mut self, stage: &Stage) -> Result<()> {
        if !self.running {
            return Ok(());
        }
        let processes = self.processes();
        self.command(stage, &["stop"]).await?;
        while processes
            .iter()
            .any(|pid| Path::new("/proc").join(pid.to_string()).exists())
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.running = false;
        Ok(())
    }
}

/// One statement on each of its tables of changes.
async fn on_deltas(client: &Client, verb: &str) -> Result<()> {
    for row in client.query(DELTAS, &[]).await? {
        let table: String = row.get(0);
        client.batch_execute(&format!("{verb} {table}")).await?;
    }
    Ok(())
}

impl Peer for Bucardo {
    fn two_way(&self) -> bool {
        true
    }

    fn has_triggers(&self) -> bool {
        true
    }

    fn roots(&self, _stage: &Stage) -> Roots {
        Roots::PidFile(self.pid_file())
    }

    fn install<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(self.install_on(stage))
    }

    fn first_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        self.start(stage)
    }

    fn forget_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            self.stop_all(stage).await?;
            self.command(stage, &["update", "sync", "init", "onetimecopy=1"])
                .await
        })
    }

    fn set_up<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            self.stop_all(stage).await?;
            self.link(stage).await
        })
    }

    fn start<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            self.running = true;
            let home = self.home().display().to_string();
            self.command(stage, &["start", "--log-destination", &home]).await
        })
    }

    fn stop<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(self.stop_all(stage))
    }

    fn tidy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            for side in [Side::A, Side::B] {
                stage.admin(side).batch_execute(PURGE).await?;
                on_deltas(stage.admin(side), "VACUUM (ANALYZE)").await?;
            }
            Ok(())
        })
    }
}

impl Drop for Bucardo {
    fn drop(&mut self) {
        if self.running {
            for pid in self.processes() {
                let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
            }
        }
    }
}
