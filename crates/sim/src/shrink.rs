//! From a failing history to a small one: steps are dropped, in ever smaller pieces, as long as it still fails.

use std::collections::BTreeSet;

use crate::history::History;
use crate::mutation::Mutation;
use crate::world;

/// Which steps a history needs in order to fail.
pub fn shrink(history: &History, mutation: Option<Mutation>) -> BTreeSet<usize> {
    let mut kept: Vec<usize> = history.steps.iter().map(|(place, _)| *place).collect();
    let mut piece = kept.len().div_ceil(2).max(1);
    loop {
        let mut start = 0;
        let before = kept.len();
        while start < kept.len() {
            let end = (start + piece).min(kept.len());
            let fewer: Vec<usize> = [&kept[..start], &kept[end..]].concat();
            if fails(history, &fewer, mutation) {
                kept = fewer;
            } else {
                start = end;
            }
        }
        if piece == 1 && kept.len() == before {
            return kept.into_iter().collect();
        }
        piece = piece.div_ceil(2);
    }
}

fn fails(history: &History, kept: &[usize], mutation: Option<Mutation>) -> bool {
    let kept: BTreeSet<usize> = kept.iter().copied().collect();
    let smaller = history.keeping(|place| kept.contains(&place));
    world::run(&smaller, mutation).0.is_some()
}
