//! Named clusters: durable, shared, and not to be confused by whatever a killed program left behind.

use std::path::Path;

use crate::support::{Program, SOON, Uses, directory_with_mode, gone, is_alive, named, open_directory};
use ponte_pg::embedded::{Cluster, SUPERUSER};
use ponte_testkit::{connect, eventually};

async fn remember(cluster: &Cluster) {
    let client = connect(&cluster.conninfo("postgres", SUPERUSER)).await;
    client
        .batch_execute("CREATE TABLE memory AS SELECT 42 AS n")
        .await
        .unwrap();
}

async fn assert_remembered(cluster: &Cluster) {
    let client = connect(&cluster.url("postgres", SUPERUSER)).await;
    let row = client.query_one("SELECT n FROM memory", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 42);
}

#[tokio::test]
async fn the_last_user_stops_it_and_the_next_finds_data_and_port_as_they_were() {
    let place = open_directory();
    let directory = place.path().join("a/b");
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    let (pid, port) = (cluster.pid().unwrap(), cluster.port());
    cluster.leave().await.unwrap();
    assert!(!is_alive(pid));

    assert!(Cluster::major_of(&directory).is_some());
    let again = Cluster::start(named(&directory, place.path())).await.unwrap();
    assert_remembered(&again).await;
    assert_eq!(again.port(), port);
    again.leave().await.unwrap();
}

#[tokio::test]
async fn a_dropped_one_stops_and_who_starts_it_meanwhile_gets_a_server_that_stays() {
    let place = open_directory();
    let directory = place.path().join("c");
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    let pid = cluster.pid().unwrap();
    drop(cluster);

    let again = Cluster::start(named(&directory, place.path())).await.unwrap();
    assert_ne!(again.pid(), Some(pid));
    assert_remembered(&again).await;
    again.leave().await.unwrap();
}

#[tokio::test]
async fn two_programs_share_one_server_whichever_leaves_first() {
    let place = open_directory();
    let directory = place.path().join("c");
    let mut other = Program::start(Uses::Named(&directory), place.path());
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    let (pid, _) = other.up();
    assert_eq!(cluster.pid(), Some(pid));

    cluster.leave().await.unwrap();
    assert!(is_alive(pid));
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    assert_eq!(cluster.pid(), Some(pid));

    other.leave();
    assert!(is_alive(pid));
    cluster.leave().await.unwrap();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn programs_that_start_it_for_the_first_time_at_the_same_moment_share_it() {
    let place = open_directory();
    let directory = place.path().join("c");
    let start = |_| Program::start(Uses::Named(&directory), place.path());
    let mut programs: Vec<Program> = (0..4).map(start).collect();
    let pids: Vec<i32> = programs.iter_mut().map(|program| program.up().0).collect();
    assert!(pids.windows(2).all(|pair| pair[0] == pair[1]), "{pids:?}");
    for program in programs {
        assert!(is_alive(pids[0]));
        program.leave();
    }
    assert!(!is_alive(pids[0]));
}

#[tokio::test]
async fn coming_and_going_at_the_same_time_never_fails_and_ends_with_no_server() {
    let place = open_directory();
    let directory = place.path().join("c");
    let visits = async |leaves: bool| {
        for _ in 0..4 {
            let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
            connect(&cluster.conninfo("postgres", SUPERUSER)).await;
            if leaves {
                cluster.leave().await.unwrap();
            }
        }
    };
    tokio::join!(visits(true), visits(false), visits(true));
    let last = Cluster::start(named(&directory, place.path())).await.unwrap();
    let pid = last.pid().unwrap();
    last.leave().await.unwrap();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn the_server_of_a_killed_program_is_adopted_and_then_stopped() {
    let place = open_directory();
    let directory = place.path().join("c");
    let mut other = Program::start(Uses::Named(&directory), place.path());
    let (pid, _) = other.up();
    other.kill();
    assert!(is_alive(pid));

    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    assert_eq!(cluster.pid(), Some(pid));
    remember(&cluster).await;
    cluster.leave().await.unwrap();
    gone(pid).await;
}

#[tokio::test]
async fn kept_it_runs_on_without_users_until_it_is_stopped() {
    let place = open_directory();
    let directory = place.path().join("c");
    let mut options = named(&directory, place.path());
    options.keep = true;
    let cluster = Cluster::start(options).await.unwrap();
    let pid = cluster.pid().unwrap();
    cluster.leave().await.unwrap();
    assert!(is_alive(pid));

    let guest = Cluster::start(named(&directory, place.path())).await.unwrap();
    assert_eq!(guest.pid(), Some(pid));
    guest.leave().await.unwrap();
    assert!(is_alive(pid));

    let guest = Cluster::start(named(&directory, place.path())).await.unwrap();
    guest.stop().await.unwrap();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_does_not_stop_a_start() {
    let place = open_directory();
    let directory = place.path().join("c");
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    cluster.kill().await.unwrap();
    let pid_file = cluster.data_dir().join("postmaster.pid");
    let old = std::fs::read_to_string(&pid_file).unwrap();
    let (_, rest) = old.split_once('\n').unwrap();
    // A process that lives, belongs to the same account as the server, and is no server.
    let mut stranger = stranger();
    std::fs::write(&pid_file, format!("{}\n{rest}", stranger.id())).unwrap();
    drop(cluster);

    let again = Cluster::start(named(&directory, place.path())).await.unwrap();
    assert_remembered(&again).await;
    again.leave().await.unwrap();
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was killed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

fn stranger() -> std::process::Child {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", "postgres", "--clear-groups", "sleep", "600"]);
        command
    } else {
        let mut command = std::process::Command::new("sleep");
        command.arg("600");
        command
    };
    command.current_dir("/").spawn().unwrap()
}

/// Kills a program as soon as `path` exists, while it starts a cluster for the first time; then starts it here.
async fn killed_when_there_is(path: &str) {
    let place = open_directory();
    let directory = place.path().join("c");
    let program = Program::start(Uses::Named(&directory), place.path());
    let wanted = directory.join(path);
    // As tight as can be: the moment is what matters.
    let started = std::time::Instant::now();
    while !wanted.exists() {
        assert!(started.elapsed() < SOON, "{path} never came to be");
        std::thread::yield_now();
    }
    program.kill();

    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    cluster.leave().await.unwrap();
    assert!(!directory.join("data.making").exists());
}

#[tokio::test]
async fn a_half_made_data_directory_is_made_again() {
    killed_when_there_is("data.making").await;
    killed_when_there_is("data.making/base/1").await;
    killed_when_there_is("password").await;
}

#[tokio::test]
async fn a_start_that_was_killed_after_the_copy_is_carried_on() {
    killed_when_there_is("data").await;
    killed_when_there_is("socket").await;
    killed_when_there_is("data/postmaster.pid").await;
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_no_server() {
    let place = open_directory();
    let directory = place.path().join("c");
    let pid_file = directory.join("data/postmaster.pid");
    let begun = || async {
        std::fs::read_to_string(&pid_file)
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()
    };
    let pid: i32 = tokio::select! {
        biased;
        pid = eventually(SOON, "a server on its way", begun) => pid,
        _ = Cluster::start(named(&directory, place.path())) => panic!("it was up before it could be given up"),
    };
    gone(pid).await;
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn an_unfinished_copy_with_anything_in_it_is_replaced() {
    let place = open_directory();
    let directory = place.path().join("c");
    std::fs::create_dir_all(directory.join("data.making/base")).unwrap();
    std::fs::write(directory.join("data.making/PG_VERSION"), "1").unwrap();
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn other_major_versions_are_refused_with_both_named() {
    let place = open_directory();
    let directory = place.path().join("c");
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    let version = cluster.data_dir().join("PG_VERSION");
    cluster.leave().await.unwrap();
    std::fs::write(version, "9\n").unwrap();
    let error = Cluster::start(named(&directory, place.path())).await.unwrap_err();
    assert_eq!(error.kind().code(), "embedded.directory");
    assert!(
        error
            .context()
            .iter()
            .any(|(key, value)| *key == "made_by" && value == "9")
    );
}

#[tokio::test]
async fn a_setting_that_the_server_refuses_is_reported_with_its_log() {
    let place = open_directory();
    let options = named(&place.path().join("c"), place.path()).setting("shared_buffers", "much");
    let error = Cluster::start(options).await.unwrap_err();
    assert_eq!(error.kind().code(), "embedded.start");
    let lines = error.context().iter().find(|(key, _)| *key == "last_lines");
    assert!(lines.unwrap().1.contains("shared_buffers"));
}

#[tokio::test]
async fn a_deep_project_still_has_a_socket() {
    let place = open_directory();
    let directory = place.path().join("deep/".repeat(40)).join("c");
    let cluster = Cluster::start(named(&directory, place.path())).await.unwrap();
    remember(&cluster).await;
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_recovers_on_the_same_port() {
    let place = open_directory();
    let cluster = Cluster::start(named(&place.path().join("c"), place.path()))
        .await
        .unwrap();
    let port = cluster.port();
    remember(&cluster).await;
    cluster.kill().await.unwrap();
    cluster.restart().await.unwrap();
    assert_remembered(&cluster).await;
    assert_eq!(cluster.port(), port);
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn below_a_directory_that_only_root_can_enter_the_data_lies_elsewhere() {
    if !rustix::process::geteuid().is_root() {
        // Whoever is not root runs the server as themselves, so there is no such directory for them.
        return;
    }
    let closed = directory_with_mode(0o700);
    let temp = open_directory();
    let directory = closed.path().join("project/.ponte/c");
    let cluster = Cluster::start(named(&directory, temp.path())).await.unwrap();
    remember(&cluster).await;
    let data = cluster.data_dir();
    assert!(data.starts_with("/var/lib/ponte"), "{}", data.display());
    cluster.leave().await.unwrap();

    let again = Cluster::start(named(&directory, temp.path())).await.unwrap();
    assert_remembered(&again).await;
    assert_eq!(again.data_dir(), data);
    assert!(Cluster::major_of(&directory).is_some());
    again.leave().await.unwrap();
    std::fs::remove_dir_all(data.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_template_whose_maker_was_killed_is_made_by_the_next() {
    let place = open_directory();
    let program = Program::start(Uses::ThrowAway, place.path());
    let cache = place
        .path()
        .join(format!("ponte-cache-{}", rustix::process::geteuid().as_raw()));
    let making = || {
        let begun = entries(&cache).iter().any(|name| name.ends_with(".making"));
        async move { begun.then_some(()) }
    };
    eventually(SOON, "a template in the making", making).await;
    program.kill();

    let cluster = Cluster::start(named(&place.path().join("c"), place.path()))
        .await
        .unwrap();
    cluster.leave().await.unwrap();
    assert!(!entries(&cache).iter().any(|name| name.ends_with(".making")));
}

#[tokio::test]
async fn a_template_that_lost_a_file_is_made_again() {
    let place = open_directory();
    let options = |name: &str| named(&place.path().join(name), place.path());
    Cluster::start(options("a")).await.unwrap().leave().await.unwrap();
    let cache = place
        .path()
        .join(format!("ponte-cache-{}", rustix::process::geteuid().as_raw()));
    let template = entries(&cache)
        .into_iter()
        .find(|name| !name.contains('.'))
        .unwrap();
    std::fs::remove_file(cache.join(template).join("data/global/pg_filenode.map")).unwrap();
    let cluster = Cluster::start(options("b")).await.unwrap();
    remember(&cluster).await;
    cluster.leave().await.unwrap();
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
