//! Where boxes stand: in columns from left to right, what is pointed to left of what points to it.
//!
//! Columns come from the longest way along the references, circles being cut where a walk closes them. In a column, boxes are ordered by
//! the middle of their neighbours, there and back a few times, and then moved towards them as far as the others let them.
//!
//! An edge that leads past a column has a passage there, which takes room as a box does, so that no line runs behind a box. Edges that lead
//! to the same box share it.

use std::collections::BTreeMap;

/// Between columns, and between boxes of a column.
const GAP_X: f64 = 90.0;
const GAP_Y: f64 = 24.0;
/// A column that would be higher is continued in another one.
const COLUMN_HEIGHT_MAX: f64 = 900.0;
/// How often the order is improved.
const SWEEPS: usize = 12;

/// The upper left corner of every box, and the size of the whole.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Places {
    pub(super) corners: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
    /// For every edge, where it passes columns on its way.
    pub(super) ways: Vec<Vec<Passage>>,
}

/// A gap between the boxes of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Passage {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) y: f64,
}

/// The height of a passage, beside the gap below it.
const PASSAGE: f64 = 2.0;

/// Places boxes of these sizes; an edge leads from who points to who is pointed to.
pub(super) fn place(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Places {
    let ranks = ranks(sizes.len(), edges);
    let mut columns = columns(&ranks, sizes);
    let boxes = sizes.len();
    let ways = passages(boxes, &mut columns, edges);
    let last = ways
        .iter()
        .flatten()
        .copied()
        .max()
        .map_or(boxes, |last| last + 1);
    let mut all = sizes.to_vec();
    all.resize(last, (0.0, PASSAGE));
    let sizes = &all;
    let near = neighbours(sizes.len(), &stretches(edges, &ways));
    let mut middles = vec![0.0; sizes.len()];
    stack(&columns, sizes, &mut middles);
    for _ in 0..SWEEPS {
        for column in &mut columns {
            let wish = |node: usize| average(&near[node], &middles).unwrap_or(middles[node]);
            let mut wishes: Vec<(f64, usize)> = column.iter().map(|node| (wish(*node), *node)).collect();
            wishes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *column = wishes.iter().map(|(_, node)| *node).collect();
            settle(&wishes, sizes, &mut middles);
        }
    }
    corners(boxes, &columns, sizes, &middles, &ways)
}

/// The passages that each edge takes, from who points to who is pointed to; they are added to the columns, and numbered after the boxes.
fn passages(boxes: usize, columns: &mut [Vec<usize>], edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut column_of = vec![0; boxes];
    for (number, column) in columns.iter().enumerate() {
        column.iter().for_each(|node| column_of[*node] = number);
    }
    let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut ways = Vec::new();
    for (from, to) in edges {
        let (start, end) = (column_of[*from], column_of[*to]);
        let mut between: Vec<usize> = (start.min(end) + 1..start.max(end)).collect();
        if start > end {
            between.reverse();
        }
        let mut way = Vec::new();
        for column in between {
            let next = boxes + known.len();
            let passage = *known.entry((*to, column)).or_insert(next);
            if passage == next {
                columns[column].push(passage);
            }
            way.push(passage);
        }
        ways.push(way);
    }
    ways
}

/// The edges cut at their passages.
fn stretches(edges: &[(usize, usize)], ways: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    for ((from, to), way) in edges.iter().zip(ways) {
        let mut last = *from;
        for stop in way.iter().chain([to]) {
            stretches.push((last, *stop));
            last = *stop;
        }
    }
    stretches
}

/// How far from the left: one more than whatever it points to.
fn ranks(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut targets = vec![Vec::new(); count];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        targets[*from].push(*to);
    }
    let mut ranks: Vec<Option<usize>> = vec![None; count];
    let mut on_way = vec![false; count];
    for node in 0..count {
        rank(node, &targets, &mut ranks, &mut on_way);
    }
    ranks.into_iter().map(Option::unwrap_or_default).collect()
}

fn rank(node: usize, targets: &[Vec<usize>], ranks: &mut [Option<usize>], on_way: &mut [bool]) -> usize {
    if let Some(rank) = ranks[node] {
        return rank;
    }
    on_way[node] = true;
    let mut best = 0;
    for target in &targets[node] {
        // The edge that closes a circle does not count.
        if !on_way[*target] {
            best = best.max(rank(*target, targets, ranks, on_way) + 1);
        }
    }
    on_way[node] = false;
    ranks[node] = Some(best);
    best
}

/// The boxes of each column; one that is too high is cut.
fn columns(ranks: &[usize], sizes: &[(f64, f64)]) -> Vec<Vec<usize>> {
    let last = ranks.iter().copied().max().unwrap_or(0);
    let mut columns = Vec::new();
    for rank in 0..=last {
        let mut column: Vec<usize> = Vec::new();
        let mut height = 0.0;
        for node in (0..ranks.len()).filter(|node| ranks[*node] == rank) {
            if height + sizes[node].1 > COLUMN_HEIGHT_MAX && !column.is_empty() {
                columns.push(std::mem::take(&mut column));
                height = 0.0;
            }
            height += sizes[node].1 + GAP_Y;
            column.push(node);
        }
        columns.push(column);
    }
    columns.retain(|column| !column.is_empty());
    columns
}

fn neighbours(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut near = vec![Vec::new(); count];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        near[*from].push(*to);
        near[*to].push(*from);
    }
    near
}

fn average(nodes: &[usize], middles: &[f64]) -> Option<f64> {
    let sum: f64 = nodes.iter().map(|node| middles[*node]).sum();
    (!nodes.is_empty()).then(|| sum / nodes.len() as f64)
}

/// One under the other, to begin with.
fn stack(columns: &[Vec<usize>], sizes: &[(f64, f64)], middles: &mut [f64]) {
    for column in columns {
        let mut y = 0.0;
        for node in column {
            middles[*node] = y + sizes[*node].1 / 2.0;
            y += sizes[*node].1 + GAP_Y;
        }
    }
}

/// Each where it wishes to be, or as near as those above and below leave room: groups that touch move together.
fn settle(wishes: &[(f64, usize)], sizes: &[(f64, f64)], middles: &mut [f64]) {
    struct Block {
        nodes: Vec<usize>,
        /// The sum of where the top of the block should be, as its boxes wish it.
        wish: f64,
        height: f64,
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (wish, node) in wishes {
        let height = sizes[*node].1 + GAP_Y;
        let mut block = Block {
            nodes: vec![*node],
            wish: wish - height / 2.0,
            height,
        };
        while let Some(above) = blocks.last() {
            let top = |b: &Block| b.wish / b.nodes.len() as f64;
            if top(above) + above.height <= top(&block) {
                break;
            }
            let Some(mut above) = blocks.pop() else { break };
            above.wish += block.wish - block.nodes.len() as f64 * above.height;
            above.height += block.height;
            above.nodes.append(&mut block.nodes);
            block = above;
        }
        blocks.push(block);
    }
    for block in blocks {
        let mut y = block.wish / block.nodes.len() as f64;
        for node in block.nodes {
            let height = sizes[node].1 + GAP_Y;
            middles[node] = y + height / 2.0;
            y += height;
        }
    }
}

fn corners(
    boxes: usize,
    columns: &[Vec<usize>],
    sizes: &[(f64, f64)],
    middles: &[f64],
    ways: &[Vec<usize>],
) -> Places {
    let top = |node: usize| middles[node] - sizes[node].1 / 2.0;
    let highest = (0..sizes.len()).map(top).fold(f64::INFINITY, f64::min);
    let highest = if highest.is_finite() { highest } else { 0.0 };
    let mut corners = vec![(0.0, 0.0); sizes.len()];
    let mut rights = vec![0.0; sizes.len()];
    let (mut x, mut height) = (GAP_Y, 0.0_f64);
    for column in columns {
        let width = column.iter().map(|node| sizes[*node].0).fold(0.0, f64::max);
        for node in column {
            let y = top(*node) - highest + GAP_Y;
            corners[*node] = (x, y.round());
            rights[*node] = x + width;
            height = height.max(y + sizes[*node].1);
        }
        x += width + GAP_X;
    }
    let passage = |node: &usize| Passage {
        left: corners[*node].0,
        right: rights[*node],
        y: corners[*node].1 + PASSAGE / 2.0,
    };
    let ways = ways.iter().map(|way| way.iter().map(passage).collect()).collect();
    corners.truncate(boxes);
    Places {
        corners,
        width: (x - GAP_X + GAP_Y).max(GAP_Y),
        height: (height + GAP_Y).round(),
        ways,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(a: (f64, f64), b: (f64, f64), size: (f64, f64)) -> bool {
        (a.0 - b.0).abs() < size.0 && (a.1 - b.1).abs() < size.1
    }

    #[test]
    fn no_two_boxes_overlap_and_nothing_is_outside() {
        let size = (150.0, 80.0);
        let edges: Vec<(usize, usize)> = (1..40)
            .map(|n| (n, (n * 7) % n.max(2)))
            .chain([(3, 3), (0, 39)])
            .collect();
        let places = place(&[size; 40], &edges);
        for (index, one) in places.corners.iter().enumerate() {
            assert!(one.0 >= 0.0 && one.0 + size.0 <= places.width, "{one:?}");
            assert!(one.1 >= 0.0 && one.1 + size.1 <= places.height, "{one:?}");
            for other in &places.corners[..index] {
                assert!(!overlap(*one, *other, size), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn what_is_pointed_to_stands_left() {
        let places = place(&[(100.0, 50.0); 3], &[(0, 1), (1, 2)]);
        let x: Vec<f64> = places.corners.iter().map(|corner| corner.0).collect();
        assert!(x[2] < x[1] && x[1] < x[0], "{x:?}");
    }

    #[test]
    fn an_edge_passes_between_the_boxes_of_a_column() {
        let size = (100.0, 60.0);
        // Three in the middle column, and one edge from the last to the first, past it.
        let edges = [(1, 0), (2, 0), (3, 0), (4, 1), (4, 2), (4, 3), (4, 0)];
        let places = place(&[size; 5], &edges);
        let [passage] = places.ways[6].as_slice() else {
            panic!("{:?}", places.ways);
        };
        assert!(places.ways[..6].iter().all(Vec::is_empty));
        for corner in &places.corners[1..4] {
            assert_eq!((corner.0, corner.0 + size.0), (passage.left, passage.right));
            assert!(
                passage.y < corner.1 || passage.y > corner.1 + size.1,
                "{passage:?} {corner:?}"
            );
        }
    }

    #[test]
    fn nothing_is_a_picture_too() {
        assert_eq!(place(&[], &[]).corners, []);
    }
}
