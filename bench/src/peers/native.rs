//! PostgreSQL's logical replication, one way: a publication at A, a subscription at B.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;

use super::process::Roots;
use super::stage::{Setting, Side, Stage};
use super::{Peer, Step};
use crate::Result;

/// What it needs, and no waiting between two starts of a worker, which would count as the product's.
pub(super) const SETTINGS: &[Setting] = &[
    ("wal_level", "logical"),
    ("max_replication_slots", "10"),
    ("max_wal_senders", "10"),
    ("max_worker_processes", "16"),
    ("max_logical_replication_workers", "8"),
    ("wal_retrieve_retry_interval", "100ms"),
];

const LOOK_EVERY: Duration = Duration::from_millis(20);

const COPIED: &str = "SELECT coalesce(bool_and(srsubstate = 'r'), false) FROM pg_subscription_rel";
const WORKERS_GONE: &str = "SELECT NOT EXISTS (SELECT FROM pg_stat_subscription WHERE pid IS NOT NULL)";
const SLOTS_FREE: &str = "SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE active)";

pub(super) struct Native;

impl Peer for Native {
    fn two_way(&self) -> bool {
        false
    }

    fn roots(&self, stage: &Stage) -> Roots {
        backends(stage)
    }

    fn install<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(publish(stage.admin(Side::A)))
    }

    fn first_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(subscribe(stage, Side::B, "copy_data = true"))
    }

    fn forget_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(unsubscribe(stage))
    }

    fn set_up<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            copied(stage).await?;
            self.stop(stage).await
        })
    }

    fn start<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(enable(stage.admin(Side::B)))
    }

    fn stop<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(disable(stage, Side::B))
    }
}

pub(super) fn backends(stage: &Stage) -> Roots {
    Roots::Backends(Arc::clone(&stage.admin_a), Arc::clone(&stage.admin_b))
}

pub(super) async fn publish(client: &Client) -> Result<()> {
    Ok(client
        .batch_execute("CREATE PUBLICATION perfis FOR TABLE perfis")
        .await?)
}

/// Subscribes one side to the other. A database's subscriptions are seen by the whole server, and so is a slot's name.
pub(super) async fn subscribe(stage: &Stage, at: Side, options: &str) -> Result<()> {
    let statement = format!(
        "CREATE SUBSCRIPTION perfis CONNECTION '{}' PUBLICATION perfis WITH ({options})",
        stage.conninfo(at.other())
    );
    Ok(stage.admin(at).batch_execute(&statement).await?)
}

pub(super) async fn unsubscribe(stage: &Stage) -> Result<()> {
    Ok(stage
        .admin(Side::B)
        .batch_execute("DROP SUBSCRIPTION perfis")
        .await?)
}

pub(super) async fn copied(stage: &Stage) -> Result<()> {
    until(stage.admin(Side::B), COPIED).await
}

pub(super) async fn enable(client: &Client) -> Result<()> {
    Ok(client.batch_execute("ALTER SUBSCRIPTION perfis ENABLE").await?)
}

/// Stops applying at one side and waits until nothing runs any more on either.
pub(super) async fn disable(stage: &Stage, at: Side) -> Result<()> {
    stage
        .admin(at)
        .batch_execute("ALTER SUBSCRIPTION perfis DISABLE")
        .await?;
    until(stage.admin(at), WORKERS_GONE).await?;
    until(stage.admin(at.other()), SLOTS_FREE).await
}

/// Waits until a question is answered with yes. Whoever calls sets the limit.
pub(super) async fn until(client: &Client, question: &str) -> Result<()> {
    while !client.query_one(question, &[]).await?.get::<_, bool>(0) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
