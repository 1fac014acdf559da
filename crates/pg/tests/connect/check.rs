//! What `check_server` finds out.

use ponte_pg::check::check_server;
use ponte_pg::{Conninfo, ErrorKind};

use crate::support::{ROLE, options, server, settings, tls_server};
use ponte_testkit::{Authority, Valid};

#[tokio::test]
async fn an_ordinary_role_over_tls_is_described() {
    let authority = Authority::new("ours");
    let cluster = tls_server(&authority.server(&["localhost"], Valid::Now), None).await;
    let conninfo = Conninfo::parse(&format!("{} sslmode=require", settings(&cluster, "localhost"))).unwrap();
    let check = check_server(&conninfo, &options()).await.unwrap();
    assert_eq!((check.host.as_str(), check.port), ("localhost", cluster.port()));
    assert!(
        check
            .server_version
            .starts_with(&(check.server_version_num / 10_000).to_string())
    );
    assert_eq!(check.tls.as_ref().unwrap().version.as_deref(), Some("TLSv1.3"));
    assert_eq!(check.role.name, ROLE);
    assert!(!check.role.superuser && !check.role.createdb && !check.role.set_session_replication_role);
    assert!(check.role.create_in_database);
    assert_eq!(
        (check.database.name.as_str(), check.database.encoding.as_str()),
        (ROLE, "UTF8")
    );
    assert!(!check.pooling.pooled && check.pooling.suspicion.is_none());
    assert!(!check.in_recovery && !check.read_only);
    // One clock, so that the skew is real only as far as the measurement is not.
    let clock = check.clock;
    assert!(
        clock.round_trip_ms > 0.0 && clock.round_trip_ms < 1_000.0,
        "{clock:?}"
    );
    assert!(
        clock.clock_skew_ms.abs() <= clock.clock_skew_uncertainty_ms + 1.0,
        "{clock:?}"
    );
}

#[tokio::test]
async fn a_superuser_may_set_the_replication_role_and_nothing_stays_set() {
    let cluster = server().await;
    let conninfo = Conninfo::parse(&cluster.superuser_url("postgres")).unwrap();
    let check = check_server(&conninfo, &options()).await.unwrap();
    assert!(check.role.superuser && check.role.set_session_replication_role);
    assert!(check.tls.is_none());
}

#[tokio::test]
async fn every_quantity_names_its_unit_in_json() {
    let cluster = server().await;
    let conninfo = Conninfo::parse(&settings(&cluster, "127.0.0.1")).unwrap();
    let json = serde_json::to_value(check_server(&conninfo, &options()).await.unwrap()).unwrap();
    for field in ["round_trip_ms", "clock_skew_ms", "clock_skew_uncertainty_ms"] {
        assert!(json[field].is_number(), "{field}: {json}");
    }
    assert_eq!(json["pooling"]["pooled"], false);
    assert_eq!(json["tls"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_an_error() {
    let conninfo = Conninfo::parse("host=nowhere.invalid user=me").unwrap();
    let error = check_server(&conninfo, &options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnDns);
}
