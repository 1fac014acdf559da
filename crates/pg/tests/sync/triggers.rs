//! Triggers of the user's on both sides.

use ponte_pg::ErrorKind;
use ponte_pg::sync::{drop_link, plan_init};
use ponte_sync::link::{ApplyAs, Side, TriggerRule};

use crate::support::{NOTA, PERFIS, World, in_both_modes, number, settle, text};

const TRIGGERS: &str = "SELECT coalesce(string_agg(pg_get_triggerdef(oid) || tgenabled::text, E'\\n' ORDER BY tgname), '') FROM pg_trigger WHERE NOT tgisinternal";

/// A stamp with a condition, one that always fires, and a function whose names are not qualified.
const CARIMBOS: &str = "
    CREATE TABLE doc (id int PRIMARY KEY, texto text, versao int NOT NULL DEFAULT 0, updated_at timestamptz DEFAULT clock_timestamp());
    CREATE FUNCTION agora() RETURNS timestamptz LANGUAGE sql AS 'SELECT clock_timestamp()';
    CREATE FUNCTION carimbar() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN NEW.updated_at := agora(); NEW.versao := NEW.versao + 1; RETURN NEW; END';
    CREATE TRIGGER com_condicao BEFORE UPDATE OF texto ON doc FOR EACH ROW WHEN (OLD.texto IS DISTINCT FROM NEW.texto) EXECUTE FUNCTION carimbar();
    CREATE TRIGGER \"Sempre\" BEFORE INSERT ON doc FOR EACH ROW EXECUTE FUNCTION carimbar('a', 'b''c');
    ALTER TABLE doc ENABLE ALWAYS TRIGGER \"Sempre\";";

/// AT-114: one that would rewrite them is guarded.
#[tokio::test]
async fn stamping_triggers_leave_applied_rows_alone_and_come_back_at_the_end() {
    in_both_modes(CARIMBOS, async |world| {
        let before = text(&world.a, TRIGGERS).await;
        let spec = world.spec(&["doc"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO doc VALUES (1, 'um'), (2, 'dois')").await;
        settle(&mut link).await;
        world.b("UPDATE doc SET texto = 'UM' WHERE id = 1").await;
        settle(&mut link).await;
        world.assert_equal("doc").await;
        assert_eq!(
            number(&world.a, "SELECT sum(versao) FROM doc").await,
            3,
            "a stamp fired for applied rows"
        );
        world.a("UPDATE doc SET texto = texto || '!'").await;
        settle(&mut link).await;
        assert_eq!(
            number(&world.b, "SELECT sum(versao) FROM doc").await,
            5,
            "a stamp did not fire for local rows"
        );
        for side in Side::BOTH {
            assert!(drop_link(&spec.name, &mut world.peer(side).await).await.unwrap());
            assert_eq!(text(world.client(side), TRIGGERS).await, before);
        }
    })
    .await;
}

#[tokio::test]
async fn a_plan_shows_the_statements_that_guard_triggers_and_writes_nothing() {
    let world = World::with(CARIMBOS).await;
    let before = text(&world.a, TRIGGERS).await;
    let plan = plan_init(&world.spec(&["doc"]), &mut world.peers().await)
        .await
        .unwrap();
    assert_eq!(plan.guards.len(), 4);
    let guard = plan.guards.iter().find(|g| g.trigger == "com_condicao").unwrap();
    assert!(
        guard
            .original
            .contains("WHEN ((old.texto IS DISTINCT FROM new.texto)) EXECUTE"),
        "{}",
        guard.original
    );
    assert!(
        guard
            .guarded
            .contains("WHEN (((old.texto IS DISTINCT FROM new.texto)) AND "),
        "{}",
        guard.guarded
    );
    assert_eq!(text(&world.a, TRIGGERS).await, before);
    assert_eq!(
        number(
            &world.a,
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn a_stamping_trigger_that_is_added_later_stops_the_link_until_init_guards_it() {
    in_both_modes(NOTA, async |world| {
        let spec = world.spec(&["nota"]);
        let mut link = world.init(&spec).await;
        let fires = if spec.apply == ApplyAs::Plain { "" } else { "ALTER TABLE nota ENABLE ALWAYS TRIGGER tarde;" };
        world
            .b(&format!(
                "CREATE FUNCTION tarde() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.texto := NEW.texto || ''!''; RETURN NEW; END'; \
                 CREATE TRIGGER tarde BEFORE INSERT ON nota FOR EACH ROW EXECUTE FUNCTION tarde(); {fires}"
            ))
            .await;
        let error = link.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncTriggers);
        assert!(error.to_string().contains("tarde") && error.to_string().contains("\"b\""), "{error}");
        world.try_init(&spec).await.unwrap();
        link.check().await.unwrap();
        world.sides("INSERT INTO nota VALUES (1, 'a')", "INSERT INTO nota VALUES (2, 'b')").await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(text(&world.a, "SELECT string_agg(texto, ',' ORDER BY id) FROM nota").await, "a,b!");
    })
    .await;
}

/// AT-114: a trigger with effects of its own fires for applied rows in plain mode.
#[tokio::test]
async fn after_triggers_fire_for_applied_rows_of_a_plain_owner() {
    let schema = format!(
        "{NOTA} CREATE TABLE aviso (id int); CREATE FUNCTION avisar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO aviso VALUES (NEW.id); RETURN NULL; END';
         CREATE TRIGGER avisar AFTER INSERT OR UPDATE ON nota FOR EACH ROW EXECUTE FUNCTION avisar();"
    );
    in_both_modes(&schema, async |world| {
        let spec = world.spec(&["nota"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota VALUES (1), (2)").await;
        settle(&mut link).await;
        let expected = if spec.apply == ApplyAs::Plain { 2 } else { 0 };
        assert_eq!(number(&world.b, "SELECT count(*) FROM aviso").await, expected);
    })
    .await;
}

/// AT-114: with `triggers = "guard"` neither row nor statement triggers, immediate or deferred, fire for applied rows; all come back at the end.
#[tokio::test]
async fn guarded_triggers_with_effects_of_their_own_leave_applied_rows_alone() {
    let schema = format!(
        "{NOTA} CREATE TABLE aviso (de text, id int); CREATE FUNCTION avisar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO aviso VALUES (TG_NAME, CASE TG_LEVEL WHEN ''ROW'' THEN coalesce(NEW.id, OLD.id) END); RETURN NULL; END';
         CREATE TRIGGER por_linha AFTER INSERT OR UPDATE OR DELETE ON nota FOR EACH ROW EXECUTE FUNCTION avisar();
         CREATE TRIGGER por_comando AFTER INSERT ON nota REFERENCING NEW TABLE AS novas FOR EACH STATEMENT EXECUTE FUNCTION avisar();
         CREATE CONSTRAINT TRIGGER no_fim AFTER INSERT ON nota DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id < 100) EXECUTE FUNCTION avisar();
         ALTER TABLE nota ENABLE ALWAYS TRIGGER por_linha;"
    );
    in_both_modes(&schema, async |world| {
        let before = text(&world.b, TRIGGERS).await;
        let mut spec = world.spec(&["nota"]);
        spec.tables[0].triggers = TriggerRule::Guard;
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota VALUES (1, 'um'), (2, 'dois'), (200, 'muitos')").await;
        let own = "SELECT string_agg(de || coalesce(id::text, ''), ',' ORDER BY de, id) FROM aviso";
        assert_eq!(text(&world.a, own).await, "no_fim1,no_fim2,por_comando,por_linha1,por_linha2,por_linha200");
        settle(&mut link).await;
        world.a("UPDATE nota SET texto = 'UM', updated_at = clock_timestamp() WHERE id = 1; DELETE FROM nota WHERE id = 2").await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM aviso").await, 0, "a trigger fired for applied rows");
        world.b("INSERT INTO nota VALUES (3, 'tres')").await;
        assert_eq!(text(&world.b, own).await, "no_fim3,por_comando,por_linha3");
        for side in Side::BOTH {
            assert!(drop_link(&spec.name, &mut world.peer(side).await).await.unwrap());
        }
        assert_eq!(text(&world.b, TRIGGERS).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_trigger_that_is_added_later_to_a_guarded_table_stops_the_link_until_init_guards_it() {
    let world = World::with(NOTA).await;
    let mut spec = world.spec(&["nota"]);
    spec.tables[0].triggers = TriggerRule::Guard;
    let mut link = world.init(&spec).await;
    world
        .b(
            "CREATE TABLE aviso (id int); CREATE FUNCTION avisar() RETURNS trigger LANGUAGE plpgsql AS \
            'BEGIN INSERT INTO aviso VALUES (NEW.id); RETURN NULL; END'; \
            CREATE TRIGGER tarde AFTER INSERT ON nota FOR EACH ROW EXECUTE FUNCTION avisar()",
        )
        .await;
    let error = link.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncTriggers);
    assert!(
        error.to_string().contains("trigger tarde") && error.to_string().contains("fire for"),
        "{error}"
    );
    world.try_init(&spec).await.unwrap();
    world.a("INSERT INTO nota VALUES (1)").await;
    settle(&mut world.open(&spec).await).await;
    assert_eq!(number(&world.b, "SELECT count(*) FROM aviso").await, 0);
}

/// Counts each customer's orders on whichever side an order is written, also when the sync writes it.
const TOTAIS: &str = "
    CREATE TABLE cliente (id int PRIMARY KEY, total int NOT NULL DEFAULT 0);
    CREATE TABLE pedido (id int PRIMARY KEY, cliente int REFERENCES cliente);
    CREATE FUNCTION somar() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN UPDATE cliente SET total = total + 1 WHERE id = NEW.cliente; RETURN NULL; END';
    CREATE TRIGGER somar AFTER INSERT ON pedido FOR EACH ROW EXECUTE FUNCTION somar();";

#[tokio::test]
async fn what_a_trigger_writes_to_another_table_of_the_batch_ends_as_it_was_sent() {
    in_both_modes(TOTAIS, async |world| {
        let mut link = world.init(&world.spec(&["cliente", "pedido"])).await;
        world
            .a("INSERT INTO cliente VALUES (1); INSERT INTO pedido VALUES (1, 1), (2, 1)")
            .await;
        settle(&mut link).await;
        world.b("INSERT INTO pedido VALUES (3, 1)").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("cliente").await, ["(1,3)"]);
        world.assert_equal("pedido").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_trigger_writes_on_account_of_an_applied_row_is_a_change_of_its_own() {
    let schema = format!(
        "{NOTA} CREATE TABLE diario (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, nota int);
         CREATE FUNCTION anotar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO diario (nota) VALUES (NEW.id); RETURN NULL; END';
         CREATE TRIGGER anotar AFTER INSERT ON nota FOR EACH ROW EXECUTE FUNCTION anotar();"
    );
    in_both_modes(&schema, async |world| {
        let spec = world.spec(&["nota", "diario"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota VALUES (1)").await;
        settle(&mut link).await;
        let expected = if spec.apply == ApplyAs::Plain { 2 } else { 1 };
        assert_eq!(world.assert_equal("diario").await.len(), expected);
    })
    .await;
}

#[tokio::test]
async fn a_trigger_that_keeps_changing_applied_rows_stops_the_link_instead_of_playing_ping_pong() {
    let schema = "CREATE TABLE conta (id int PRIMARY KEY, mudancas int NOT NULL DEFAULT 0);
        CREATE FUNCTION contar() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN UPDATE conta SET mudancas = mudancas + 1 WHERE id = NEW.id; RETURN NULL; END';
        CREATE TRIGGER contar AFTER INSERT OR UPDATE ON conta FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION contar();";
    let world = World::with(schema).await;
    let mut link = world.init(&world.spec(&["conta"])).await;
    world.a("INSERT INTO conta VALUES (1)").await;
    let error = link.pass().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncTriggers, "{error:?}");
    assert_eq!(number(&world.b, "SELECT count(*) FROM conta").await, 0);
    world
        .both("DROP TRIGGER contar ON conta; CREATE TRIGGER contar AFTER INSERT OR UPDATE ON conta FOR EACH ROW \
               WHEN (pg_trigger_depth() = 0 AND coalesce(current_setting('ponte.applying', true), '') = '') EXECUTE FUNCTION contar()")
        .await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("conta").await, ["(1,1)"]);
}

#[tokio::test]
async fn a_deferred_trigger_runs_at_the_commit_of_a_batch() {
    let schema = format!(
        "{PERFIS} CREATE TABLE aviso (n int); CREATE FUNCTION avisar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO aviso VALUES (1); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER avisar AFTER INSERT ON perfis DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION avisar();"
    );
    let world = World::with(&schema).await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world.a("INSERT INTO perfis (nome) VALUES ('x')").await;
    settle(&mut link).await;
    assert_eq!(number(&world.b, "SELECT count(*) FROM aviso").await, 1);
}
