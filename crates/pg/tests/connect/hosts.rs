//! Servers that do not answer, and finding one that does.

use std::time::{Duration, Instant};

use ponte_pg::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use crate::support::{ROLE, connect, refused, server, settings};

/// A port that nobody listens on, and nobody else can take as long as the value lives.
struct DeadPort {
    _socket: TcpSocket,
    port: u16,
}

fn dead_port() -> DeadPort {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    DeadPort {
        _socket: socket,
        port,
    }
}

/// Accepts into its backlog and never says a word.
async fn silent_listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn a_port_without_a_server_is_refused() {
    let dead = dead_port();
    let port = dead.port;
    let error = refused(
        &format!("host=127.0.0.1 port={port} user=me password=pw-of-me"),
        ErrorKind::ConnRefused,
    )
    .await;
    assert!(error.context().contains(&("port", port.to_string())));
    assert_eq!(error.kind().retry(), ponte_pg::Retry::Later);
}

#[tokio::test]
async fn a_listener_that_never_answers_runs_into_the_time_limit() {
    let listener = silent_listener().await;
    let port = listener.local_addr().unwrap().port();
    for mode in ["disable", "prefer"] {
        let started = Instant::now();
        let text = format!("host=127.0.0.1 port={port} user=me connect_timeout=1 sslmode={mode}");
        refused(&text, ErrorKind::ConnTimeout).await;
        assert!(started.elapsed() < Duration::from_secs(4), "{mode}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_said_so() {
    refused("host=nowhere.invalid user=me", ErrorKind::ConnDns).await;
}

#[tokio::test]
async fn a_server_of_another_kind_is_not_taken_for_postgresql() {
    let listener = silent_listener().await;
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 256]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for mode in ["require", "disable"] {
        refused(
            &format!("host=127.0.0.1 port={port} user=me sslmode={mode}"),
            ErrorKind::ConnProtocol,
        )
        .await;
    }
}

#[tokio::test]
async fn the_next_host_is_tried_when_one_is_dead_silent_or_unknown() {
    let cluster = server().await;
    let (dead_port, listener) = (dead_port(), silent_listener().await);
    let (dead, silent) = (dead_port.port, listener.local_addr().unwrap().port());
    let password = cluster.cluster().password();
    let session = connect(&format!(
        "host=127.0.0.1,nowhere.invalid,127.0.0.1,127.0.0.1 port={dead},1,{silent},{} user={ROLE} dbname={ROLE} \
         password={password} connect_timeout=1",
        cluster.port()
    ))
    .await;
    assert_eq!(session.unwrap().host(), ("127.0.0.1".to_owned(), cluster.port()));
    let error = refused(
        &format!("host=127.0.0.1,nowhere.invalid port={dead},1 user=me"),
        ErrorKind::ConnDns,
    )
    .await;
    let tried = error.context().iter().find(|(key, _)| *key == "tried").unwrap();
    assert_eq!(
        tried.1,
        format!("127.0.0.1:{dead} conn.refused, nowhere.invalid:1 conn.dns")
    );
}

#[tokio::test]
async fn a_refused_password_ends_the_search() {
    let (first, second) = tokio::join!(server(), server());
    let password = second.cluster().password();
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user={ROLE} dbname={ROLE} password=not-{password}",
        first.port(),
        second.port()
    );
    let error = refused(&text, ErrorKind::ConnPassword).await;
    assert!(error.context().contains(&("port", first.port().to_string())));
}

#[tokio::test]
async fn the_wanted_role_of_a_server_is_found_among_several() {
    let (primary, standby) = tokio::join!(server(), server());
    let password = primary.cluster().password().to_owned();
    standby
        .sql("postgres", &format!("ALTER ROLE {ROLE} PASSWORD '{password}'"))
        .await;
    standby.stop().await;
    standby.cluster().write_file("standby.signal", b"").unwrap();
    standby.restart().await;
    let base = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user={ROLE} dbname={ROLE} password={password}",
        standby.port(),
        primary.port()
    );
    for (attrs, port) in [
        ("any", standby.port()),
        ("read-write", primary.port()),
        ("primary", primary.port()),
        ("read-only", standby.port()),
        ("standby", standby.port()),
        ("prefer-standby", standby.port()),
    ] {
        let session = connect(&format!("{base} target_session_attrs={attrs}"))
            .await
            .unwrap();
        assert_eq!(session.host().1, port, "{attrs}");
        assert_eq!(session.is_in_recovery(), port == standby.port(), "{attrs}");
    }
    let only_standby = settings(&standby, "127.0.0.1").replace(standby.cluster().password(), &password);
    refused(
        &format!("{only_standby} target_session_attrs=read-write"),
        ErrorKind::ConnReadOnly,
    )
    .await;
    let only_primary = settings(&primary, "127.0.0.1");
    refused(
        &format!("{only_primary} target_session_attrs=standby"),
        ErrorKind::ConnNoStandby,
    )
    .await;
    let session = connect(&format!("{only_primary} target_session_attrs=prefer-standby"))
        .await
        .unwrap();
    assert!(!session.is_in_recovery());
}

#[tokio::test]
async fn a_server_whose_transactions_cannot_write_is_not_read_write() {
    let cluster = server().await;
    cluster
        .sql(
            "postgres",
            "ALTER ROLE app SET default_transaction_read_only = on",
        )
        .await;
    let settings = settings(&cluster, "127.0.0.1");
    refused(
        &format!("{settings} target_session_attrs=read-write"),
        ErrorKind::ConnReadOnly,
    )
    .await;
    for attrs in ["primary", "read-only"] {
        let session = connect(&format!("{settings} target_session_attrs={attrs}"))
            .await
            .unwrap();
        assert!(session.is_read_only() && !session.is_in_recovery(), "{attrs}");
    }
}

#[tokio::test]
async fn the_load_is_spread_over_the_hosts() {
    let (first, second) = tokio::join!(server(), server());
    let password = first.cluster().password().to_owned();
    second
        .sql("postgres", &format!("ALTER ROLE {ROLE} PASSWORD '{password}'"))
        .await;
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user={ROLE} dbname={ROLE} password={password} load_balance_hosts=random",
        first.port(),
        second.port()
    );
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..64 {
        seen.insert(connect(&text).await.unwrap().host().1);
        if seen.len() == 2 {
            return;
        }
    }
    panic!("64 connections all went to {seen:?}");
}
