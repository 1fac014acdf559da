//! What triggers take from the writers: pgbench at A with the triggers on and off, in either order by turns, nothing else running.

use super::{Row, Values};
use crate::measure::overhead::{CAPTURE_OFF, CAPTURE_ON, SCRIPTS, SEQUENCE, pgbench, prepare};
use crate::peers::stage::Stage;
use crate::{Options, Result};

pub(super) async fn measure(stage: &Stage, options: &Options, repetition: usize) -> Result<Values> {
    stage.a.execute(SEQUENCE, &[]).await?;
    let mut values = Values::new();
    for (row, (_, script)) in [Row::KeptUpdate, Row::KeptInsert].into_iter().zip(SCRIPTS) {
        let run = async |capture| -> Result<f64> {
            prepare(&stage.pair, &stage.a, capture).await?;
            pgbench(&stage.pair.a, options, script).await
        };
        let (on, off);
        if repetition.is_multiple_of(2) {
            off = run(CAPTURE_OFF).await?;
            on = run(CAPTURE_ON).await?;
        } else {
            on = run(CAPTURE_ON).await?;
            off = run(CAPTURE_OFF).await?;
        }
        values.push((row, on / off));
    }
    Ok(values)
}
