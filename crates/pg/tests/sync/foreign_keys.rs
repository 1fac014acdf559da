//! Rows that need each other.

use ponte_pg::ErrorKind;
use ponte_sync::link::{ApplyAs, Side};

use crate::support::{World, in_both_modes, number, settle, text};

const PEDIDOS: &str = "
    CREATE TABLE item (id int PRIMARY KEY, pedido int NOT NULL);
    CREATE TABLE pedido (id int PRIMARY KEY, cliente int NOT NULL, nota text);
    CREATE TABLE cliente (id int PRIMARY KEY, nome text);
    ALTER TABLE item ADD FOREIGN KEY (pedido) REFERENCES pedido;
    ALTER TABLE pedido ADD FOREIGN KEY (cliente) REFERENCES cliente;";

const THREE: &[&str] = &["item", "pedido", "cliente"];

const FILL: &str = "
    INSERT INTO cliente SELECT g, 'c' || g FROM generate_series(1, 5) g;
    INSERT INTO pedido SELECT g, 1 + g % 5 FROM generate_series(1, 20) g;
    INSERT INTO item SELECT g, 1 + g % 20 FROM generate_series(1, 60) g;";

async fn assert_all_equal(world: &World, tables: &[&str]) {
    for table in tables {
        world.assert_equal(table).await;
    }
}

#[tokio::test]
async fn parents_come_first_and_children_go_first() {
    in_both_modes(PEDIDOS, async |world| {
        let mut link = world.init(&world.spec(THREE)).await;
        world.a(FILL).await;
        settle(&mut link).await;
        assert_all_equal(world, THREE).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM item").await, 60);
        world
            .b("DELETE FROM item WHERE pedido <= 10; DELETE FROM pedido WHERE id <= 10; \
                INSERT INTO cliente VALUES (9, 'novo'); UPDATE pedido SET cliente = 9 WHERE cliente = 2; DELETE FROM cliente WHERE id = 2")
            .await;
        settle(&mut link).await;
        assert_all_equal(world, THREE).await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM pedido").await, 10);
        world.a("DELETE FROM item; DELETE FROM pedido; DELETE FROM cliente").await;
        settle(&mut link).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM cliente").await, 0);
    })
    .await;
}

const ARVORE: &str = "CREATE TABLE no (id int PRIMARY KEY, pai int REFERENCES no, nome text UNIQUE)";

/// AT-066: trees grow, are pruned and are moved about.
#[tokio::test]
async fn a_table_may_reference_itself() {
    in_both_modes(ARVORE, async |world| {
        let mut link = world.init(&world.spec(&["no"])).await;
        world.a("INSERT INTO no SELECT g, nullif(g / 2, 0), 'n' || g FROM generate_series(1, 15) g").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("no").await.len(), 15);
        // An old row moves under a new one, and a unique value moves to the new one.
        world
            .b("INSERT INTO no VALUES (100, 1, 'novo'); UPDATE no SET pai = 100 WHERE pai = 3; \
                UPDATE no SET nome = 'outro' WHERE id = 15; INSERT INTO no VALUES (101, 100, 'n15')")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("no").await.len(), 17);
        world.a("WITH RECURSIVE s AS (SELECT id FROM no WHERE id = 2 UNION ALL SELECT n.id FROM no n JOIN s ON n.pai = s.id) \
                 DELETE FROM no USING s WHERE no.id = s.id")
            .await;
        settle(&mut link).await;
        world.assert_equal("no").await;
        world.b("UPDATE no SET pai = NULL WHERE id = 100; DELETE FROM no WHERE id IN (1, 3)").await;
        settle(&mut link).await;
        world.assert_equal("no").await;
        world.b("DELETE FROM no").await;
        settle(&mut link).await;
        assert!(world.assert_equal("no").await.is_empty());
    })
    .await;
}

const CICLO: &str = "
    CREATE TABLE equipe (id int PRIMARY KEY, chefe int);
    CREATE TABLE pessoa (id int PRIMARY KEY, equipe int NOT NULL REFERENCES equipe);
    ALTER TABLE equipe ADD CONSTRAINT chefe FOREIGN KEY (chefe) REFERENCES pessoa DEFERRABLE;";

/// AT-067: two tables that need each other.
#[tokio::test]
async fn a_cycle_passes_where_one_check_can_wait() {
    in_both_modes(CICLO, async |world| {
        let mut link = world.init(&world.spec(&["equipe", "pessoa"])).await;
        world
            .a("BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO equipe VALUES (1, 1); INSERT INTO pessoa VALUES (1, 1), (2, 1); COMMIT")
            .await;
        settle(&mut link).await;
        world.b("UPDATE equipe SET chefe = 2; DELETE FROM pessoa WHERE id = 1").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("pessoa").await, ["(2,1)"]);
        world.assert_equal("equipe").await;
        world
            .a("BEGIN; SET CONSTRAINTS ALL DEFERRED; DELETE FROM pessoa; DELETE FROM equipe; COMMIT")
            .await;
        settle(&mut link).await;
        assert!(world.assert_equal("equipe").await.is_empty());
        assert!(world.assert_equal("pessoa").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_cycle_whose_checks_cannot_wait_is_refused() {
    let world = World::with(&CICLO.replace(" DEFERRABLE", "")).await;
    let error = world
        .try_init(&world.spec(&["equipe", "pessoa"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncUnfit);
    assert!(error.to_string().contains("form a cycle"), "{error}");
    assert!(error.next_step().unwrap().contains("DEFERRABLE"));
}

#[tokio::test]
async fn what_a_cascade_deletes_is_captured() {
    let schema = PEDIDOS
        .replace("REFERENCES pedido", "REFERENCES pedido ON DELETE CASCADE")
        .replace(
            "REFERENCES cliente",
            "REFERENCES cliente ON DELETE CASCADE ON UPDATE CASCADE",
        );
    in_both_modes(&schema, async |world| {
        let mut link = world.init(&world.spec(THREE)).await;
        world.a(FILL).await;
        settle(&mut link).await;
        world
            .a("DELETE FROM cliente WHERE id = 1; UPDATE cliente SET id = 50 WHERE id = 5")
            .await;
        let report = settle(&mut link).await;
        assert_all_equal(world, THREE).await;
        assert_eq!(report[0].directions[0].applied.deletes, 1 + 4 + 12 + 1);
        assert_eq!(
            number(&world.b, "SELECT count(*) FROM pedido WHERE cliente = 50").await,
            4
        );
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

#[tokio::test]
async fn references_set_to_null_or_default_by_a_delete_are_followed() {
    let schema = "CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL, q int DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT);";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["c", "p"])).await;
        world
            .a("INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (1, 2, 3), (2, 3, 2)")
            .await;
        settle(&mut link).await;
        world.b("DELETE FROM p WHERE id > 1").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("c").await, ["(1,,1)", "(2,,1)"]);
        world.assert_equal("p").await;
    })
    .await;
}

#[tokio::test]
async fn a_reference_to_another_unique_column_follows_its_cascade() {
    let schema = "CREATE TABLE moeda (id int PRIMARY KEY, sigla text NOT NULL UNIQUE);
        CREATE TABLE preco (id int PRIMARY KEY, sigla text REFERENCES moeda (sigla) ON UPDATE CASCADE, valor int);";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["preco", "moeda"])).await;
        world.a("INSERT INTO moeda VALUES (1, 'BRL'), (2, 'EUR'); INSERT INTO preco VALUES (1, 'BRL', 5), (2, 'EUR', 6)").await;
        settle(&mut link).await;
        world.a("UPDATE moeda SET sigla = 'R$' WHERE id = 1").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("preco").await, ["(1,R$,5)", "(2,EUR,6)"]);
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

/// One side adds a child to a parent that the other deletes: the delete loses, and the parent is on both sides again.
async fn check_orphan(deletes: Side) {
    in_both_modes(PEDIDOS, async |world| {
        let mut link = world.init(&world.spec(THREE)).await;
        world.a(FILL).await;
        settle(&mut link).await;
        let (deleter, adder) = (world.client(deletes), world.client(deletes.other()));
        deleter
            .batch_execute("INSERT INTO cliente VALUES (7, 'sete'); DELETE FROM item WHERE pedido = 3; DELETE FROM pedido WHERE id = 3")
            .await
            .unwrap();
        adder.batch_execute("INSERT INTO item VALUES (999, 3)").await.unwrap();
        settle(&mut link).await;
        assert_all_equal(world, THREE).await;
        for client in [deleter, adder] {
            assert_eq!(number(client, "SELECT count(*) FROM item WHERE pedido = 3").await, 1);
            assert_eq!(number(client, "SELECT count(*) FROM pedido WHERE id = 3").await, 1);
            assert_eq!(number(client, "SELECT count(*) FROM cliente WHERE id = 7").await, 1);
        }
        assert_eq!(
            text(adder, "SELECT kind || ' ' || winner || ' ' || key_values[1] FROM ponte.conflict").await,
            format!("delete_referenced {} 3", if deletes == Side::First { "b" } else { "a" })
        );
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

/// AT-068: the delete arrives where the child is.
#[tokio::test]
async fn a_parent_deleted_at_a_while_b_adds_a_child_comes_back() {
    check_orphan(Side::First).await;
}

/// AT-068: the child arrives where its parent is gone, and waits for it.
#[tokio::test]
async fn a_parent_deleted_at_b_while_a_adds_a_child_comes_back() {
    check_orphan(Side::Second).await;
}

/// The child is still uncommitted when the sync looks for references to the parent that it is about to delete.
#[tokio::test]
async fn a_child_that_commits_while_its_parent_is_being_deleted_is_not_lost() {
    for action in ["NO ACTION", "CASCADE"] {
        let schema = PEDIDOS.replace(
            "REFERENCES pedido",
            &format!("REFERENCES pedido ON DELETE {action}"),
        );
        in_both_modes(&schema, async |world| {
            let mut link = world.init(&world.spec(THREE)).await;
            world
                .a("INSERT INTO cliente VALUES (1); INSERT INTO pedido VALUES (1, 1), (2, 1); INSERT INTO item VALUES (1, 1)")
                .await;
            settle(&mut link).await;
            world.a("DELETE FROM pedido WHERE id = 2").await;
            let writer = world.another(Side::Second).await;
            writer.batch_execute("BEGIN; INSERT INTO item VALUES (2, 2)").await.unwrap();
            let (pass, ()) = tokio::join!(link.pass(), async {
                world.sync_waits_on(Side::Second).await;
                writer.batch_execute("COMMIT").await.unwrap();
            });
            pass.unwrap();
            assert_eq!(number(&world.b, "SELECT count(*) FROM item").await, 2, "the child is gone");
            assert_eq!(number(&world.b, "SELECT count(*) FROM pedido").await, 2, "the child is an orphan");
            settle(&mut link).await;
            assert_all_equal(world, THREE).await;
            assert_eq!(number(&world.a, "SELECT count(*) FROM pedido").await, 2, "the parent did not come back");
        })
        .await;
    }
}

/// The parent of an arriving child is being deleted by a transaction that has not committed yet.
#[tokio::test]
async fn a_parent_that_goes_while_its_child_arrives_leaves_no_orphan() {
    in_both_modes(PEDIDOS, async |world| {
        let mut link = world.init(&world.spec(THREE)).await;
        world
            .a("INSERT INTO cliente VALUES (1); INSERT INTO pedido VALUES (1, 1), (2, 1)")
            .await;
        settle(&mut link).await;
        world.a("INSERT INTO item VALUES (1, 2)").await;
        let writer = world.another(Side::Second).await;
        writer
            .batch_execute("BEGIN; DELETE FROM pedido WHERE id = 2")
            .await
            .unwrap();
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            writer.batch_execute("COMMIT").await.unwrap();
        });
        assert_eq!(pass.unwrap().quarantined(), 1);
        assert_eq!(number(&world.b, "SELECT count(*) FROM item").await, 0);
        settle(&mut link).await;
        assert_all_equal(world, THREE).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM item").await, 1);
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

#[tokio::test]
async fn replica_mode_finds_an_orphan_that_was_written_in_an_earlier_round() {
    let world = World::applying(PEDIDOS, ApplyAs::Replica).await;
    let mut link = world.init(&world.spec(THREE)).await;
    world
        .a("INSERT INTO cliente VALUES (1, 'um'); INSERT INTO pedido VALUES (1, 1), (2, 1); INSERT INTO item VALUES (1, 1)")
        .await;
    settle(&mut link).await;
    world.b("DELETE FROM pedido WHERE id = 2").await;
    world
        .a("INSERT INTO item VALUES (2, 2); UPDATE cliente SET nome = 'a' WHERE id = 1")
        .await;
    // The second round has nothing left to write but the customer.
    let holder = world.another(Side::Second).await;
    holder
        .batch_execute("BEGIN; UPDATE cliente SET nome = 'b' WHERE id = 1")
        .await
        .unwrap();
    let (pass, ()) = tokio::join!(link.pass(), async {
        world.sync_waits_on(Side::Second).await;
        holder.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(pass.unwrap().quarantined(), 1);
    settle(&mut link).await;
    assert_all_equal(&world, THREE).await;
    assert_eq!(number(&world.b, "SELECT count(*) FROM item").await, 2);
}

#[tokio::test]
async fn a_table_outside_the_link_keeps_its_references() {
    in_both_modes(PEDIDOS, async |world| {
        let mut link = world.init(&world.spec(&["pedido", "cliente"])).await;
        world
            .a("INSERT INTO cliente VALUES (1); INSERT INTO pedido VALUES (1, 1), (2, 1)")
            .await;
        settle(&mut link).await;
        world.b("INSERT INTO item VALUES (1, 2)").await;
        world.a("DELETE FROM pedido WHERE id = 2").await;
        settle(&mut link).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM item").await, 1);
        assert_eq!(number(&world.b, "SELECT count(*) FROM pedido").await, 2);
        assert_all_equal(world, &["pedido", "cliente"]).await;
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

/// AT-066: the delete of a leaf loses against a row that was hung below it, and so do those of the rows above.
#[tokio::test]
async fn a_branch_that_was_cut_here_and_grew_there_comes_back() {
    in_both_modes(ARVORE, async |world| {
        let mut link = world.init(&world.spec(&["no"])).await;
        world
            .a("INSERT INTO no SELECT g, nullif(g / 2, 0), 'n' || g FROM generate_series(1, 15) g")
            .await;
        settle(&mut link).await;
        for (cutter, grower) in [(Side::First, Side::Second), (Side::Second, Side::First)] {
            let leaf = 8 + cutter.index() * 4;
            world
                .client(cutter)
                .batch_execute(&format!(
                    "DELETE FROM no WHERE id IN ({leaf}, {leaf} + 1); DELETE FROM no WHERE id = {leaf} / 2"
                ))
                .await
                .unwrap();
            let child = format!("INSERT INTO no VALUES (100 + {leaf}, {leaf}, 'novo{leaf}')");
            world.client(grower).batch_execute(&child).await.unwrap();
            settle(&mut link).await;
            world.assert_equal("no").await;
            for client in [&world.a, &world.b] {
                let branch = format!(
                    "SELECT count(*) FROM no WHERE id IN ({leaf} / 2, {leaf}, {leaf} + 1, 100 + {leaf})"
                );
                assert_eq!(number(client, &branch).await, 3, "all but the other leaf");
            }
        }
        assert_eq!(world.quarantined().await, 0);
        assert_eq!(world.conflicts().await, 4);
    })
    .await;
}

/// AT-067: a cycle of which a part is refused.
/// AT-065: what only fails at the commit is found before it, and costs the rows that are to blame.
#[tokio::test]
async fn a_deferred_check_that_fails_costs_only_its_rows() {
    let schema = CICLO.replace(
        "NOT NULL REFERENCES equipe",
        "NOT NULL REFERENCES equipe DEFERRABLE",
    );
    in_both_modes(&schema, async |world| {
        let mut link = world.init(&world.spec(&["equipe", "pessoa"])).await;
        world
            .b("ALTER TABLE pessoa ADD CONSTRAINT regra CHECK (id <> 13)")
            .await;
        // The first team is whole, the second one has a leader that B refuses.
        world
            .a("BEGIN; SET CONSTRAINTS ALL DEFERRED; \
                INSERT INTO equipe SELECT g, g * 10 FROM generate_series(1, 4) g; \
                INSERT INTO pessoa SELECT g * 10, g FROM generate_series(1, 4) g; \
                INSERT INTO equipe VALUES (5, 13); INSERT INTO pessoa VALUES (13, 5); \
                INSERT INTO pessoa SELECT 100 + g, g FROM generate_series(1, 5) g; COMMIT")
            .await;
        settle(&mut link).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM equipe").await, 4);
        assert_eq!(number(&world.b, "SELECT count(*) FROM pessoa").await, 8);
        assert_eq!(world.quarantined().await, 3, "the team, its leader, its member");
        world.b("ALTER TABLE pessoa DROP CONSTRAINT regra").await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        assert_all_equal(world, &["equipe", "pessoa"]).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM pessoa").await, 10);
    })
    .await;
}
