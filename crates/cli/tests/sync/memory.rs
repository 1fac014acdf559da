//! What the program holds in memory while it compares.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::support::Project;

/// How often the kernel is asked for the peak that it keeps.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// A hundred times the rows may cost this much more: less than 16 bytes a row, so that nothing is kept of each.
const GROWTH_KIBIBYTES_MAX: u64 = 4 * 1024;

const TABLES: &str = "
    CREATE TABLE poucas (id bigint PRIMARY KEY, nome text NOT NULL, updated_at timestamptz NOT NULL);
    CREATE TABLE muitas (LIKE poucas INCLUDING ALL);
    INSERT INTO poucas SELECT n, 'nome ' || n, '2026-01-01' FROM generate_series(1, 3000) n;
    INSERT INTO muitas SELECT n, 'nome ' || n, '2026-01-01' FROM generate_series(1, 300000) n;";

/// AT-176, with a hundredth of the rows: what a comparison needs does not grow with the table.
#[tokio::test(flavor = "multi_thread")]
async fn comparing_a_hundred_times_the_rows_takes_the_same_memory() {
    let project = Project::with(TABLES, &["poucas"], "initial = \"none\"").await;
    let few = peak_of_diff(&project).await;
    assert!(project.run(&["-y", "sync", "drop"]).await.status.success());
    project.configure(&["muitas"], "initial = \"none\"");
    let many = peak_of_diff(&project).await;
    println!("peak: {few} KiB for 3,000 rows, {many} KiB for 300,000");
    assert!(
        many < few + GROWTH_KIBIBYTES_MAX,
        "{few} KiB for 3,000 rows, {many} KiB for 300,000"
    );
}

/// The largest resident set of `ponte sync diff` over a link that is made first, in kibibytes.
async fn peak_of_diff(project: &Project) -> u64 {
    let init = project.run(&["-y", "sync", "init"]).await;
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    peak_of(project, &["sync", "diff"]).await
}

/// The largest resident set of a command that succeeds, in kibibytes.
pub(crate) async fn peak_of(project: &Project, arguments: &[&str]) -> u64 {
    let mut command = Command::from(project.command(arguments));
    let mut child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let status_file = format!("/proc/{}/status", child.id().unwrap());
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(&status_file).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kibibytes) = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()) {
            peak = kibibytes;
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{arguments:?}: {status}");
            assert!(
                peak > 0,
                "the kernel did not tell how much memory the process uses"
            );
            return peak;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
