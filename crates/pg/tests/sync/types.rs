//! Values of every type come out as they went in, whatever the two databases would like to print.

use crate::support::{World, in_both_modes, number, settle, text};

/// Type and values that are hard to carry.
const VALUES: &[(&str, &[&str])] = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "32767"]),
    ("integer", &["-2147483648"]),
    ("bigint", &["9007199254740993", "-9223372036854775808"]),
    (
        "numeric",
        &[
            "NaN",
            "Infinity",
            "-Infinity",
            "0.000",
            "-0.10",
            "1e-500",
            "123456789012345678901234567890.0987654321",
        ],
    ),
    ("numeric(12,2)", &["1.5", "-0.00"]),
    ("real", &["-0", "NaN", "3.4028235e38", "1e-45"]),
    (
        "double precision",
        &["-0", "NaN", "Infinity", "0.1", "1.7976931348623157e308", "5e-324"],
    ),
    ("money", &["12345.67", "-0.01"]),
    (
        "text",
        &["", "a\\b\\n\\N", "linha\ncom\ttab\r", "'\"$$", "😀 ção 漢字"],
    ),
    ("varchar(5)", &["ab", "ab   "]),
    ("char(6)", &["ab", ""]),
    ("\"char\"", &["x", ""]),
    ("name", &["nome"]),
    ("bytea", &["\\x", "\\x000102ff5c", "\\\\000\\\\377"]),
    (
        "date",
        &["4713-01-01 BC", "5874897-12-31", "infinity", "-infinity"],
    ),
    ("time", &["24:00:00", "12:34:56.789012"]),
    ("timetz", &["12:34:56.789012-03:30", "00:00:00+15:59"]),
    (
        "timestamp",
        &["0044-03-15 12:00 BC", "294276-12-31 23:59:59.999999", "infinity"],
    ),
    (
        "timestamptz",
        &["2024-03-10 02:30:00.000001-05", "0001-01-01 BC", "-infinity"],
    ),
    (
        "interval",
        &[
            "1 year -2 mons +3 days -04:05:06.789",
            "-178000000 years",
            "24 hours",
            "1 day",
        ],
    ),
    ("uuid", &["6ba7b810-9dad-11d1-80b4-00c04fd430c8"]),
    (
        "json",
        &["{\"b\":1, \"a\":2,\"b\":3}", "null", "[1.0, 1.00]", "\"\\u00e9\""],
    ),
    ("jsonb", &["{\"b\":1, \"a\":1.00}", "null"]),
    ("jsonpath", &["$.a[*] ? (@ > 1)"]),
    ("xml", &["<a b=\"c\">d</a>", "texto <b/> solto"]),
    ("bit(5)", &["10101"]),
    ("bit varying", &["", "1", "0000000001"]),
    ("inet", &["10.0.0.1/8", "::ffff:1.2.3.4"]),
    ("cidr", &["10.0.0.0/8", "2001:db8::/32"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("point", &["(1.1,-0)"]),
    ("line", &["{1,2,3}"]),
    ("lseg", &["[(0,0),(1,1)]"]),
    ("box", &["(1,1),(0,0)"]),
    ("path", &["[(0,0),(1,1)]", "((0,0),(1,1))"]),
    ("polygon", &["((0,0),(1,1),(1,0))"]),
    ("circle", &["<(0.1,0.2),3>"]),
    ("tsvector", &["a:1A fat:2,4B 'O''B'"]),
    ("tsquery", &["fat & (rat | !cat:AB)"]),
    ("int4range", &["[1,5)", "empty", "(,3)"]),
    ("numrange", &["[1.0,2.00]", "(,)"]),
    ("tstzrange", &["[2024-01-01 00:00-03,infinity)"]),
    ("int8multirange", &["{[1,2),[5,9)}", "{}"]),
    ("tstzmultirange", &["{[2024-01-01 00:00-03,2024-01-02 00:00-03)}"]),
    ("pg_lsn", &["16/B374D848"]),
    ("pg_snapshot", &["10:20:10,14"]),
    ("xid8", &["18446744073709551615"]),
    ("oid", &["4294967295"]),
    ("regclass", &["pg_catalog.pg_class", "nota"]),
    ("int[]", &["{}", "[-1:1]={1,NULL,3}", "{{1,2},{3,4}}"]),
    ("text[]", &["{NULL,\"NULL\",\"\",\"a,b\",\"\\\"\"}"]),
    ("numeric[]", &["{1.0,1.00,NaN}"]),
    ("timestamptz[]", &["{2024-01-01 00:00-03,infinity}"]),
    ("humor", &["feliz", "muito triste"]),
    ("humor[]", &["{feliz,\"muito triste\",NULL}"]),
    (
        "endereco",
        &["(\"Rua \"\"A\"\", 1\",,\"2024-01-01 00:00:00-03\",0.1)", "(,,,)"],
    ),
    ("endereco[]", &["{\"(a,b,,)\",NULL}"]),
    ("cep", &["01000-000"]),
    ("cep[]", &["{01000-000}"]),
    ("faixa", &["[0.1,0.30)"]),
    ("hstore", &["a=>1, \"b c\"=>NULL"]),
    ("citext", &["MaiÚscula"]),
    ("ltree", &["topo.meio.fim"]),
    ("cube", &["(1,2),(3,4)"]),
];

fn schema(major: i64) -> String {
    let mut schema = "CREATE TABLE nota (id int);
        CREATE TYPE humor AS ENUM ('feliz', 'muito triste'); CREATE DOMAIN cep AS text CHECK (VALUE LIKE '_____-___');
        CREATE TYPE endereco AS (rua text, bairro varchar(20), desde timestamptz, x double precision);
        CREATE TYPE faixa AS RANGE (subtype = numeric);
        CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube;"
        .to_owned();
    for (table, portable) in [("binario", true), ("misto", false)] {
        let columns: Vec<String> = VALUES
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| exists(name, major) && (!portable || is_built_in(name)))
            .map(|(n, (name, _))| format!("v{n} {name}"))
            .collect();
        schema += &format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, grande bytea, {});",
            columns.join(", ")
        );
    }
    schema
}

/// Whether servers of this major version have the type.
fn exists(name: &str, major: i64) -> bool {
    major >= 14 || !name.ends_with("multirange")
}

fn is_built_in(name: &str) -> bool {
    let ours = [
        "humor", "endereco", "cep", "faixa", "hstore", "citext", "ltree", "cube", "regclass",
    ];
    !ours.iter().any(|own| name.starts_with(own))
}

fn inserts(table: &str, portable: bool, major: i64) -> String {
    let rows = VALUES.iter().map(|(_, values)| values.len()).max().unwrap();
    let mut sql = String::new();
    for row in 0..rows {
        let (mut columns, mut values) = (String::new(), String::new());
        for (n, (name, all)) in VALUES.iter().enumerate() {
            let takes =
                row < all.len() && (major >= 14 || *name != "numeric" || !all[row].ends_with("Infinity"));
            if exists(name, major) && (!portable || is_built_in(name)) && takes {
                columns += &format!(", v{n}");
                values += &format!(", '{}'::{name}", all[row].replace('\'', "''"));
            }
        }
        sql += &format!(
            "INSERT INTO {table} (id, grande{columns}) SELECT {row}, (SELECT string_agg(sha256(g::text::bytea), '') FROM generate_series(1, {}) g){values};",
            32_768 * i32::from(row == 0) + 1
        );
    }
    sql
}

/// AT-090: over the binary and the text form. AT-092: NaN, infinities, -0, scales, numbers over 2^53. AT-093: json as it was typed,
/// null against NULL. AT-095: ranges, enums, domains, composites, extensions. The databases would print all of it differently.
#[tokio::test]
async fn every_value_comes_out_as_it_went_in() {
    in_both_modes("SELECT 1", async |world| {
        let major = world.older_major().await;
        // hstore and its like are trusted extensions: the owner may create them.
        world.both(&schema(major)).await;
        // From here on, the two databases would print almost everything differently.
        world
            .sides(
                "ALTER DATABASE app SET DateStyle = 'German'; ALTER DATABASE app SET IntervalStyle = 'sql_standard'; \
                 ALTER DATABASE app SET TimeZone = 'America/Sao_Paulo'; ALTER DATABASE app SET extra_float_digits = -5; \
                 ALTER DATABASE app SET bytea_output = 'escape'; ALTER DATABASE app SET default_transaction_isolation = 'serializable'",
                "ALTER DATABASE app SET DateStyle = 'SQL, MDY'; ALTER DATABASE app SET IntervalStyle = 'iso_8601'; \
                 ALTER DATABASE app SET TimeZone = 'Asia/Kathmandu'; ALTER DATABASE app SET extra_float_digits = 0; \
                 ALTER DATABASE app SET standard_conforming_strings = off; ALTER DATABASE app SET xmloption = 'document'",
            )
            .await;
        let mut link = world.init(&world.spec(&["binario", "misto"])).await;
        world.a(&inserts("binario", true, major)).await;
        world.b(&inserts("misto", false, major)).await;
        settle(&mut link).await;
        for table in ["binario", "misto"] {
            let rows = world.assert_equal(table).await;
            assert_eq!(rows.len(), 7, "{table}");
            assert!(rows[0].len() > 2_000_000);
        }
        assert!(link.compare().await.unwrap().iter().all(|t| t.equal()));
        assert!(!link.pass().await.unwrap().moved());
        // A large value stays where it is while another column changes, and is not changed by the way back.
        world.b("UPDATE binario SET v0 = NOT v0 WHERE id = 0; UPDATE misto SET v4 = 1.00 WHERE id = 0").await;
        settle(&mut link).await;
        world.assert_equal("binario").await;
        world.assert_equal("misto").await;
        world.a("UPDATE misto SET v4 = 1.000 WHERE id = 0; UPDATE binario SET v7 = 0 WHERE id = 0").await;
        settle(&mut link).await;
        world.assert_equal("binario").await;
        world.assert_equal("misto").await;
        world.a("DELETE FROM binario; DELETE FROM misto").await;
        settle(&mut link).await;
        assert_eq!(number(&world.b, "SELECT (SELECT count(*) FROM binario) + (SELECT count(*) FROM misto)").await, 0);
    })
    .await;
}

/// AT-090: the same through the first copy.
#[tokio::test]
async fn every_value_survives_the_first_copy_and_a_merge() {
    let world = World::with("SELECT 1").await;
    let major = world.older_major().await;
    world.both(&schema(major)).await;
    world.a(&inserts("binario", true, major)).await;
    world.both(&inserts("misto", false, major)).await;
    world
        .b("DELETE FROM misto WHERE id = 3; UPDATE misto SET v3 = 5 WHERE id = 4")
        .await;
    let mut link = world.init(&world.spec(&["binario", "misto"])).await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("binario").await.len(), 7);
    assert_eq!(world.assert_equal("misto").await.len(), 7);
    assert_eq!(world.conflicts().await, 1);
}

/// AT-097: values of one byte, eight kilobytes, one megabyte and 32, which do not travel in one piece; an update of another column
/// leaves them as they are.
#[tokio::test]
async fn large_values_arrive_and_survive_the_update_of_another_column() {
    let schema = "CREATE TABLE obra (id int PRIMARY KEY, corpo bytea, texto text, n int NOT NULL DEFAULT 0);";
    in_both_modes(schema, async |world| {
        world.both("ALTER TABLE obra ALTER corpo SET STORAGE EXTERNAL").await;
        let mut link = world.init(&world.spec(&["obra"])).await;
        for (id, bytes) in [1, 8_192, 1_048_576, 33_554_432].into_iter().enumerate() {
            world
                .a(&format!(
                    "INSERT INTO obra VALUES ({id}, decode(repeat('c3', {bytes}), 'hex'), repeat('é', {bytes} / 2))"
                ))
                .await;
        }
        settle(&mut link).await;
        let content = "SELECT string_agg(concat_ws(' ', id, length(corpo), md5(corpo), md5(texto), n), ',' ORDER BY id) FROM obra";
        assert_eq!(text(&world.a, content).await, text(&world.b, content).await);
        world.b("UPDATE obra SET n = n + 1").await;
        settle(&mut link).await;
        assert_eq!(text(&world.a, content).await, text(&world.b, content).await);
        assert_eq!(number(&world.a, "SELECT sum(n) FROM obra").await, 4);
    })
    .await;
}
