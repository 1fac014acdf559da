//! What a text means, printed back in its longest form.

use std::time::Duration;

use ponte_pg::conninfo::{Host, Roots, SslMode};
use ponte_pg::{Conninfo, ErrorKind};

/// Both forms are printed as one URL, in which everything that decides is visible.
fn check(text: &str, expected: &str) {
    let conninfo = Conninfo::parse(text).unwrap_or_else(|e| panic!("{text}: {e} {:?}", e.context()));
    assert_eq!(conninfo.redacted(), expected, "{text}");
}

fn refuse(text: &str, message: &str, hint: &str) {
    let error = Conninfo::parse(text)
        .err()
        .unwrap_or_else(|| panic!("{text} is read"));
    assert_eq!(error.kind(), ErrorKind::ConnInvalid, "{text}");
    let shown = format!("{error} {:?}", error.context());
    assert!(shown.contains(message), "{text}: {shown}");
    let next_step = error.next_step().unwrap_or_default();
    assert!(next_step.contains(hint), "{text}: {next_step}");
}

#[test]
fn urls_are_read_as_libpq_documents_them() {
    check("postgresql://me@localhost", "postgresql://me@localhost:5432/me");
    check(
        "postgres://me@localhost:5433",
        "postgresql://me@localhost:5433/me",
    );
    check(
        "postgresql://me@localhost/mydb",
        "postgresql://me@localhost:5432/mydb",
    );
    check(
        "postgresql://me:secret@localhost/db",
        "postgresql://me:***@localhost:5432/db",
    );
    check(
        "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
        "postgresql://other@localhost:5432/otherdb?connect_timeout=10&application_name=myapp",
    );
    check(
        "postgresql://me@host1:123,host2:456/somedb?target_session_attrs=any",
        "postgresql://me@host1:123,host2:456/somedb?target_session_attrs=any",
    );
    check(
        "postgresql:///mydb?host=localhost&port=5433&user=me",
        "postgresql://me@localhost:5433/mydb",
    );
}

#[test]
fn urls_hold_sockets_ipv6_and_encoded_characters() {
    check(
        "postgresql://me@%2Fvar%2Flib%2Fpg/db",
        "postgresql://me@%2Fvar%2Flib%2Fpg:5432/db",
    );
    check(
        "postgresql://me@[2001:db8::1234]/db",
        "postgresql://me@[2001:db8::1234]:5432/db",
    );
    check(
        "postgresql://me@[::1]:5433,h/db?port=",
        "postgresql://me@[::1]:5432,h:5432/db",
    );
    check("postgresql://m%40e@h/d%2Fb", "postgresql://m%40e@h:5432/d%2Fb");
    check(
        "postgresql://me@h/db?ssl=true",
        "postgresql://me@h:5432/db?sslmode=require",
    );
}

#[test]
fn key_value_pairs_are_read_as_libpq_documents_them() {
    check(
        "host=localhost port=5433 dbname=mydb user=me",
        "postgresql://me@localhost:5433/mydb",
    );
    check("host = h  user\t=\n me dbname=''", "postgresql://me@h:5432/me");
    check(
        r"host=h user='o\'brien' dbname='with blank'",
        "postgresql://o%27brien@h:5432/with%20blank",
    );
    check(r"host=h user=a\ b\\c", "postgresql://a%20b%5Cc@h:5432/a%20b%5Cc");
    check(
        "host=a,b,c port=1,,3 user=me",
        "postgresql://me@a:1,b:5432,c:3/me",
    );
    check("host=a,b port=6000 user=me", "postgresql://me@a:6000,b:6000/me");
    check(
        "hostaddr=127.0.0.1 user=me",
        "postgresql://me@127.0.0.1:5432/me?hostaddr=127.0.0.1",
    );
    check("user=me host=h user=you", "postgresql://you@h:5432/you");
}

#[test]
fn unknown_keywords_are_refused_with_the_nearest() {
    refuse(
        "host=h sslmod=require",
        "unknown keyword sslmod",
        "did you mean sslmode?",
    );
    refuse(
        "postgresql://h/db?ssl_root_cert=x",
        "unknown keyword ssl_root_cert",
        "did you mean sslrootcert?",
    );
    refuse("HOST=h", "unknown keyword HOST", "did you mean host?");
    refuse("host=h xyzzy=1", "unknown keyword xyzzy", "remove it");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    refuse(
        "host=h dbname",
        "character 8 is not followed by =",
        "postgresql:// URL",
    );
    refuse("host='h", "quote at character 6 is not closed", "");
    refuse("postgresql://[::1/db", "closing bracket", "");
    refuse("postgresql://[]/db", "empty", "");
    refuse("postgresql://[::1]x/db", "only a port may follow", "");
    refuse("postgresql://h/db?a", "has no value", "");
    refuse("postgresql://h/db?user=a=b", "two equals signs", "%3D");
    refuse("postgresql://h/%zz", "hexadecimal", "%25");
    refuse("postgresql://h/%00", "%00", "");
    refuse("postgresql://h/%ff", "UTF-8", "");
    refuse(
        "postgresql+psycopg2://me@h/db",
        "postgresql+psycopg2:// is not",
        "begin the URL with postgresql://",
    );
    refuse(
        "jdbc:postgresql://h/db",
        "jdbc:postgresql:// is not",
        "begin the URL",
    );
}

#[test]
fn values_outside_their_range_are_refused_with_what_is_allowed() {
    refuse("host=h port=0", "port takes a number from 1 to 65535", "");
    refuse("host=h port=70000", "port takes a number", "");
    refuse("host=a,b,c port=1,2", "port has 2 entries for 3 hosts", "");
    refuse(
        "host=a,b hostaddr=127.0.0.1",
        "hostaddr has 1 entries for 2 hosts",
        "",
    );
    refuse("hostaddr=localhost", "numeric addresses", "");
    refuse(
        "host=h sslmode=on",
        "disable, allow, prefer, require, verify-ca, verify-full",
        "",
    );
    refuse("host=h target_session_attrs=master", "read-write", "");
    refuse("host=h connect_timeout=soon", "whole number", "");
    refuse(
        "host=h sslrootcert=system sslmode=require",
        "must be verify-full",
        "",
    );
    refuse("host=h sslnegotiation=direct", "direct needs sslmode=require", "");
    refuse("host=h sslcert=a.crt", "sslcert needs the key", "");
}

#[test]
fn what_is_not_supported_is_refused_and_not_ignored() {
    refuse("host=h sslcrl=x.pem", "sslcrl is not supported", "");
    refuse(
        "host=h gssencmode=require",
        "gssencmode can only be disable or prefer",
        "",
    );
    refuse("host=h replication=database", "replication is not supported", "");
    refuse("host=h client_encoding=LATIN1", "can only be UTF8", "");
    check(
        "host=h user=me gssencmode=prefer client_encoding=auto",
        "postgresql://me@h:5432/me?client_encoding=auto&gssencmode=prefer",
    );
}

#[test]
fn no_error_repeats_a_piece_of_a_password() {
    for text in [
        "postgresql://me:hun/ter2@h/db",
        "postgresql://me:12/ter2@h/db",
        "postgresql://me:hun@ter2@h:99/db",
        "postgresql://me:hunter2%zz@h/db",
        "postgresql://me:hunter2@h/db?x",
        "host=h password=hun ter2 dbname=x",
        "host=h password='hunter2",
        "postgresql://me:hunter2@h/db?sslmode=bad",
        "password=hunter2 sslpassword=hunter2",
        "postgresql://me:hunter2#ter2@h:x/db",
    ] {
        let error = Conninfo::parse(text)
            .err()
            .unwrap_or_else(|| panic!("{text} is read"));
        let shown = format!("{error} {error:?} {:?} {:?}", error.context(), error.next_step());
        assert!(!shown.contains("ter2"), "{text}: {shown}");
    }
}

#[test]
fn a_password_is_shown_by_nothing_but_the_verb_that_says_so() {
    let conninfo = Conninfo::parse("postgresql://me:s%40cret@h/db").unwrap();
    for shown in [
        format!("{conninfo}"),
        format!("{conninfo:?}"),
        format!("{:?}", conninfo.targets()),
    ] {
        assert!(!shown.contains("cret"), "{shown}");
    }
    assert!(!format!("{:?}", conninfo.origins()).contains("cret"));
    assert_eq!(conninfo.expose_url(), "postgresql://me:s%40cret@h:5432/db");
}

#[test]
fn defaults_are_libpqs() {
    let conninfo = Conninfo::parse("host=h user=me").unwrap();
    assert_eq!(conninfo.tls().mode, SslMode::Prefer);
    assert_eq!(conninfo.tls().roots, Roots::None);
    assert_eq!(conninfo.targets()[0].port, 5432);
    let system = Conninfo::parse("host=h user=me sslrootcert=system").unwrap();
    assert_eq!(system.tls().mode, SslMode::VerifyFull);
    let nothing = Conninfo::parse("").unwrap();
    assert!(matches!(nothing.targets()[0].host, Host::Socket(_)));
    assert_eq!(nothing.user(), nothing.dbname());
    assert!(!nothing.user().is_empty());
}

#[test]
fn a_time_limit_of_zero_or_less_is_none() {
    let timeout = |text: &str| Conninfo::parse(text).unwrap().connect_timeout();
    assert_eq!(timeout("host=h user=me"), None);
    assert_eq!(
        timeout("host=h user=me connect_timeout=7"),
        Some(Duration::from_secs(7))
    );
    assert_eq!(timeout("host=h user=me connect_timeout=-1"), Some(Duration::ZERO));
}

#[test]
fn a_silent_peer_is_noticed_within_a_minute_unless_told_otherwise() {
    let keepalives = |text: &str| Conninfo::parse(text).unwrap().keepalives();
    let usual = keepalives("host=h user=me");
    assert!(usual.on);
    assert_eq!(usual.idle, Some(Duration::from_secs(30)));
    assert_eq!(usual.interval, Some(Duration::from_secs(10)));
    assert_eq!(usual.count, Some(3));
    assert_eq!(usual.user_timeout, Some(Duration::from_secs(60)));
    let own =
        keepalives("host=h user=me keepalives_idle=5 keepalives_count=0 tcp_user_timeout=1500 keepalives=0");
    assert!(!own.on);
    assert_eq!(own.idle, Some(Duration::from_secs(5)));
    assert_eq!(
        (own.count, own.user_timeout),
        (None, Some(Duration::from_millis(1500)))
    );
}

#[test]
fn another_host_keeps_everything_else() {
    let conninfo =
        Conninfo::parse("postgresql://me:pw@a:6432/db?hostaddr=10.0.0.1&pgbouncer=true&sslmode=require")
            .unwrap();
    let direct = conninfo.with_host("b", 5432).unwrap();
    assert_eq!(
        direct.expose_url(),
        "postgresql://me:pw@b:5432/db?sslmode=require"
    );
    let other = conninfo.with_user("you").unwrap();
    assert_eq!((other.user(), other.dbname()), ("you", "db"));
    assert_eq!(conninfo.with_dbname("x").unwrap().dbname(), "x");
}
