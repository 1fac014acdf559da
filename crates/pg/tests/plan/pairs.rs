//! Pairs of schemas, many to a file:
//!
//! ```sql
//! -- pair: a column gets longer
//! CREATE TABLE t (a varchar(10));
//! -- rows
//! INSERT INTO t VALUES ('x');
//! -- to
//! CREATE TABLE t (a varchar(20));
//! ```
//!
//! Names are without a schema: each pair is made in one of its own. The rows are those of the first schema and have to survive.

/// Two schemas that a plan lies between.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) name: String,
    /// The first major version that knows what it is about.
    pub(crate) since: u32,
    pub(crate) from: String,
    pub(crate) rows: String,
    pub(crate) to: String,
}

/// The pairs of a file.
pub(crate) fn parse(text: &str) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut part = 0;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- pair: ") {
            let empty = String::new;
            pairs.push(Pair {
                name: name.to_owned(),
                since: 13,
                from: empty(),
                rows: empty(),
                to: empty(),
            });
            part = 0;
            continue;
        }
        let Some(pair) = pairs.last_mut() else { continue };
        if let Some(since) = line.strip_prefix("-- since: ") {
            pair.since = since.parse().unwrap();
            continue;
        }
        match line {
            "-- rows" => part = 1,
            "-- to" => part = 2,
            _ => {
                let text = [&mut pair.from, &mut pair.rows, &mut pair.to];
                let [from, rows, to] = text;
                let target = [from, rows, to].into_iter().nth(part).unwrap();
                target.push_str(line);
                target.push('\n');
            }
        }
    }
    assert!(!pairs.is_empty(), "a file without a pair");
    pairs
}
