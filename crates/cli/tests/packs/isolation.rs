//! Whether one tenant can get at another's rows, tried with every table, view and function that is there: what a later migration adds is
//! tried too.
//!
//! Two tenants have rows everywhere. As the first one, every operation is tried on the rows of the second; afterwards these must be
//! what they were, and nothing of them may have been seen.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{execute, number, text, texts};

/// Two tenants, seen from outside.
pub(crate) struct Tenants<'a> {
    /// Sees everything.
    pub(crate) superuser: &'a Client,
    /// Statements that make a session the first tenant's.
    pub(crate) become_first: &'a str,
    /// Statements that make it nobody's.
    pub(crate) become_nobody: &'a str,
    /// The condition that picks the second tenant's rows of a table, and the one for the first's. None: no tenant's.
    pub(crate) rows_of: &'a dyn Fn(&str, Tenant) -> Option<String>,
    /// What is found in every row of the second tenant's and in no other.
    pub(crate) second_marks: &'a [&'a str],
    /// An id to call functions with: something of the second tenant's.
    pub(crate) second_id: &'a str,
    /// Functions that may answer about anybody, by design.
    pub(crate) open_functions: &'a [&'a str],
    /// The functions that run with their owner's rights, past every policy, and why they may.
    pub(crate) definers: &'a [(&'a str, &'a str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tenant {
    First,
    Second,
}

const TABLES: &str = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1";

/// Tables that a later migration added and forgot: without row-level security, or without a policy that says whose rows are whose. The
/// partitions of a table are only reached through it.
pub(crate) async fn unprotected(client: &Client) -> Vec<String> {
    texts(
        client,
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') \
         AND NOT (c.relrowsecurity AND (c.relispartition OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))) ORDER BY 1",
    )
    .await
}

impl Tenants<'_> {
    /// Tries everything as `role`, who may change the rows of its own tenant if it `writes`.
    pub(crate) async fn are_kept_apart(&self, role: &Client, writes: bool) {
        let before = self.fingerprint().await;
        execute(role, self.become_first).await;
        for table in texts(self.superuser, TABLES).await {
            self.read(role, &table).await;
            self.write(role, &table, writes).await;
        }
        self.look_through_views(role).await;
        self.call_functions(role).await;
        self.leave_sequences(role).await;
        execute(role, self.become_nobody).await;
        for table in texts(self.superuser, TABLES).await {
            if let (Some(first), Some(second)) = (
                self.rows(&table, Tenant::First),
                self.rows(&table, Tenant::Second),
            ) {
                let sql = format!("SELECT 1 FROM {table} WHERE {first} OR {second}");
                let seen = count(role, &sql).await.unwrap_or(0);
                assert_eq!(seen, 0, "without a tenant, rows of {table} are seen");
            }
        }
        assert_eq!(
            self.fingerprint().await,
            before,
            "rows of the second tenant were changed"
        );
    }

    fn rows(&self, table: &str, tenant: Tenant) -> Option<String> {
        (self.rows_of)(table, tenant)
    }

    /// A digest of every row of the second tenant's, table by table. Each table must have one, or nothing would be proved.
    async fn fingerprint(&self) -> Vec<String> {
        let mut digests = Vec::new();
        for table in texts(self.superuser, TABLES).await {
            let Some(condition) = self.rows(&table, Tenant::Second) else {
                continue;
            };
            let sql = format!(
                "SELECT '{table} ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t WHERE {condition}"
            );
            let digest = text(self.superuser, &sql).await;
            let partition = format!(
                "SELECT count(*) FROM pg_class WHERE oid = 'public.{table}'::regclass AND relispartition"
            );
            assert!(
                !digest.starts_with(&format!("{table} 0")) || number(self.superuser, &partition).await == 1,
                "the second tenant has no row in {table}"
            );
            // The audit trail grows with what the first tenant does, and the second's part of it must not.
            digests.push(digest);
        }
        digests
    }

    async fn read(&self, role: &Client, table: &str) {
        let Some(second) = self.rows(table, Tenant::Second) else {
            return;
        };
        match count(role, &format!("SELECT 1 FROM {table} WHERE {second}")).await {
            Ok(seen) => assert_eq!(seen, 0, "rows of the second tenant in {table} are seen"),
            Err(state) => assert_eq!(state, SqlState::INSUFFICIENT_PRIVILEGE, "reading {table}"),
        }
        if let (Some(own), Ok(_)) = (
            self.rows(table, Tenant::First),
            count(role, &format!("SELECT 1 FROM {table} WHERE false")).await,
        ) {
            let seen = count(role, &format!("SELECT 1 FROM {table} WHERE {own}")).await;
            assert!(
                seen.unwrap() > 0,
                "the first tenant does not see its own rows of {table}"
            );
        }
    }

    /// INSERT, UPDATE, DELETE and TRUNCATE: refused, or without any effect on rows of others.
    async fn write(&self, role: &Client, table: &str, writes: bool) {
        let column = "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = 'public.{table}'::regclass AND a.attnum > 0 \
                      AND a.attidentity = '' AND a.attgenerated = '' ORDER BY a.attnum LIMIT 1"
            .replace("{table}", table);
        let column = text(self.superuser, &column).await;
        let second = self
            .rows(table, Tenant::Second)
            .unwrap_or_else(|| "true".to_owned());
        let first = self.rows(table, Tenant::First);
        let image = format!("SELECT coalesce(min(to_jsonb(t)::text), '{{}}') FROM {table} t WHERE {second}");
        let image = text(self.superuser, &image).await.replace('\'', "''");
        let insert = format!(
            "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{table}, '{image}')"
        );
        let mut attempts = vec![
            insert,
            format!("UPDATE {table} SET {column} = {column} WHERE {second}"),
            format!("DELETE FROM {table} WHERE {second}"),
            format!("TRUNCATE {table} CASCADE"),
        ];
        if let (Some(first), false) = (first, writes) {
            attempts.push(format!("UPDATE {table} SET {column} = {column} WHERE {first}"));
            attempts.push(format!("DELETE FROM {table} WHERE {first}"));
        }
        for (index, sql) in attempts.iter().enumerate() {
            execute(role, "BEGIN").await;
            let outcome = count(role, sql).await;
            execute(role, "ROLLBACK").await;
            execute(role, self.become_first).await;
            match outcome {
                Ok(0) if matches!(index, 1 | 2) => {}
                Ok(touched) => panic!("{touched} rows: {sql}"),
                Err(state) => assert_eq!(state, SqlState::INSUFFICIENT_PRIVILEGE, "{sql}"),
            }
        }
    }

    async fn look_through_views(&self, role: &Client) {
        let views = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')";
        for view in texts(self.superuser, views).await {
            let Ok(rows) = rows(role, &format!("SELECT v::text FROM {view} v")).await else {
                continue;
            };
            self.shows_nothing(&view, &rows);
        }
    }

    /// Every function that the role may call and whose arguments can be made up. The others must run with the caller's rights.
    async fn call_functions(&self, role: &Client) {
        let functions = "SELECT p.oid::regproc::text, p.prosecdef, p.prokind = 'p', \
                ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) \
             FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype <> 'trigger'::regtype AND p.prokind IN ('f', 'p') \
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
             AND has_function_privilege($1, p.oid, 'EXECUTE')";
        let user = text(role, "SELECT current_user::text").await;
        for row in self.superuser.query(functions, &[&user]).await.unwrap() {
            let (name, definer, procedure, types): (String, bool, bool, Vec<String>) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            assert!(
                !definer || self.definers.iter().any(|(known, _)| *known == name),
                "{name} runs as its owner, and nobody has said why it may"
            );
            let arguments: Option<Vec<String>> = types.iter().map(|t| self.argument(t)).collect();
            let Some(arguments) = arguments else {
                assert!(
                    !definer,
                    "{name} runs as its owner, and its arguments cannot be made up"
                );
                continue;
            };
            let verb = if procedure { "CALL" } else { "SELECT * FROM" };
            let called = rows(role, &format!("{verb} {name}({})", arguments.join(", "))).await;
            execute(role, self.become_first).await;
            if let Ok(answer) = called
                && !self.open_functions.contains(&name.as_str())
            {
                self.shows_nothing(&name, &answer);
            }
        }
    }

    /// A number that was set back would be given out twice, to whomever.
    async fn leave_sequences(&self, role: &Client) {
        let sequences = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'";
        for sequence in texts(self.superuser, sequences).await {
            let set = count(role, &format!("SELECT setval('{sequence}', 1)")).await;
            assert_eq!(set, Err(SqlState::INSUFFICIENT_PRIVILEGE), "{sequence}");
            execute(role, self.become_first).await;
        }
    }

    fn argument(&self, kind: &str) -> Option<String> {
        match kind {
            "uuid" => Some(format!("'{}'", self.second_id)),
            "text" => Some("'x'".to_owned()),
            "text[]" => Some("ARRAY['owner', 'admin', 'member', 'viewer']".to_owned()),
            "integer" | "bigint" | "smallint" => Some("100".to_owned()),
            "boolean" => Some("true".to_owned()),
            _ => None,
        }
    }

    fn shows_nothing(&self, what: &str, rows: &[String]) {
        for mark in self.second_marks {
            let found = rows.iter().find(|row| row.contains(mark));
            assert_eq!(found, None, "{what} shows something of the second tenant's");
        }
    }
}

/// How many rows a statement returned or touched.
async fn count(client: &Client, sql: &str) -> Result<u64, SqlState> {
    let messages = client.simple_query(sql).await.map_err(|e| state(&e, sql))?;
    let counted = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::CommandComplete(count) => Some(*count),
        _ => None,
    });
    Ok(counted.unwrap_or(0))
}

/// What a statement answers, each row as one text.
async fn rows(client: &Client, sql: &str) -> Result<Vec<String>, SqlState> {
    let messages = client.simple_query(sql).await.map_err(|e| state(&e, sql))?;
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let values = (0..row.len()).filter_map(|index| row.get(index));
            Some(values.collect::<Vec<_>>().join("|"))
        }
        _ => None,
    };
    Ok(messages.iter().filter_map(row).collect())
}

fn state(error: &tokio_postgres::Error, sql: &str) -> SqlState {
    error.code().unwrap_or_else(|| panic!("{sql}: {error:?}")).clone()
}
