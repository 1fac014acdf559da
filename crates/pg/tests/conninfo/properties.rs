//! Over random connection strings.

use ponte_pg::Conninfo;
use proptest::prelude::*;

/// Values with all that has a meaning somewhere in either form.
fn value() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 '\\\\@:/?#%&=,\\[\\]é€\"$-]{1,20}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9.-]{0,15}",
        "/[a-zA-Z0-9 %@_-]{1,15}",
        Just("2001:db8::7".to_owned())
    ]
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        let _ = Conninfo::parse(&text);
    }

    #[test]
    fn any_url_is_read_or_refused(rest in "[a-z0-9@:/?&=,%\\[\\]. ']{0,60}") {
        let _ = Conninfo::parse(&format!("postgresql://{rest}"));
    }

    #[test]
    fn any_pairs_are_read_or_refused(text in "(host|port|user|sslmode|password)( ?= ?)[a-z0-9'\\\\ =]{0,40}") {
        let _ = Conninfo::parse(&text);
    }

    #[test]
    fn what_is_printed_as_a_url_is_read_as_the_same(
        hosts in prop::collection::vec((host(), 1_u16..), 1..4),
        user in value(),
        password in value(),
        dbname in value(),
        application in value(),
        mode in prop::sample::select(vec!["disable", "allow", "prefer", "require"]),
    ) {
        let names: Vec<_> = hosts.iter().map(|(host, _)| host.as_str()).collect();
        let ports: Vec<_> = hosts.iter().map(|(_, port)| port.to_string()).collect();
        let text = format!(
            "host={} port={} user={} password={} dbname={} application_name={} sslmode={mode}",
            quoted(&names.join(",")), ports.join(","), quoted(&user), quoted(&password), quoted(&dbname), quoted(&application),
        );
        let first = Conninfo::parse(&text).unwrap();
        prop_assert_eq!(first.user(), &user);
        prop_assert_eq!(first.dbname(), &dbname);
        prop_assert_eq!(first.targets().len(), hosts.len());
        let second = Conninfo::parse(&first.expose_url()).unwrap();
        prop_assert_eq!(first, second);
    }

    #[test]
    fn no_password_is_ever_shown(password in "[a-zA-Z0-9]{12}") {
        let conninfo = Conninfo::parse(&format!("postgresql://me:{password}@h/db")).unwrap();
        let shown = format!("{conninfo} {conninfo:?} {:?} {:?}", conninfo.origins(), conninfo.targets());
        prop_assert!(!shown.contains(&password));
    }
}
