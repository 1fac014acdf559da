//! Rules that the schema of every pack keeps.

use tokio_postgres::Client;

use super::texts;

const OURS: &str = "c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";

/// Everything in the schema `public` that breaks a rule, by name.
pub(crate) async fn broken_rules(client: &Client) -> Vec<String> {
    let mut broken = Vec::new();
    for (rule, sql) in [
        (
            "has no comment",
            "SELECT c.oid::regclass::text FROM pg_class c WHERE {ours} AND c.relkind IN ('r', 'p', 'v', 'm') AND obj_description(c.oid, 'pg_class') IS NULL",
        ),
        (
            "has no comment",
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL \
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
        ),
        (
            "has no primary key",
            "SELECT c.oid::regclass::text FROM pg_class c WHERE {ours} AND c.relkind IN ('r', 'p') \
             AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')",
        ),
        // The first column of the key, which is the one that tells rows apart, leads the index.
        (
            "has a foreign key without an index",
            "SELECT k.conrelid::regclass || '.' || k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE {ours} AND k.contype = 'f' \
             AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL AND i.indkey[0] = k.conkey[1])",
        ),
        (
            "runs as its owner without a fixed search_path",
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef \
             AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=pg_catalog, public, pg_temp')",
        ),
    ] {
        let found = texts(client, &sql.replace("{ours}", OURS)).await;
        broken.extend(found.into_iter().map(|name| format!("{name} {rule}")));
    }
    broken
}
