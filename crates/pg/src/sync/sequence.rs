//! Identities that two nodes hand out at the same time must not meet: one side counts in odd numbers, the other in even ones.

use std::collections::BTreeMap;

use ponte_schema::{Ident, Literal, QualifiedName, Sql};
use ponte_sync::link::Side;
use ponte_sync::shape::{Sequence, Shape};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::peer::Peer;
use crate::error::Result;

/// How far the first interleaved number lies beyond the highest in use, to cover what is handed out while both nodes are set up.
const HEADROOM: i64 = 1_000;

/// A column that a sequence feeds, by the positions of its table and itself: what the two sides call it may differ.
type Owner = (usize, usize);

/// The sequences of a table that count in steps of one and whose numbers travel.
pub(crate) fn to_interleave<'a>(shape: &'a Shape, side: &'a TableSide) -> impl Iterator<Item = &'a Sequence> {
    let travels = |s: &&Sequence| written(side, s).is_some();
    shape
        .sequences
        .iter()
        .filter(|s| s.increment == 1)
        .filter(travels)
}

/// The position of the column that a sequence feeds among those that are written.
fn written(side: &TableSide, sequence: &Sequence) -> Option<usize> {
    side.all_columns()
        .iter()
        .position(|c| c.as_str() == sequence.column)
}

/// The highest number in use on either side, for each column that a sequence feeds.
pub(crate) async fn highest(peers: &mut [Peer; 2], tables: &[LinkedTable]) -> Result<BTreeMap<Owner, i64>> {
    let mut found = BTreeMap::new();
    for side in Side::BOTH {
        for (position, table) in tables.iter().enumerate() {
            let shape = &table.shapes[side.index()];
            // Also of those that an earlier run has interleaved: the other side's may still have to be.
            for sequence in shape.sequences.iter().filter(|s| s.increment > 0) {
                let here = highest_here(&peers[side.index()], shape, sequence).await?;
                if let Some(column) = written(&table.sides[side.index()], sequence) {
                    let known = found.entry((position, column)).or_insert(here);
                    *known = here.max(*known);
                }
            }
        }
    }
    Ok(found)
}

async fn highest_here(peer: &Peer, shape: &Shape, sequence: &Sequence) -> Result<i64> {
    let sql = Sql::render(
        "SELECT greatest((SELECT last_value FROM {sequence}), coalesce((SELECT max({column})::bigint FROM {table}), 0))",
        &[
            ("sequence", &sequence.qualified_name()),
            ("column", &Ident::new(&sequence.column)),
            ("table", &shape.qualified_name()),
        ],
    );
    let value = peer.value(&sql, "read the highest number in use").await?;
    Ok(value.and_then(|v| v.parse().ok()).unwrap_or(0))
}

/// Makes one side's sequences odd (first side) or even (second). Inside the installing transaction: ALTER SEQUENCE keeps
/// others from drawing numbers until it commits.
pub(crate) async fn interleave(
    peer: &mut Peer,
    side: Side,
    tables: &[LinkedTable],
    highest: &BTreeMap<Owner, i64>,
) -> Result<()> {
    for (position, table) in tables.iter().enumerate() {
        let (shape, columns) = (&table.shapes[side.index()], &table.sides[side.index()]);
        for sequence in to_interleave(shape, columns) {
            let name = sequence.qualified_name();
            let what = format!("interleave sequence {name}");
            let remember = Sql::text(
                "INSERT INTO ponte.interleaved_sequence VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            );
            peer.rows(
                &remember,
                &[
                    &sequence.name.0,
                    &sequence.name.1,
                    &sequence.increment,
                    &sequence.start,
                ],
                &what,
            )
            .await?;
            // TRUNCATE ... RESTART IDENTITY goes back to the start, which has to be odd or even too.
            let alter = Sql::render(
                "ALTER SEQUENCE {name} INCREMENT BY 2 START WITH {start}",
                &[
                    ("name", &name),
                    ("start", &parity(sequence.start, side == Side::First)),
                ],
            );
            peer.script(&alter, &what).await?;
            let owner = written(columns, sequence).map(|column| (position, column));
            let known = owner.and_then(|o| highest.get(&o)).copied().unwrap_or(0);
            let next = Sql::render(
                "SELECT setval({literal}::regclass, v - v % 2 + 2 - {odd}, false) \
                 FROM (SELECT greatest(last_value, {known}) + {headroom} AS v FROM {name}) s",
                &[
                    ("literal", &Literal::new(Sql::of(&name).as_str())),
                    ("odd", &i64::from(side == Side::First)),
                    ("known", &known),
                    ("headroom", &HEADROOM),
                    ("name", &name),
                ],
            );
            peer.script(&next, &what).await?;
        }
    }
    Ok(())
}

/// The first number from `n` on that is odd, or even.
fn parity(n: i64, odd: bool) -> i64 {
    if (n % 2 != 0) == odd { n } else { n + 1 }
}

/// Lets a table's sequences count as before. Inside the dropping transaction.
pub(crate) async fn restore(peer: &mut Peer, table: &QualifiedName) -> Result<()> {
    let sql = Sql::text(
        "DELETE FROM ponte.interleaved_sequence i USING pg_depend d, pg_class s, pg_namespace n \
         WHERE n.nspname = i.sequence_schema AND s.relnamespace = n.oid AND s.relname = i.sequence_name AND s.relkind = 'S' \
           AND d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refobjid = to_regclass($1) AND d.deptype IN ('a', 'i') \
         RETURNING i.sequence_schema, i.sequence_name, i.original_increment, i.original_start",
    );
    let rows = peer
        .rows(
            &sql,
            &[&Sql::of(table).as_str()],
            "read the interleaved sequences",
        )
        .await?;
    for row in rows {
        let name = QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let alter = Sql::render(
            "ALTER SEQUENCE {name} INCREMENT BY {step} START WITH {start}",
            &[
                ("name", &name),
                ("step", &row.get::<_, i64>(2)),
                ("start", &row.get::<_, i64>(3)),
            ],
        );
        peer.script(&alter, &format!("restore sequence {name}")).await?;
    }
    Ok(())
}
