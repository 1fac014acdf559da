//! Keys that change, odd keys, odd columns, odd names.

use ponte_schema::QualifiedName;
use ponte_sync::link::{ApplyAs, Side};

use crate::support::{NOTA, World, in_both_modes, number, settle, text};

/// AT-072: the value of a key changes.
#[tokio::test]
async fn a_changed_key_is_a_delete_of_the_old_and_an_insert_of_the_new() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'um'), (2, 'dois')").await;
        settle(&mut link).await;
        world.a("UPDATE nota SET id = 10 WHERE id = 1").await;
        world
            .b("UPDATE nota SET id = 20, texto = 'vinte' WHERE id = 2")
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(
            text(
                &world.a,
                "SELECT string_agg(id || texto, ',' ORDER BY id) FROM nota"
            )
            .await,
            "10um,20vinte"
        );
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

/// AT-072: a trigger of the user's changes the key, which the statement does not name.
#[tokio::test]
async fn a_key_that_a_trigger_changes_is_a_delete_of_the_old_one_too() {
    let schema = format!(
        "{NOTA} CREATE FUNCTION mudar() RETURNS trigger LANGUAGE plpgsql AS \
           'BEGIN IF NEW.texto = ''muda'' THEN NEW.id := NEW.id + 100; END IF; RETURN NEW; END'; \
         CREATE TRIGGER mudar BEFORE UPDATE OF texto ON nota FOR EACH ROW EXECUTE FUNCTION mudar();"
    );
    in_both_modes(&schema, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'um'), (2, 'dois')").await;
        settle(&mut link).await;
        world.a("UPDATE nota SET texto = 'muda' WHERE id = 1").await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(
            text(
                &world.b,
                "SELECT string_agg(id || texto, ',' ORDER BY id) FROM nota"
            )
            .await,
            "2dois,101muda"
        );
    })
    .await;
}

#[tokio::test]
async fn all_keys_may_shift_by_one() {
    let schema = "CREATE TABLE nota (id int PRIMARY KEY, texto text)";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota SELECT g, 'n' || g FROM generate_series(1, 50) g").await;
        settle(&mut link).await;
        world
            .b("DO $$ BEGIN FOR i IN REVERSE 50..1 LOOP UPDATE nota SET id = id + 1 WHERE id = i; END LOOP; END $$")
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(number(&world.a, "SELECT sum(id) FROM nota").await, 1325);
        assert_eq!(
            number(&world.a, "SELECT count(*) FROM nota WHERE texto = 'n' || id - 1").await,
            50
        );
    })
    .await;
}

#[tokio::test]
async fn keys_may_be_swapped() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'um'), (2, 'dois')").await;
        settle(&mut link).await;
        world
            .a("BEGIN; UPDATE nota SET id = -1 WHERE id = 1; UPDATE nota SET id = 1 WHERE id = 2; UPDATE nota SET id = 2 WHERE id = -1; COMMIT")
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(text(&world.b, "SELECT texto FROM nota WHERE id = 1").await, "dois");
    })
    .await;
}

#[tokio::test]
async fn values_of_a_deferrable_unique_column_may_be_swapped() {
    let schema = "CREATE TABLE fila (id int PRIMARY KEY, lugar int UNIQUE DEFERRABLE)";
    let world = World::with(schema).await;
    let mut link = world.init(&world.spec(&["fila"])).await;
    world.a("INSERT INTO fila VALUES (1, 1), (2, 2), (3, 3)").await;
    settle(&mut link).await;
    world.a("UPDATE fila SET lugar = 4 - lugar").await;
    world.b("DELETE FROM fila WHERE id = 2").await;
    settle(&mut link).await;
    world.assert_equal("fila").await;
    assert_eq!(
        text(
            &world.b,
            "SELECT string_agg(lugar::text, ',' ORDER BY id) FROM fila"
        )
        .await,
        "3,1"
    );
    // Replica mode would let two rows have the same place.
    let world = World::applying(schema, ApplyAs::Replica).await;
    let error = world.try_init(&world.spec(&["fila"])).await.unwrap_err();
    assert!(error.to_string().contains("fila_lugar_key"), "{error}");
}

/// AT-073: a key changes here while its row changes there.
#[tokio::test]
async fn a_key_that_changed_on_one_side_and_whose_row_changed_on_the_other_is_decided_by_version() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world
            .a("INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')")
            .await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET id = 2",
                "UPDATE nota SET texto = 'b', updated_at = '2024-01-02 UTC'",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(
            world.assert_equal("nota").await.len(),
            1,
            "the delete of the old key is newer"
        );
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

/// AT-071: a key of two columns.
#[tokio::test]
async fn composite_keys_are_followed() {
    let schema = "CREATE TABLE item (pedido int, \"linha\" text, qtd int, PRIMARY KEY (\"linha\", pedido))";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["item"])).await;
        world
            .a("INSERT INTO item SELECT p, 'l' || l, 0 FROM generate_series(1, 5) p, generate_series(1, 5) l")
            .await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE item SET qtd = 1 WHERE pedido = 1; UPDATE item SET pedido = 9 WHERE linha = 'l1' AND pedido = 5",
                "UPDATE item SET qtd = 2 WHERE linha = 'l1' AND pedido <> 5; DELETE FROM item WHERE pedido = 3",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("item").await.len(), 20);
        assert_eq!(world.conflicts().await, 1, "only (l1, 1) changed on both sides");
    })
    .await;
}

#[tokio::test]
async fn another_unique_key_than_the_primary_one_can_be_chosen() {
    let schema = "CREATE TABLE conta (id int PRIMARY KEY, numero text NOT NULL UNIQUE, saldo int)";
    in_both_modes(schema, async |world| {
        let mut spec = world.spec(&["conta"]);
        spec.tables[0].keys = [Some(vec!["numero".into()]), Some(vec!["numero".into()])];
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO conta VALUES (1, 'x', 0), (2, 'y', 0)").await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE conta SET id = 11 WHERE numero = 'x'",
                "UPDATE conta SET saldo = 5 WHERE numero = 'y'",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("conta").await, ["(11,x,0)", "(2,y,5)"]);
    })
    .await;
}

/// Type of a key and four values: the last one replaces the third.
const KEY_TYPES: &[(&str, [&str; 4])] = &[
    ("smallint", ["-32768", "0", "32767", "5"]),
    (
        "bigint",
        [
            "-9223372036854775808",
            "9007199254740993",
            "9223372036854775807",
            "0",
        ],
    ),
    ("text", ["", "O'Brien \\ \"x\"", "ção 漢字 \t", "z"]),
    ("varchar(10)", ["a", "A", "a ", "b"]),
    ("char(4)", ["a", "bb", "ccc", "dddd"]),
    (
        "uuid",
        [
            "00000000-0000-0000-0000-000000000000",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c9",
        ],
    ),
    ("date", ["4713-01-01 BC", "infinity", "2024-02-29", "-infinity"]),
    (
        "timestamp",
        [
            "2024-01-01 00:00:00.000001",
            "infinity",
            "0044-03-15 BC",
            "2024-01-01",
        ],
    ),
    (
        "timestamptz",
        [
            "2024-01-01 00:00:00.000001+00",
            "-infinity",
            "2024-06-01 12:00-03",
            "2024-01-01+00",
        ],
    ),
    (
        "numeric",
        ["1.5", "NaN", "123456789012345678901234567890.123", "-0.001"],
    ),
    ("bytea", ["\\x", "\\x00ff", "\\x5c27", "\\xdeadbeef"]),
    ("boolean", ["true", "false", "null", "null"]),
    ("humor", ["feliz", "triste", "bravo", "calmo"]),
    ("cep", ["01000-000", "02000-000", "03000-000", "04000-000"]),
    ("int[]", ["{1,2}", "[0:1]={1,2}", "{}", "{NULL}"]),
    ("int4range", ["[1,5)", "empty", "(,)", "[7,8)"]),
    ("inet", ["10.0.0.1", "10.0.0.1/8", "::1", "2001:db8::/32"]),
    ("interval", ["1 day", "1 mon", "-3 hours", "00:00:01"]),
    ("double precision", ["1e300", "NaN", "-Infinity", "0.1"]),
    ("bit(4)", ["0000", "1010", "1111", "0001"]),
    ("ponto", ["(1,\"a,b\")", "(2,)", "(3,\"\"\"\")", "(4,d)"]),
];

/// AT-075: keys of text, uuid, date, numeric, bytea, enums and others.
#[tokio::test]
async fn keys_of_any_type_are_followed() {
    let mut schema = "CREATE TYPE humor AS ENUM ('feliz', 'triste', 'bravo', 'calmo');
        CREATE DOMAIN cep AS text NOT NULL CHECK (VALUE ~ '^\\d{5}-\\d{3}$');
        CREATE TYPE ponto AS (x int, nome text);"
        .to_owned();
    for (n, (key, _)) in KEY_TYPES.iter().enumerate() {
        schema += &format!("CREATE TABLE t{n} (k {key} PRIMARY KEY, v text);");
    }
    in_both_modes(&schema, async |world| {
        let names: Vec<String> = (0..KEY_TYPES.len()).map(|n| format!("t{n}")).collect();
        let tables: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut link = world.init(&world.spec(&tables)).await;
        let run = async |side: Side, template: &str, values: &[usize]| {
            for (n, (key, all)) in KEY_TYPES.iter().enumerate() {
                if all[values[0]] == "null" {
                    continue;
                }
                let mut sql = template.replace("{t}", &format!("t{n}"));
                for (place, value) in values.iter().enumerate() {
                    let literal = format!("'{}'::{key}", all[*value].replace('\'', "''"));
                    sql = sql.replace(&format!("{{{place}}}"), &literal);
                }
                let done = world.client(side).batch_execute(&sql).await;
                assert!(done.is_ok(), "{key}: {sql}: {done:?}");
            }
        };
        run(Side::First, "INSERT INTO {t} VALUES ({0}, 'um')", &[0]).await;
        run(Side::Second, "INSERT INTO {t} VALUES ({0}, 'dois')", &[1]).await;
        run(Side::First, "INSERT INTO {t} VALUES ({0}, 'tres')", &[2]).await;
        settle(&mut link).await;
        run(Side::Second, "UPDATE {t} SET v = 'UM' WHERE k = {0}", &[0]).await;
        run(Side::First, "DELETE FROM {t} WHERE k = {0}", &[1]).await;
        run(Side::Second, "UPDATE {t} SET k = {1} WHERE k = {0}", &[2, 3]).await;
        settle(&mut link).await;
        for (table, (key, values)) in tables.iter().zip(KEY_TYPES) {
            let [a, b] = world.rows(table).await;
            assert_eq!(a, b, "{key}");
            assert_eq!(a.len(), if values[2] == "null" { 1 } else { 2 }, "{key}: {a:?}");
        }
        assert_eq!(world.conflicts().await, 0);
        assert!(link.compare().await.unwrap().iter().all(|t| t.equal()));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_only_spelled_differently_is_carried_over() {
    let schema = "CREATE TABLE preco (valor numeric PRIMARY KEY, nome text);
                  CREATE TABLE medida (x double precision PRIMARY KEY, nome text);
                  CREATE TABLE prazo (d interval PRIMARY KEY, nome text)";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["preco", "medida", "prazo"])).await;
        world
            .a("INSERT INTO preco VALUES (1.0, 'x'); INSERT INTO medida VALUES (0, 'x'); INSERT INTO prazo VALUES ('1 day', 'x')")
            .await;
        settle(&mut link).await;
        world
            .b("UPDATE preco SET valor = 1.000; UPDATE medida SET x = '-0'; UPDATE prazo SET d = '24 hours'")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("preco").await, ["(1.000,x)"]);
        assert_eq!(world.assert_equal("medida").await, ["(-0,x)"]);
        assert_eq!(world.assert_equal("prazo").await, ["(24:00:00,x)"]);
    })
    .await;
}

/// AT-081: tables that are nothing but a key, one of them an identity.
#[tokio::test]
async fn a_table_that_is_nothing_but_its_key_is_followed() {
    let schema = "CREATE TABLE par (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE um (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["par", "um"])).await;
        world
            .sides(
                "INSERT INTO par VALUES (1, 1), (1, 2); INSERT INTO um DEFAULT VALUES",
                "INSERT INTO par VALUES (1, 2), (2, 2); INSERT INTO um DEFAULT VALUES",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("par").await.len(), 3);
        assert_eq!(world.assert_equal("um").await.len(), 2);
        world
            .sides("DELETE FROM par WHERE y = 2", "UPDATE par SET y = 7 WHERE y = 1")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("par").await, ["(1,7)"]);
    })
    .await;
}

/// AT-100: quoted, reserved, longest possible and foreign names.
#[tokio::test]
async fn names_of_any_kind_are_quoted() {
    let long = "uma_tabela_com_um_nome_de_exatamente_sessenta_e_tres_bytes_aqui";
    assert_eq!(long.len(), 63);
    let twin = "uma_tabela_com_um_nome_de_exatamente_sessenta_e_tres_bytes_aqu2";
    let names = [
        "Perfis",
        "select",
        "tabela com espaço",
        "aspas\"dentro",
        "漢字表",
        long,
        twin,
        "x'y",
        "a{b}",
        "linha\n; DROP TABLE select; --",
    ];
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut schema = "CREATE SCHEMA \"Minha App\";".to_owned();
    for (n, name) in names.iter().enumerate() {
        let schema_name = if n % 2 == 0 { "public" } else { "Minha App" };
        schema += &format!(
            "CREATE TABLE {}.{} (\"Id\" int, \"order\" text, seq int, synced bool, \"a\"\"b\" int, PRIMARY KEY (\"Id\", seq));",
            quote(schema_name),
            quote(name)
        );
    }
    in_both_modes(&schema, async |world| {
        let mut spec = world.spec(&names);
        for (n, table) in spec.tables.iter_mut().enumerate() {
            if n % 2 == 1 {
                let name = QualifiedName::new("Minha App", names[n]);
                table.names = [name.clone(), name];
            }
        }
        let mut link = world.init(&spec).await;
        let full: Vec<String> = spec
            .tables
            .iter()
            .map(|t| {
                format!(
                    "{}.{}",
                    quote(t.names[0].schema.as_str()),
                    quote(t.names[0].name.as_str())
                )
            })
            .collect();
        for name in &full {
            world
                .a(&format!(
                    "INSERT INTO {name} VALUES (1, 'x', 1, true, 1), (2, 'y', 2, false, 2)"
                ))
                .await;
        }
        settle(&mut link).await;
        for name in &full {
            world
                .b(&format!(
                    "UPDATE {name} SET \"a\"\"b\" = 7 WHERE \"Id\" = 1; DELETE FROM {name} WHERE \"Id\" = 2"
                ))
                .await;
        }
        settle(&mut link).await;
        for name in &full {
            assert_eq!(world.assert_equal(name).await, ["(1,x,1,t,7)"], "{name}");
        }
        let comparisons = link.compare().await.unwrap();
        assert!(comparisons.iter().all(|t| t.equal() && t.rows == [1, 1]));
    })
    .await;
}

#[tokio::test]
async fn dropped_generated_identity_and_required_columns_travel_as_they_must() {
    let schema = "CREATE TABLE misto (
          sai int, id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, obrigatorio text NOT NULL, base int NOT NULL,
          dobro int GENERATED ALWAYS AS (base * 2) STORED, outra_saida text, livre jsonb);
        ALTER TABLE misto DROP COLUMN sai, DROP COLUMN outra_saida;
        ALTER TABLE misto ADD COLUMN depois int NOT NULL DEFAULT 7;";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["misto"])).await;
        world.a("INSERT INTO misto (obrigatorio, base) SELECT 'a' || g, g FROM generate_series(1, 5) g").await;
        world.b("INSERT INTO misto (obrigatorio, base, livre) SELECT 'b' || g, g, '{}' FROM generate_series(1, 5) g").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("misto").await.len(), 10);
        world.a("UPDATE misto SET base = base + 100 WHERE obrigatorio LIKE 'b%'").await;
        world.b("DELETE FROM misto WHERE obrigatorio = 'a1'").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("misto").await.len(), 9);
        assert_eq!(number(&world.b, "SELECT sum(dobro) FROM misto").await, 2 * (14 + 515));
    })
    .await;
}

#[tokio::test]
async fn columns_may_stand_in_another_order_on_each_side() {
    in_both_modes("SELECT 1", async |world| {
        world
            .sides(
                "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c timestamptz)",
                "CREATE TABLE t (c timestamptz, b text, id int PRIMARY KEY, a int)",
            )
            .await;
        let mut link = world.init(&world.spec(&["t"])).await;
        world
            .sides(
                "INSERT INTO t (id, a, b, c) VALUES (1, 2, 'x', '2024-01-01')",
                "INSERT INTO t (id, a, b, c) VALUES (2, 3, 'y', NULL)",
            )
            .await;
        settle(&mut link).await;
        world.a("UPDATE t SET a = a + 1").await;
        settle(&mut link).await;
        let both = "SELECT string_agg(concat_ws(',', id, a, b, c), ';' ORDER BY id) FROM t";
        assert_eq!(text(&world.a, both).await, text(&world.b, both).await);
        assert!(link.compare().await.unwrap()[0].equal());
    })
    .await;
}

#[tokio::test]
async fn deletes_arrive_where_a_column_must_not_be_null() {
    let schema = "CREATE DOMAIN obrigado AS text NOT NULL CHECK (VALUE <> '');
                  CREATE TABLE d (id int PRIMARY KEY, nome obrigado, lista obrigado[])";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["d"])).await;
        world
            .a("INSERT INTO d VALUES (1, 'x', '{a,b}'), (2, 'y', NULL)")
            .await;
        settle(&mut link).await;
        world
            .b("DELETE FROM d WHERE id = 1; UPDATE d SET nome = 'z'")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("d").await, ["(2,z,)"]);
    })
    .await;
}
