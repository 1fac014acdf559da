//! Identities that several nodes hand out at the same time must not meet: each counts in a class of its own, as
//! [`ponte_sync::numbers`] divides them. What a sequence was like before the first link is kept for the day of the last one.

use ponte_schema::{Ident, Literal, QualifiedName, Sql};
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::numbers::{Class, divide};
use ponte_sync::shape::{Sequence, Shape};
use uuid::Uuid;

use super::inspect::LinkedTable;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// How many steps the next number lies beyond the highest in use, to cover what is handed out while the nodes are set up.
const HEADROOM: i64 = 1_000;

/// A sequence that feeds the same column at both ends, and how it counts now.
struct Counter<'a> {
    table: QualifiedName,
    sequence: &'a Sequence,
    class: Class,
    /// Who divided its numbers: one id for all nodes that were divided from each other. None where nobody has, or where an
    /// older release did.
    family: Option<Uuid>,
}

/// The sequences of a table that count in steps of one.
pub(crate) fn to_interleave(shape: &Shape) -> impl Iterator<Item = &Sequence> {
    shape.sequences.iter().filter(|s| s.increment == 1)
}

/// Whose counting a link will change, as `node: name`.
///
/// # Errors
/// Numbers that were divided apart from each other, so that nodes behind these two might meet.
pub(crate) async fn to_divide(
    spec: &LinkSpec,
    peers: &mut [Peer; 2],
    tables: &[LinkedTable],
) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for [first, second] in counters(peers, tables).await? {
        if division(spec, [&first, &second])?.is_some() {
            names.push(format!("{}: {}", spec.nodes[0], first.sequence.qualified_name()));
            names.push(format!("{}: {}", spec.nodes[1], second.sequence.qualified_name()));
        }
    }
    Ok(names)
}

/// Gives both ends numbers of their own. Inside both installing transactions: ALTER SEQUENCE keeps others from drawing
/// numbers until they commit.
pub(crate) async fn divide_numbers(
    spec: &LinkSpec,
    peers: &mut [Peer; 2],
    tables: &[LinkedTable],
) -> Result<()> {
    for pair in counters(peers, tables).await? {
        let Some(classes) = division(spec, pair.each_ref())? else {
            continue;
        };
        let family = pair.iter().find_map(|c| c.family).unwrap_or_else(Uuid::new_v4);
        let mut known = 0;
        for side in Side::BOTH {
            known = known.max(highest(&peers[side.index()], &pair[side.index()]).await?);
        }
        for side in Side::BOTH {
            let (counter, class) = (&pair[side.index()], classes[side.index()]);
            count_in(&mut peers[side.index()], counter, class, family, known).await?;
        }
    }
    Ok(())
}

/// The classes that the two ends are to have, where they have to change.
fn division(spec: &LinkSpec, pair: [&Counter<'_>; 2]) -> Result<Option<[Class; 2]>> {
    let [first, second] = pair;
    if let (Some(one), Some(other)) = (first.family, second.family)
        && one != other
    {
        return Err(met(spec, first));
    }
    Ok(divide(first.class, second.class))
}

fn met(spec: &LinkSpec, counter: &Counter<'_>) -> Error {
    let [first, second] = &spec.nodes;
    Error::new(
        ErrorKind::SyncUnfit,
        format!(
            "cannot sync link \"{}\": the numbers of {}.{} were divided on \"{first}\" and on \"{second}\" among other nodes, \
             which could hand out the same ones",
            spec.name, counter.table, counter.sequence.column
        ),
    )
    .hint("make the key a uuid, or begin anew: ponte sync drop the links of one of the two nodes, then init them one after the other")
}

/// The sequences that both ends have for a column and that are ours to change.
async fn counters<'a>(peers: &mut [Peer; 2], tables: &'a [LinkedTable]) -> Result<Vec<[Counter<'a>; 2]>> {
    let mut found = Vec::new();
    for table in tables {
        let [one, other] = &table.shapes;
        for sequence in &one.sequences {
            let Some(partner) = other.sequences.iter().find(|s| s.column == sequence.column) else {
                continue;
            };
            let [first, second] = &mut *peers;
            if let Some(first) = counter(first, one, sequence).await?
                && let Some(second) = counter(second, other, partner).await?
            {
                found.push([first, second]);
            }
        }
    }
    Ok(found)
}

/// How a sequence counts now; `None` where its owner has given it a step of its own.
async fn counter<'a>(peer: &mut Peer, shape: &Shape, sequence: &'a Sequence) -> Result<Option<Counter<'a>>> {
    let divided = peer
        .holds(
            &Sql::text("SELECT to_regclass('ponte.interleaved_sequence') IS NOT NULL"),
            "look for schema ponte",
        )
        .await?;
    let ours = if divided {
        Sql::text(
            "(SELECT to_jsonb(i) ->> 'family' FROM ponte.interleaved_sequence i WHERE i.sequence_schema = $2 AND i.sequence_name = $3), \
             EXISTS (SELECT FROM ponte.interleaved_sequence i WHERE i.sequence_schema = $2 AND i.sequence_name = $3)",
        )
    } else {
        Sql::text("NULL::text, $2::text || $3::text IS NULL")
    };
    let sql = Sql::render(
        "SELECT s.seqincrement, s.seqstart, {ours} FROM pg_sequence s WHERE s.seqrelid = to_regclass($1)",
        &[("ours", &ours)],
    );
    let name = sequence.qualified_name();
    let row = peer
        .row(
            &sql,
            &[&Sql::of(&name).as_str(), &sequence.name.0, &sequence.name.1],
            "read how a sequence counts",
        )
        .await?;
    let (step, start, family): (i64, i64, Option<String>) = (row.get(0), row.get(1), row.get(2));
    let class = match (step, row.get(3)) {
        (1, _) => Class::ALL,
        (step, true) if step > 0 => Class::of(step, start),
        _ => return Ok(None),
    };
    Ok(Some(Counter {
        table: shape.qualified_name(),
        sequence,
        class,
        family: family.and_then(|f| f.parse().ok()),
    }))
}

/// The highest number in use, and what may be handed out until the sequence is altered.
async fn highest(peer: &Peer, counter: &Counter<'_>) -> Result<i64> {
    let sql = Sql::render(
        "SELECT greatest((SELECT last_value FROM {sequence}), coalesce((SELECT max({column})::bigint FROM {table}), 0)) + {headroom}",
        &[
            ("sequence", &counter.sequence.qualified_name()),
            ("column", &Ident::new(&counter.sequence.column)),
            ("table", &counter.table),
            ("headroom", &HEADROOM.saturating_mul(counter.class.step)),
        ],
    );
    let value = peer.value(&sql, "read the highest number in use").await?;
    Ok(value.and_then(|v| v.parse().ok()).unwrap_or(0))
}

async fn count_in(
    peer: &mut Peer,
    counter: &Counter<'_>,
    class: Class,
    family: Uuid,
    known: i64,
) -> Result<()> {
    let sequence = counter.sequence;
    let name = sequence.qualified_name();
    let what = format!("interleave sequence {name}");
    let remember = Sql::text(
        "INSERT INTO ponte.interleaved_sequence (sequence_schema, sequence_name, original_increment, original_start, family) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sequence_schema, sequence_name) DO UPDATE SET family = excluded.family \
         RETURNING original_start",
    );
    let row = peer
        .row(
            &remember,
            &[
                &sequence.name.0,
                &sequence.name.1,
                &sequence.increment,
                &sequence.start,
                &family,
            ],
            &what,
        )
        .await?;
    // TRUNCATE ... RESTART IDENTITY goes back to the start, which has to be in the class too.
    let alter = Sql::render(
        "ALTER SEQUENCE {name} INCREMENT BY {step} START WITH {start}; SELECT setval({literal}::regclass, {next}, false)",
        &[
            ("name", &name),
            ("step", &class.step),
            ("start", &class.first_from(row.get(0))),
            ("literal", &Literal::new(Sql::of(&name).as_str())),
            ("next", &class.first_from(known)),
        ],
    );
    peer.script(&alter, &what).await
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
