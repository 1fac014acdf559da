//! Columns that are added up: whatever two sides take from a row or put to it, all of it counts, once.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use ponte_pg::ErrorKind;
use ponte_pg::sync::conflicts::conflicts;
use ponte_pg::sync::status::node_status;
use ponte_pg::sync::{LiveLink, plan_init};
use ponte_schema::Expression;
use ponte_sync::link::{ConflictRule, Leaving, LinkSpec, Side};

use crate::crash::Random;
use crate::network::Network;
use crate::support::{World, in_both_modes, number, settle, text};

const CONTA: &str = "CREATE TABLE conta (id int PRIMARY KEY, nome text, saldo numeric(12,2), visitas int,
    updated_at timestamptz DEFAULT clock_timestamp())";

fn adding(world: &World, rule: ConflictRule) -> LinkSpec {
    let mut spec = world.unlimited(&["conta"]);
    let names = vec!["saldo".to_owned(), "visitas".to_owned()];
    spec.tables[0].deltas = [names.clone(), names];
    spec.conflict = rule;
    spec
}

/// What both sides do to the row `('n', 100.00, 10)` and what it is then, without its version.
struct Case {
    name: &'static str,
    a: &'static str,
    b: &'static str,
    /// Under `latest`, where the change of B is the newer one.
    ends: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "two withdrawals",
        a: "UPDATE conta SET saldo = saldo - 30, updated_at = '{earlier}' WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo - 60, updated_at = '{later}' WHERE id = {id}",
        ends: "n 10.00 10",
    },
    Case {
        name: "two withdrawals of the same amount, which leave both sides alike",
        a: "UPDATE conta SET saldo = saldo - 30, updated_at = '{later}' WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo - 30, updated_at = '{later}' WHERE id = {id}",
        ends: "n 40.00 10",
    },
    Case {
        name: "a withdrawal and another column",
        a: "UPDATE conta SET saldo = saldo - 30, updated_at = '{earlier}' WHERE id = {id}",
        b: "UPDATE conta SET nome = 'nb', updated_at = '{later}' WHERE id = {id}",
        ends: "nb 70.00 10",
    },
    Case {
        name: "two columns, several changes each, one of which comes to nothing",
        a: "UPDATE conta SET saldo = saldo - 30, visitas = visitas + 1, updated_at = '{earlier}' WHERE id = {id};
            UPDATE conta SET saldo = saldo + 30, visitas = visitas + 1 WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo + 0.05, visitas = visitas + 5, nome = 'nb', updated_at = '{later}' WHERE id = {id}",
        ends: "nb 100.05 17",
    },
    Case {
        name: "a value that is set counts as the difference",
        a: "UPDATE conta SET saldo = 20, updated_at = '{earlier}' WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo + 1, updated_at = '{later}' WHERE id = {id}",
        ends: "n 21.00 10",
    },
    Case {
        name: "a value that becomes unknown is decided like any other",
        a: "UPDATE conta SET saldo = NULL, updated_at = '{later}' WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo + 1, visitas = visitas + 1, updated_at = '{earlier}' WHERE id = {id}",
        ends: "n  11",
    },
    Case {
        name: "an amount that nobody can tell is decided like any other",
        a: "UPDATE conta SET saldo = saldo - 30, updated_at = '{earlier}' WHERE id = {id}",
        b: "UPDATE conta SET saldo = 'NaN', updated_at = '{later}' WHERE id = {id};
            UPDATE conta SET saldo = 5 WHERE id = {id}",
        ends: "n 5.00 10",
    },
    Case {
        name: "the newer withdrawal meets an older delete",
        a: "DELETE FROM conta WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo - 30, updated_at = '{ahead}' WHERE id = {id}",
        ends: "n 70.00 10",
    },
    Case {
        name: "a delete meets an older withdrawal",
        a: "DELETE FROM conta WHERE id = {id}",
        b: "UPDATE conta SET saldo = saldo - 30, updated_at = '{earlier}' WHERE id = {id}",
        ends: "gone",
    },
    Case {
        name: "a row that was made anew on one side",
        a: "DELETE FROM conta WHERE id = {id}; INSERT INTO conta VALUES ({id}, 'n', 50, 1, '{earlier}')",
        b: "UPDATE conta SET saldo = saldo - 30, updated_at = '{ahead}' WHERE id = {id}",
        ends: "n 70.00 10",
    },
];

fn spelled(sql: &str, id: usize) -> String {
    sql.replace("{id}", &id.to_string())
        .replace("{earlier}", "2024-01-02 UTC")
        .replace("{later}", "2024-01-03 UTC")
        .replace("{ahead}", "2099-01-03 UTC")
}

async fn state(world: &World, side: Side, id: usize) -> String {
    let sql = format!(
        "SELECT coalesce((SELECT concat(nome, ' ', saldo, ' ', visitas) FROM conta WHERE id = {id}), 'gone')"
    );
    text(world.client(side), &sql).await
}

/// AT-046
#[tokio::test]
async fn both_withdrawals_count_whatever_else_happens_to_the_row() {
    in_both_modes(CONTA, async |world| {
        let mut link = world.init(&adding(world, ConflictRule::Latest)).await;
        let rows = CASES.len();
        world
            .a(&format!(
                "INSERT INTO conta SELECT g, 'n', 100, 10, '2024-01-01 UTC' FROM generate_series(0, {rows}) g"
            ))
            .await;
        settle(&mut link).await;
        for (id, case) in CASES.iter().enumerate() {
            world.sides(&spelled(case.a, id), &spelled(case.b, id)).await;
        }
        settle(&mut link).await;
        for (id, case) in CASES.iter().enumerate() {
            for side in Side::BOTH {
                assert_eq!(
                    state(world, side, id).await,
                    case.ends,
                    "{} ({side:?})",
                    case.name
                );
            }
        }
        world.assert_equal("conta").await;
        // And once more: nothing of what was decided is left in the sums.
        world
            .sides(
                "UPDATE conta SET saldo = saldo - 7",
                "UPDATE conta SET saldo = saldo - 3",
            )
            .await;
        settle(&mut link).await;
        world.assert_equal("conta").await;
        for (id, case) in CASES.iter().enumerate().filter(|(_, c)| c.ends != "gone") {
            let balance = case.ends.split(' ').nth(1).unwrap();
            let left = "SELECT coalesce((SELECT saldo FROM conta WHERE id = $1)::text, '')";
            let left: String = world
                .b
                .query_one(left, &[&i32::try_from(id).unwrap()])
                .await
                .unwrap()
                .get(0);
            let expected = balance
                .parse::<f64>()
                .map_or_else(|_| String::new(), |b| format!("{:.2}", b - 10.0));
            assert_eq!(left, expected, "{}", case.name);
        }
        let recorded = conflicts("teste", &mut world.peer(Side::Second).await, 100)
            .await
            .unwrap();
        let first = recorded.iter().rfind(|c| c.key == ["0"]).unwrap();
        let taken: Vec<_> = first
            .taken
            .as_ref()
            .unwrap()
            .iter()
            .map(Option::as_deref)
            .collect();
        assert_eq!(taken, [None, None, Some("+"), Some("b"), None], "{first:?}");
    })
    .await;
}

/// A decision about the whole row, and changes on both sides before the other side hears of it: what was decided stays decided, and every
/// amount since counts once.
#[tokio::test]
async fn amounts_from_before_a_decision_do_not_come_back() {
    in_both_modes(CONTA, async |world| {
        let mut link = world.init(&adding(world, ConflictRule::Latest)).await;
        for (id, newer) in [(1, "2099-01-03"), (2, "2024-01-02"), (3, "2024-01-03")] {
            world.a(&format!("INSERT INTO conta VALUES ({id}, 'n', 100, 10, '2024-01-01 UTC')")).await;
            settle(&mut link).await;
            // 3 ends alike on both sides.
            let anew = if id == 3 { 70 } else { 50 };
            world
                .sides(
                    &format!("DELETE FROM conta WHERE id = {id}; INSERT INTO conta VALUES ({id}, 'n', {anew}, 10, '2024-01-03 UTC')"),
                    &format!("UPDATE conta SET saldo = saldo - 30, updated_at = '{newer} UTC' WHERE id = {id}"),
                )
                .await;
            let kept = if id == 1 { 70 } else { anew };
            // A to B is carried; then both sides go on before B to A is.
            let holder = world.another(Side::First).await;
            holder.batch_execute("BEGIN; LOCK TABLE ponte.progress IN EXCLUSIVE MODE").await.unwrap();
            let (pass, ()) = tokio::join!(link.pass(), async {
                world.sync_waits_on(Side::First).await;
                world.b(&format!("UPDATE conta SET saldo = saldo - 5 WHERE id = {id}")).await;
                holder.batch_execute("COMMIT").await.unwrap();
            });
            pass.unwrap();
            world.a(&format!("UPDATE conta SET saldo = saldo - 7 WHERE id = {id}")).await;
            world.b(&format!("UPDATE conta SET saldo = saldo - 1 WHERE id = {id}")).await;
            settle(&mut link).await;
            world.assert_equal("conta").await;
            let left = number(&world.a, &format!("SELECT saldo::bigint FROM conta WHERE id = {id}")).await;
            assert_eq!(left, kept - 13, "row {id}");
        }
    })
    .await;
}

/// Neither side overdraws the account, both together do: the money waits, and counts once there is enough.
#[tokio::test]
async fn a_sum_that_is_refused_waits_and_counts_later() {
    in_both_modes(CONTA, async |world| {
        world.both("ALTER TABLE conta ADD CHECK (saldo >= 0)").await;
        let mut link = world.init(&adding(world, ConflictRule::Latest)).await;
        world
            .a("INSERT INTO conta SELECT g, 'n', 100, 2147483000, '2024-01-01 UTC' FROM generate_series(1, 3) g")
            .await;
        settle(&mut link).await;
        // Row 3 leaves the range of its type.
        world
            .sides(
                "UPDATE conta SET saldo = saldo - 70 WHERE id < 3; UPDATE conta SET visitas = visitas + 600 WHERE id = 3",
                "UPDATE conta SET saldo = saldo - 60 WHERE id = 1; UPDATE conta SET visitas = visitas + 600 WHERE id = 3",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 2);
        assert_eq!(state(world, Side::Second, 2).await, "n 30.00 2147483000");
        assert_eq!(state(world, Side::Second, 1).await, "n 40.00 2147483000");
        // Both sides go on meanwhile.
        world
            .sides(
                "UPDATE conta SET saldo = saldo + 50 WHERE id = 1; UPDATE conta SET visitas = visitas - 1000 WHERE id = 3",
                "UPDATE conta SET saldo = saldo - 5 WHERE id = 1",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        world.assert_equal("conta").await;
        assert_eq!(state(world, Side::First, 1).await, "n 15.00 2147483000");
        assert_eq!(state(world, Side::First, 3).await, "n 100.00 2147483200");
    })
    .await;
}

/// The other columns follow the rule, whatever it is.
#[tokio::test]
async fn amounts_are_added_under_every_rule_that_decides_by_itself() {
    let rules = [
        ("primeira", ConflictRule::Wins(Side::First), "na"),
        ("segunda", ConflictRule::Wins(Side::Second), "nb"),
        ("colunas", ConflictRule::Merge, "nb"),
    ];
    let schema = rules.map(|(name, ..)| CONTA.replace("conta", name)).join(";");
    in_both_modes(&schema, async |world| {
        let mut spec = world.spec(&rules.map(|(name, ..)| name));
        for (table, (_, rule, _)) in spec.tables.iter_mut().zip(rules) {
            let names = vec!["saldo".to_owned(), "visitas".to_owned()];
            table.deltas = [names.clone(), names];
            table.conflict = Some(rule);
        }
        let mut link = world.init(&spec).await;
        for (name, ..) in rules {
            world.a(&format!("INSERT INTO {name} VALUES (1, 'n', 100, 10, '2024-01-01 UTC')")).await;
        }
        settle(&mut link).await;
        for round in 1..=2 {
            for (name, ..) in rules {
                world
                    .sides(
                        &format!("UPDATE {name} SET nome = 'na{round}', saldo = saldo - 30, updated_at = '2024-01-02 UTC'"),
                        &format!("UPDATE {name} SET nome = 'nb{round}', saldo = saldo - 10, visitas = visitas + 1, updated_at = '2024-01-03 UTC'"),
                    )
                    .await;
            }
            settle(&mut link).await;
            for (name, rule, kept) in rules {
                world.assert_equal(name).await;
                let row = text(&world.a, &format!("SELECT concat(nome, ' ', saldo, ' ', visitas) FROM {name}")).await;
                let expected = format!("{kept}{round} {}.00 {}", 100 - 40 * round, 10 + round);
                assert_eq!(row, expected, "{rule:?}");
            }
        }
    })
    .await;
}

/// What `sync status` says of the second node.
async fn init_is_due(world: &World, spec: &LinkSpec) -> bool {
    let status = node_status(spec, &mut world.peer(Side::Second).await).await;
    status.unwrap().unwrap().init_is_due.is_some()
}

/// `delta` may come to a link that exists, other columns may follow, and it may go again.
#[tokio::test]
async fn a_link_begins_to_add_columns_up_with_init_and_stops_with_it() {
    in_both_modes(CONTA, async |world| {
        let plain = world.unlimited(&["conta"]);
        let mut link = world.init(&plain).await;
        world
            .a("INSERT INTO conta VALUES (1, 'n', 100, 10, '2024-01-01 UTC')")
            .await;
        settle(&mut link).await;
        // Noted before anybody asked by how much.
        world
            .sides(
                "UPDATE conta SET saldo = saldo - 1, updated_at = '2024-01-02 UTC'",
                "UPDATE conta SET saldo = saldo - 2, updated_at = '2024-01-03 UTC'",
            )
            .await;
        drop(link);
        let mut one = plain.clone();
        one.tables[0].deltas = [vec!["saldo".into()], vec!["saldo".into()]];
        let both = adding(world, ConflictRule::Latest);
        for spec in [&one, &both] {
            let refused = LiveLink::open(spec.clone(), world.peers().await)
                .await
                .map(drop)
                .unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::SyncNotReady);
            assert_eq!(refused.next_step(), Some("ponte sync init teste"));
            assert!(init_is_due(world, spec).await);
            world.try_init(spec).await.unwrap();
            assert!(!init_is_due(world, spec).await);
            assert!(
                plan_init(spec, &mut world.peers().await)
                    .await
                    .unwrap()
                    .complete()
            );
            settle(&mut world.open(spec).await).await;
        }
        assert_eq!(state(world, Side::First, 1).await, "n 98.00 10");
        let mut keeping = both.clone();
        keeping.tables[0].leaving = Leaving::Keep;
        keeping.tables[0].filters = [None, Some(Expression::new("visitas > 0"))];
        assert!(init_is_due(world, &keeping).await);
        let mut link = world.open(&both).await;
        world
            .sides(
                "UPDATE conta SET saldo = saldo - 1, visitas = 20",
                "UPDATE conta SET saldo = saldo - 2, visitas = 30",
            )
            .await;
        settle(&mut link).await;
        drop(link);
        assert_eq!(state(world, Side::Second, 1).await, "n 95.00 40");
        world.try_init(&plain).await.unwrap();
        let mut link = world.open(&plain).await;
        world
            .sides(
                "UPDATE conta SET saldo = 1, updated_at = '2024-01-04 UTC'",
                "UPDATE conta SET saldo = 2, updated_at = '2024-01-05 UTC'",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(state(world, Side::First, 1).await, "n 2.00 40");
    })
    .await;
}

/// A change that reaches a node by two ways would count twice there.
#[tokio::test]
async fn a_table_of_two_links_adds_nothing_up() {
    let network = Network::start(3, CONTA).await;
    let names = || vec!["saldo".to_owned()];
    let mut first = network.spec(0, 1, &["conta"]);
    first.tables[0].deltas = [names(), names()];
    let second = network.spec(1, 2, &["conta"]);
    let refused = async |spec: &LinkSpec, (one, other)| {
        let error = network.try_init(one, other, spec).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncAlreadyLinked, "{error}");
        assert!(error.to_string().contains("adds up columns"), "{error}");
    };
    network.try_init(0, 1, &first).await.unwrap();
    refused(&second, (1, 2)).await;
    // And the other way about: a table that is shared already.
    let mut plain = first.clone();
    plain.tables[0].deltas = [Vec::new(), Vec::new()];
    network.try_init(0, 1, &plain).await.unwrap();
    network.try_init(1, 2, &second).await.unwrap();
    refused(&first, (0, 1)).await;
}

/// Passes of which some are given up on the way, and some lose a session; answers how many came to their end.
async fn passes_that_end_anyhow(world: &World, spec: &LinkSpec, mut random: Random) -> i32 {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ponte test'";
    let mut passes = 0;
    for _ in 0..25 {
        let mut link = world.open(spec).await;
        match random.below(4) {
            0 => {
                let patience = Duration::from_millis(random.below(40));
                drop(tokio::time::timeout(patience, link.pass()).await);
            }
            1 => {
                let side = [Side::First, Side::Second][usize::from(random.below(2) == 0)];
                let superuser = world.cluster(side).superuser("app").await;
                let (pass, ended) = tokio::join!(link.pass(), superuser.query(end, &[]));
                ended.unwrap();
                passes += i32::from(pass.is_ok());
            }
            _ => passes += i32::from(link.pass().await.is_ok()),
        }
    }
    passes
}

/// AT-046 AT-140: random amounts on both sides at any time, while the sync's sessions are ended and its passes are given up in the middle. Every amount that was committed counts once.
#[tokio::test]
async fn every_amount_counts_once_whatever_dies() {
    const ACCOUNTS: u64 = 5;
    in_both_modes(CONTA, async |world| {
        let mut random = Random::seeded("every_amount_counts_once_whatever_dies");
        let spec = adding(world, ConflictRule::Latest);
        let mut link = world.init(&spec).await;
        world
            .a(&format!("INSERT INTO conta SELECT g, 'n', 0, 0, now() FROM generate_series(0, {}) g", ACCOUNTS - 1))
            .await;
        settle(&mut link).await;
        drop(link);
        let over = AtomicBool::new(false);
        let (cents, visits) = (AtomicI64::new(0), AtomicI64::new(0));
        let writer = async |side: Side, mut random: Random| {
            let client = world.another(side).await;
            while !over.load(Ordering::Relaxed) {
                let (row, amount) = (random.below(ACCOUNTS), i64::try_from(random.below(2_000)).unwrap() - 1_000);
                let touch = if random.below(3) == 0 { ", updated_at = clock_timestamp()" } else { "" };
                let sql = format!(
                    "UPDATE conta SET saldo = saldo + {amount}::numeric / 100, visitas = visitas + 1{touch} WHERE id = {row}"
                );
                client.batch_execute(&sql).await.unwrap();
                cents.fetch_add(amount, Ordering::Relaxed);
                visits.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        };
        let seeds = [random.below(u64::MAX), random.below(u64::MAX)];
        let sync = async {
            let passes = passes_that_end_anyhow(world, &spec, random).await;
            over.store(true, Ordering::Relaxed);
            passes
        };
        let (passes, (), ()) = tokio::join!(
            sync,
            writer(Side::First, Random::from(seeds[0])),
            writer(Side::Second, Random::from(seeds[1])),
        );
        let mut link = world.open(&spec).await;
        // A session that was left in the middle of a commit may hold the link for a moment.
        let mut busy = 0;
        while link.pass().await.is_err() {
            busy += 1;
            assert!(busy < 100, "the link stays busy");
        }
        settle(&mut link).await;
        world.assert_equal("conta").await;
        let sums = text(&world.a, "SELECT concat((sum(saldo) * 100)::bigint, ' ', sum(visitas)) FROM conta").await;
        println!("{passes} passes, {} updates, {} conflicts", visits.load(Ordering::Relaxed), world.conflicts().await);
        assert_eq!(sums, format!("{} {}", cents.load(Ordering::Relaxed), visits.load(Ordering::Relaxed)));
        assert!(world.conflicts().await > 0);
    })
    .await;
}
