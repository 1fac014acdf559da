//! PostgreSQL's logical replication, two ways: since 16 a subscription can leave out what itself came by replication.

use super::native::{backends, copied, disable, enable, publish, subscribe, unsubscribe};
use super::process::Roots;
use super::stage::{Side, Stage};
use super::{Peer, Step};

pub(super) struct NativeTwoWay;

impl Peer for NativeTwoWay {
    fn two_way(&self) -> bool {
        true
    }

    fn roots(&self, stage: &Stage) -> Roots {
        backends(stage)
    }

    fn install<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            publish(stage.admin(Side::A)).await?;
            publish(stage.admin(Side::B)).await
        })
    }

    fn first_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(subscribe(stage, Side::B, "copy_data = true, origin = none"))
    }

    fn forget_copy<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(unsubscribe(stage))
    }

    fn set_up<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            copied(stage).await?;
            subscribe(stage, Side::A, "copy_data = false, origin = none").await?;
            self.stop(stage).await
        })
    }

    fn start<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            enable(stage.admin(Side::A)).await?;
            enable(stage.admin(Side::B)).await
        })
    }

    fn stop<'a>(&'a mut self, stage: &'a Stage) -> Step<'a> {
        Box::pin(async {
            disable(stage, Side::A).await?;
            disable(stage, Side::B).await
        })
    }
}
