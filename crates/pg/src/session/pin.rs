//! What makes two servers print a value in the same way, and bounds what a statement may wait for.
//!
//! On a session of our own it is set once, with the login. Behind a pooler in transaction mode a session belongs to strangers
//! before and after, who set what they like: there, every transaction begins with it, and leaves nothing behind.

use ponte_schema::{Literal, Sql};

/// Compiling (jit) is off: penalised plans of small batches look expensive to it, and it took 300 ms to make 5 ms faster.
/// `lc_monetary` says how many digits of a `money` value come after the comma, so that it changes its worth.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("array_nulls", "on"),
    ("quote_all_identifiers", "off"),
    ("transform_null_equals", "off"),
    ("standard_conforming_strings", "on"),
    ("xmloption", "content"),
    ("client_encoding", "UTF8"),
    ("jit", "off"),
    ("statement_timeout", "0"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10min"),
];

/// From PostgreSQL 17 on there is a limit for whole transactions. The first copy of a large table is one.
const TRANSACTION_TIMEOUT_SINCE: u32 = 170_000;

/// For a session of our own, whose server is not known yet. From PostgreSQL 14 on, and where the system can, the server looks whether its client
/// is still there: the statement of a process that was killed would run to its end otherwise, and hold what others wait for.
pub(crate) fn for_session() -> Sql {
    let mut script = settings("SET");
    script.push(&Sql::text(
        "SELECT pg_catalog.set_config('transaction_timeout', '0', false) \
         WHERE pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000;\n\
         SELECT pg_catalog.set_config('client_connection_check_interval', '2s', false) \
         WHERE pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 140000 AND pg_catalog.version() ~ 'linux';\n",
    ));
    script
}

/// For the beginning of a transaction on a session that others use too. Also takes back a role that one of them put on.
pub(crate) fn for_transaction(server_version_num: u32) -> Sql {
    let mut script = Sql::text("SET LOCAL role TO DEFAULT;\n");
    script.push(&settings("SET LOCAL"));
    if server_version_num >= TRANSACTION_TIMEOUT_SINCE {
        script.push(&Sql::text("SET LOCAL transaction_timeout = 0;\n"));
    }
    script
}

fn settings(verb: &'static str) -> Sql {
    Sql::join(
        "",
        SETTINGS.iter().map(|(name, value)| {
            Sql::render(
                "{verb} {name} = {value};\n",
                &[
                    ("verb", &Sql::text(verb)),
                    ("name", &Sql::text(name)),
                    ("value", &Literal::new(*value)),
                ],
            )
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lent_session_is_given_back_as_it_was() {
        let script = for_transaction(180_000);
        assert!(
            script.as_str().lines().all(|line| line.starts_with("SET LOCAL ")),
            "{script:?}"
        );
        assert!(!for_transaction(160_000).as_str().contains("transaction_timeout"));
    }
}
