//! Conflicts that a function of the user's decides.

use ponte_pg::ErrorKind;
use ponte_pg::sync::LiveLink;
use ponte_pg::sync::conflicts::{State, conflicts};
use ponte_schema::QualifiedName;
use ponte_sync::link::{ConflictRule, LinkSpec, Side};

use crate::support::{World, in_both_modes, settle, text};

/// What the function does about a row stands in the row.
const FICHA: &str = r#"
    CREATE TABLE ficha (id int PRIMARY KEY, what text, "Saldo" int, gone int, twice int GENERATED ALWAYS AS (id * 2) STORED,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    ALTER TABLE ficha DROP COLUMN gone;
    CREATE SCHEMA app;
    CREATE FUNCTION app.decide(a ficha, b ficha, a_version timestamptz, b_version timestamptz) RETURNS ficha LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
      CASE coalesce(a.what, b.what)
        WHEN 'greater' THEN RETURN CASE WHEN a."Saldo" > b."Saldo" THEN a ELSE b END;
        WHEN 'first' THEN RETURN a;
        WHEN 'older' THEN RETURN CASE WHEN a_version < b_version THEN a ELSE b END;
        WHEN 'both' THEN a."Saldo" := coalesce(a."Saldo", 1000) + coalesce(b."Saldo", 1000); a.id := coalesce(a.id, b.id);
                         a.what := 'both'; a.updated_at := greatest(a.updated_at, b.updated_at); RETURN a;
        WHEN 'neither' THEN RETURN NULL;
        WHEN 'key' THEN a.id := 77; RETURN a;
        WHEN 'loops' THEN LOOP END LOOP;
        ELSE RAISE EXCEPTION 'who knows';
      END CASE;
    END $$;"#;

fn deciding(world: &World) -> LinkSpec {
    let mut spec = world.unlimited(&["ficha"]);
    spec.tables[0].conflict = Some(ConflictRule::Function);
    spec.tables[0].decider = Some(QualifiedName::new("app", "decide"));
    spec
}

async fn state(world: &World, side: Side, id: usize) -> String {
    let sql = format!("SELECT coalesce((SELECT \"Saldo\"::text FROM ficha WHERE id = {id}), 'gone')");
    text(world.client(side), &sql).await
}

const A_10: &str = "UPDATE ficha SET \"Saldo\" = 10, updated_at = '2024-01-03 UTC' WHERE id = {id}";
const B_20: &str = "UPDATE ficha SET \"Saldo\" = 20, updated_at = '2024-01-02 UTC' WHERE id = {id}";
const GOES: &str = "DELETE FROM ficha WHERE id = {id}";

/// What the row says, what both sides do to it, and what is there afterwards on either.
const CASES: &[(&str, &str, &str, [&str; 2])] = &[
    ("greater", A_10, B_20, ["20", "20"]),
    ("first", A_10, B_20, ["10", "10"]),
    ("older", A_10, B_20, ["20", "20"]),
    ("both", A_10, B_20, ["30", "30"]),
    ("both", GOES, B_20, ["1020", "1020"]),
    ("both", A_10, GOES, ["1010", "1010"]),
    ("neither", A_10, GOES, ["gone", "gone"]),
    ("neither", GOES, B_20, ["gone", "gone"]),
    // Nobody is asked about a row that only one side changed.
    ("fails", A_10, "", ["10", "10"]),
    ("neither", A_10, B_20, ["10", "20"]),
    ("key", A_10, B_20, ["10", "20"]),
    ("fails", A_10, B_20, ["10", "20"]),
    ("loops", A_10, B_20, ["10", "20"]),
];

/// AT-048
#[tokio::test]
async fn a_function_chooses_merges_or_leaves_it_to_a_person_and_its_failures_cost_their_rows_only() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&deciding(world)).await;
        for (id, (what, ..)) in CASES.iter().enumerate() {
            world
                .a(&format!(
                    "INSERT INTO ficha VALUES ({id}, '{what}', 0, DEFAULT, '2024-01-01 UTC')"
                ))
                .await;
        }
        settle(&mut link).await;
        for (id, (_, a, b, _)) in CASES.iter().enumerate() {
            let id = id.to_string();
            world
                .sides(&a.replace("{id}", &id), &b.replace("{id}", &id))
                .await;
        }
        settle(&mut link).await;
        for (id, (what, _, _, ends)) in CASES.iter().enumerate() {
            for side in Side::BOTH {
                assert_eq!(
                    state(world, side, id).await,
                    ends[side.index()],
                    "{what} {id} {side:?}"
                );
            }
        }
        let recorded = conflicts("teste", &mut world.peer(Side::Second).await, 100)
            .await
            .unwrap();
        let parked: Vec<&str> = recorded
            .iter()
            .filter(|c| c.state == State::Parked)
            .map(|c| c.key[0].as_str())
            .collect();
        assert_eq!(parked.len(), 4, "{recorded:?}");
        assert_eq!(recorded.len(), 12, "each conflict once");
        // Found at the other node first, it comes out the same.
        let holder = world.another(Side::First).await;
        holder
            .batch_execute("BEGIN; LOCK TABLE ponte.progress IN EXCLUSIVE MODE")
            .await
            .unwrap();
        world
            .b("UPDATE ficha SET \"Saldo\" = 50, updated_at = '2024-02-03 UTC' WHERE id IN (1, 3)")
            .await;
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::First).await;
            world
                .a("UPDATE ficha SET \"Saldo\" = 40, updated_at = '2024-02-02 UTC' WHERE id IN (1, 3)")
                .await;
            holder.batch_execute("COMMIT").await.unwrap();
        });
        assert_eq!(pass.unwrap().directions[1].applied.conflicts, 2);
        settle(&mut link).await;
        for side in Side::BOTH {
            assert_eq!(state(world, side, 1).await, "40", "the first node's row stays");
            assert_eq!(state(world, side, 3).await, "90");
        }
    })
    .await;
}

/// What would come out differently at the two nodes is refused, at `init` and as soon as it appears.
#[tokio::test]
async fn a_function_that_is_not_the_same_everywhere_is_refused() {
    let world = World::with(FICHA).await;
    let spec = deciding(&world);
    world.init(&spec).await;
    let body = "LANGUAGE sql AS 'SELECT a'";
    let arguments = "(a ficha, b ficha, a_version timestamptz, b_version timestamptz)";
    let other = format!("CREATE OR REPLACE FUNCTION app.decide{arguments} RETURNS ficha {body} IMMUTABLE");
    let drop = "DROP FUNCTION app.decide(ficha, ficha, timestamptz, timestamptz)";
    let volatile = format!("CREATE FUNCTION app.decide{arguments} RETURNS ficha {body}");
    let word =
        format!("CREATE FUNCTION app.decide{arguments} RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'");
    let original = &FICHA[FICHA.find("CREATE FUNCTION").unwrap()..];
    let forbidden = format!("{drop}; {original} REVOKE ALL ON FUNCTION app.decide FROM PUBLIC, dono");
    for (change, reason) in [
        (other.as_str(), "is not the same on \"a\" and \"b\""),
        (drop, "does not exist on \"b\""),
        (&volatile, "on \"b\" is not IMMUTABLE"),
        (drop, "does not exist on \"b\""),
        (&word, "on \"b\" does not answer one row"),
        (&forbidden, "may not be called"),
    ] {
        world.b(change).await;
        let opened = LiveLink::open(spec.clone(), world.peers().await)
            .await
            .map(drop_link);
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{change}: {error}");
        assert!(error.to_string().contains(reason), "{change}: {error}");
        assert!(error.next_step().is_some(), "{change}");
        let tried = world.try_init(&spec).await.map(drop_report).unwrap_err();
        assert!(tried.to_string().contains(reason), "{change}: {tried}");
    }
    let mut unlike = spec.clone();
    unlike.tables[0].local[0].push("what".into());
    let error = world.try_init(&unlike).await.map(drop_report).unwrap_err();
    assert!(error.to_string().contains("stay where they are"), "{error}");
}

fn drop_link(_: LiveLink) {}

fn drop_report(_: ponte_pg::sync::InitReport) {}
