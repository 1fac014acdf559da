//! A target that cannot be written for a while, for every usual reason. The link says which, tries again by itself, and nothing that
//! was written at the source meanwhile is missing in the end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ponte_testkit::eventually;
use serde_json::Value;
use tokio_postgres::Client;

use crate::support::{PERFIS, Project, end, number};

const PATIENCE: Duration = Duration::from_secs(60);

/// Something that is wrong with the target.
struct Trouble {
    name: &'static str,
    begins: &'static str,
    ends: &'static str,
    /// What status has to say meanwhile.
    said: &'static str,
}

const TROUBLES: [Trouble; 4] = [
    Trouble {
        name: "read-only",
        begins: "ALTER ROLE dono IN DATABASE app SET default_transaction_read_only = on",
        ends: "ALTER ROLE dono IN DATABASE app RESET default_transaction_read_only",
        said: "read-only",
    },
    Trouble {
        name: "no connection left for the role",
        begins: "ALTER ROLE dono CONNECTION LIMIT 0",
        ends: "ALTER ROLE dono CONNECTION LIMIT -1",
        said: "connections",
    },
    Trouble {
        name: "statements are cancelled",
        begins: "CREATE FUNCTION demora() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE query_canceled USING MESSAGE = 'canceling statement due to statement timeout'; END$$; \
                 CREATE TRIGGER demora BEFORE INSERT ON perfis FOR EACH STATEMENT EXECUTE FUNCTION demora()",
        ends: "DROP TRIGGER demora ON perfis",
        said: "timeout",
    },
    Trouble {
        name: "logins are turned away",
        begins: "ALTER ROLE dono NOLOGIN",
        ends: "ALTER ROLE dono LOGIN",
        said: "log in",
    },
];

/// AT-146, AT-154: read-only, out of connections, statements cancelled, a role that may not log in any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_in_trouble_delays_and_loses_nothing() {
    let project = Project::with(PERFIS, &["perfis"], "every = \"1s\"").await;
    project.json(&["sync", "init", "-y"]).await;
    let mut child = project.start();
    let a = project.a().await;
    let mut written = 0;
    for trouble in &TROUBLES {
        write(&a, trouble.name).await;
        written += 1;
        arrived(&project, written).await;
        let target = &project.pair.b;
        target.sql("app", trouble.begins).await;
        disconnect(&project).await;
        write(&a, trouble.name).await;
        written += 1;
        let status = troubled(&project).await;
        let link = status["links"][0].to_string();
        assert!(link.contains(trouble.said), "{}: {link}", trouble.name);
        target.sql("app", trouble.ends).await;
        disconnect(&project).await;
        arrived(&project, written).await;
    }
    end(&mut child);
}

/// AT-146: the disk of the target is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_at_the_target_delays_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        println!("not shown: this user may not mount a small file system to fill");
        return;
    };
    let project = Project::with("", &[], "every = \"1s\"").await;
    project.configure(&["perfis"], "every = \"1s\"");
    disk.give_to_server(&project).await;
    for client in [project.a().await, project.b().await] {
        client.batch_execute(PERFIS).await.unwrap();
    }
    let at = disk.path.display();
    let (target, superuser) = (&project.pair.b, project.pair.b.superuser("app").await);
    superuser
        .batch_execute(&format!("CREATE TABLESPACE pequeno LOCATION '{at}/dados'"))
        .await
        .unwrap();
    target
        .sql("app", "ALTER TABLE perfis SET TABLESPACE pequeno")
        .await;
    project.json(&["sync", "init", "-y"]).await;
    let mut child = project.start();
    let a = project.a().await;
    write(&a, "antes").await;
    arrived(&project, 1).await;
    disk.fill();
    a.batch_execute("INSERT INTO perfis (nome) SELECT repeat('x', 500) FROM generate_series(1, 2000)")
        .await
        .unwrap();
    let status = troubled(&project).await;
    assert!(
        status["links"][0].to_string().contains("No space left"),
        "{status}"
    );
    disk.make_room();
    arrived(&project, 2_001).await;
    end(&mut child);
    target
        .sql("app", "ALTER TABLE perfis SET TABLESPACE pg_default")
        .await;
    target.sql("app", "DROP TABLESPACE pequeno").await;
}

async fn write(client: &Client, name: &str) {
    client
        .execute("INSERT INTO perfis (nome) VALUES ($1)", &[&name])
        .await
        .unwrap();
}

/// Ends the sessions of the role at the target, as a server that was reconfigured would.
async fn disconnect(project: &Project) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dono'";
    project.pair.b.sql("app", sql).await;
}

async fn arrived(project: &Project, rows: i64) {
    let b = project.pair.b.superuser("app").await;
    eventually(PATIENCE, &format!("{rows} rows at the target"), || async {
        (number(&b, "SELECT count(*) FROM perfis").await == rows).then_some(())
    })
    .await;
}

async fn troubled(project: &Project) -> Value {
    eventually(PATIENCE, "the link to be in trouble", || async {
        let status = project.json(&["sync", "status"]).await;
        let state = status["links"][0]["state"].as_str().unwrap_or_default();
        matches!(state, "retrying" | "stopped").then_some(status)
    })
    .await
}

/// A file system of a few megabytes; it goes away with the value.
struct SmallDisk {
    path: PathBuf,
    // The directory that it is mounted on outlives the mount.
    _directory: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disco");
        std::fs::create_dir(&path).unwrap();
        done("chmod", &["755"], directory.path()).then_some(())?;
        let mounted = done("mount", &["-t", "tmpfs", "-o", "size=16m", "none"], &path);
        mounted.then_some(Self {
            path,
            _directory: directory,
        })
    }

    /// Makes a directory in it that belongs to the account under which the target runs.
    async fn give_to_server(&self, project: &Project) {
        let superuser = project.pair.b.superuser("app").await;
        let row = superuser
            .query_one("SELECT current_setting('data_directory')", &[])
            .await
            .unwrap();
        let data = self.path.join("dados");
        std::fs::create_dir(&data).unwrap();
        let reference = format!("--reference={}", row.get::<_, &str>(0));
        assert!(done("chown", &[&reference], &data));
    }

    fn fill(&self) {
        let zeros = vec![0_u8; 64 * 1024];
        let mut file = std::fs::File::create(self.path.join("lastro")).unwrap();
        while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path.join("lastro")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server that still holds a file keeps the mount until it ends.
        let _ = done("umount", &["--lazy"], &self.path);
    }
}

fn done(program: &str, arguments: &[&str], path: &Path) -> bool {
    let status = Command::new(program).args(arguments).arg(path).output();
    status.is_ok_and(|output| output.status.success())
}
