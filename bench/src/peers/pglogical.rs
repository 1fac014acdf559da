//! pglogical, two ways, the later change wins by commit time.

use tokio_postgres::Client;

use super::native::{backends, until};
use super::process::Roots;
use super::stage::{Setting, Side, Stage};
use super::{Peer, Step};
use crate::Result;

pub(super) const SETTINGS: &[Setting] = &[
    ("wal_level", "logical"),
    ("max_replication_slots", "10"),
    ("max_wal_senders", "10"),
    ("max_worker_processes", "16"),
    ("shared_preload_libraries", "pglogical"),
    ("track_commit_timestamp", "on"),
    ("pglogical.conflict_resolution", "last_update_wins"),
    ("wal_retrieve_retry_interval", "100ms"),
];

const NODE: &str = "SELECT pglogical.create_node($1, $2)";
const TABLE: &str = "SELECT pglogical.replication_set_add_table('default', 'public.perfis')";
/// Rows that came from elsewhere are not forwarded.
const SUBSCRIBE: &str = "SELECT pglogical.create_subscription(subscription_name := 'perfis', provider_dsn := $1, \
     replication_sets := '{default}', synchronize_structure := false, synchronize_data := $2, forward_origins := '{}')";
const REPLICATING: &str = "SELECT coalesce(bool_and(status = 'replicating'), false) FROM pglogical.show_subscription_status('perfis')";
const UNSUBSCRIBE: &str = "SELECT pglogical.drop_subscription('perfis')";
const ENABLE: &str = "SELECT pglogical.alter_subscription_enable('perfis', true)";
const DISABLE: &str = "SELECT pglogical.alter_subscription_disable('perfis', true)";
const SLOTS_FREE: &str = "SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE active)";

pub(super) struct Pglogical;

/// The release that is there.
pub(super) async fn version(client: &Client) -> Result<String> {
    let sql = "SELECT default_version FROM pg_available_extensions WHERE name = 'pglogical'";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

async fn subscribe(stage: &Stage, at: Side, with_rows: bool) -> Result<()> {
    stage
        .admin(at)
        .query_one(SUBSCRIBE, &[&stage.conninfo(at.other()), &with_rows])
        .await?;
    Ok(())
}

impl Peer for Pglogical {
    fn two_way(&self) -> bool {
        true
    }

    fn roots(&self, stage: &Stage) -> Roots {
        backends(stage)
    }

    fn install<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            for (side, name) in [(Side::A, "a"), (Side::B, "b")] {
                let admin = stage.admin(side);
                admin.batch_execute("CREATE EXTENSION pglogical").await?;
                admin.query_one(NODE, &[&name, &stage.conninfo(side)]).await?;
                admin.batch_execute(TABLE).await?;
            }
            Ok(())
        })
    }

    fn first_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(subscribe(stage, Side::B, true))
    }

    fn forget_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async { Ok(stage.admin(Side::B).batch_execute(UNSUBSCRIBE).await?) })
    }

    fn set_up<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            until(stage.admin(Side::B), REPLICATING).await?;
            subscribe(stage, Side::A, false).await?;
            until(stage.admin(Side::A), REPLICATING).await?;
            self.stop(stage).await
        })
    }

    fn start<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            stage.admin(Side::A).batch_execute(ENABLE).await?;
            Ok(stage.admin(Side::B).batch_execute(ENABLE).await?)
        })
    }

    fn stop<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            for side in [Side::A, Side::B] {
                stage.admin(side).batch_execute(DISABLE).await?;
            }
            for side in [Side::A, Side::B] {
                until(stage.admin(side), SLOTS_FREE).await?;
            }
            Ok(())
        })
    }
}
