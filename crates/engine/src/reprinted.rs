//! Differences that are none, because a server only prints the same thing in two ways.

use ponte_pg::shadow::Replay;
use ponte_schema::Sql;
use ponte_schema::model::{Difference, Model, reprint};

use crate::error::Result;

/// Leaves out the differences whose two texts a server prints in the same way once it has read them. `expected` is what the replay holds.
pub(crate) async fn without_reprinted(
    replay: &Replay,
    expected: &Model,
    differences: Vec<Difference>,
) -> Result<Vec<Difference>> {
    let texts = |difference: &Difference| {
        let fact = difference.fact.as_deref()?;
        let again = |text: &Option<String>| reprint(expected, &difference.object, fact, text.as_deref()?);
        Some((again(&difference.expected)?, again(&difference.actual)?))
    };
    let (candidates, mut kept): (Vec<Difference>, Vec<Difference>) = differences
        .into_iter()
        .partition(|difference| texts(difference).is_some());
    let (wanted, is): (Vec<Sql>, Vec<Sql>) = candidates.iter().filter_map(texts).unzip();
    if candidates.is_empty() {
        return Ok(kept);
    }
    let (wanted, is) = (
        replay.printed_again(&wanted).await?,
        replay.printed_again(&is).await?,
    );
    for (index, difference) in candidates.into_iter().enumerate() {
        let printed = |(model, done): &(Model, Vec<bool>)| {
            let facts = model.objects.get(&difference.object).filter(|_| done[index])?;
            facts.get(difference.fact.as_deref()?).cloned()
        };
        let same = printed(&wanted).is_some_and(|text| printed(&is) == Some(text));
        if !same {
            kept.push(difference);
        }
    }
    kept.sort_by(|a, b| (&a.object, &a.fact).cmp(&(&b.object, &b.fact)));
    Ok(kept)
}
