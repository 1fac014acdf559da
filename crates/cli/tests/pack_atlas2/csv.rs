//! A CSV file goes the whole way: upload, job, mapping, rules, results, and rejected rows with their reasons.

use std::fmt::Write as _;

use crate::packs::{execute, number, text, texts};
use crate::{Tenant, atlas2, load};

const HEADER: &str = "Nr,Name,E-mail,Amount,Day";
/// Line, and what became of it.
const OUTCOMES: &str = "SELECT row_number || ' ' || coalesce(data::text, (SELECT string_agg(concat_ws(' ', e ->> 'column', e ->> 'field', e ->> 'reason'), '; ') \
     FROM jsonb_array_elements(errors) e)) FROM processing_results WHERE job_id = '{}' ORDER BY row_number";

#[tokio::test]
async fn rows_are_mapped_transformed_and_checked_and_the_bad_ones_say_why() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let lines = [
        HEADER,
        "1,\" Ana, \"\"A\"\" \",ANA@X.com,10.50,1/2/2024",
        "2,\"two\r\nlines\",b@x.com,,29/02/2024",
        "3,\"bad\"x,c@x.com,1,01/01/2024",
        "4,a \"quote\" inside,c@x.com,1,01/01/2024",
        "5,\"never closed,c@x.com,1,01/01/2024",
        "6,short",
        "7,too,long@x.com,1,01/01/2024,more",
        "",
        "eight,,nobody,1e,31/02/2024",
        "9,nul \0 byte,c@x.com,1,01/01/2024",
        "10,last,,-3,",
    ];
    let file = format!("\u{feff}{}", lines.join("\r\n"));
    let job = web.job("a.csv", file.as_bytes(), "',', NULL").await;
    execute(&web.client, &format!("CALL process_job('{job}')")).await;
    assert_eq!(
        texts(&web.client, &OUTCOMES.replace("{}", &job)).await,
        [
            r#"2 {"id": 1, "day": "2024-02-01", "name": "Ana, \"A\"", "email": "ana@x.com", "state": "open", "amount": 10.50}"#,
            r#"3 {"id": 2, "day": "2024-02-29", "name": "two\r\nlines", "email": "b@x.com", "state": "open", "amount": null}"#,
            "5 2 a quote is in the wrong place or not closed",
            "6 2 a quote is in the wrong place or not closed",
            "7 2 a quote is in the wrong place or not closed",
            "8 3 has 2 fields instead of 5",
            "9 6 has 6 fields instead of 5",
            "11 1 id is not a whole number of at most 18 digits; 2 name is required; 3 email is not an e-mail address; 4 amount is not a number; 5 day is not a date as YYYY-MM-DD",
            "12 contains a NUL or another control character",
            r#"13 {"id": 10, "day": null, "name": "last", "email": null, "state": "open", "amount": -3}"#,
        ]
    );
    let counts = format!(
        "SELECT status || ' ' || rows_succeeded || ' ' || rows_rejected || ' ' || (checkpoint_bytes = (SELECT size_bytes FROM file_data)) \
         FROM processing_jobs WHERE id = '{job}'"
    );
    assert_eq!(text(&web.client, &counts).await, "completed 3 7 true");
    let raw = "SELECT raw FROM processing_results WHERE row_number = 7";
    assert_eq!(
        text(&web.client, raw).await,
        "5,\"never closed,c@x.com,1,01/01/2024"
    );
}

#[tokio::test]
async fn encodings_delimiters_and_line_ends_of_all_kinds_come_in() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let latin1 = [HEADER.as_bytes(), b"\n1,Jo\xe3o,,,\n"].concat();
    let windows = [HEADER.as_bytes(), b"\n1,\x80 5,,,\n"].concat();
    let semicolons = HEADER.replace(',', ";") + "\n1;\"a;b\";;;\n";
    let tabs = HEADER.replace(',', "\t") + "\n1\ta,b\t\t\t";
    let macintosh = format!("{HEADER}\r1,mac,,,\r");
    let utf8 = format!("{HEADER}\n1,日本,,,");
    let header = "\"Nr\",\"Name\",\"E-mail\",Amount,\"Day\"\n1,quoted,,,\n";
    let cases: [(&[u8], &str, &str); 7] = [
        (&latin1, "',', NULL", "João"),
        (&windows, "',', 'WIN1252'", "€ 5"),
        (semicolons.as_bytes(), "';', NULL", "a;b"),
        (tabs.as_bytes(), "E'\\t', NULL", "a,b"),
        (macintosh.as_bytes(), "',', NULL", "mac"),
        (utf8.as_bytes(), "',', NULL", "日本"),
        (header.as_bytes(), "',', NULL", "quoted"),
    ];
    for (number, (content, options, name)) in (1..).zip(cases) {
        let job = web.job(&format!("{number}.csv"), content, options).await;
        execute(&web.client, &format!("CALL process_job('{job}')")).await;
        let found = format!(
            "SELECT coalesce(string_agg(data ->> 'name', '|'), '') FROM processing_results WHERE job_id = '{job}'"
        );
        assert_eq!(text(&web.client, &found).await, name);
    }
    // What cannot be read at all says why, and nothing of it is written.
    let utf16: Vec<u8> = "\u{feff}Nr,Name\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let cases: [(&[u8], &str, &str); 6] = [
        (&utf16, "',', NULL", "the file is in UTF-16; save it as UTF-8"),
        (&latin1, "',', 'UTF8'", "the file is not in UTF8"),
        (
            b"Nr,Name\n1,a\n",
            "',', NULL",
            "the file has no column \"E-mail\", which the mapping needs for the field \"email\"",
        ),
        (
            b"Nr,Nr\n1,a\n",
            "',', NULL",
            "the header has the column \"Nr\" twice",
        ),
        (b"Nr,,Name\n", "',', NULL", "column 2 of the header has no name"),
        (b"\n\n", "',', NULL", "the file has no header"),
    ];
    let owner = pack.owner().await;
    execute(&owner, "DELETE FROM file_data").await;
    for (number, (content, options, reason)) in (1..).zip(cases) {
        let job = web.job(&format!("{number}.txt"), content, options).await;
        execute(&web.client, &format!("CALL process_job('{job}')")).await;
        let message =
            format!("SELECT status || ': ' || error_message FROM processing_jobs WHERE id = '{job}'");
        assert_eq!(text(&web.client, &message).await, format!("failed: {reason}"));
    }
    assert_eq!(
        number(&web.client, "SELECT count(*) FROM processing_results").await,
        0
    );
}

#[tokio::test]
async fn the_loader_takes_ten_thousand_columns_refuses_what_is_not_allowed_and_loads_nothing_twice() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let write = |name: &str, text: &str| std::fs::write(pack.path().join(name), text).unwrap();
    let wide = |prefix: &str| {
        (1..=10_000)
            .map(|n| format!("{prefix}{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    write(
        "wide.csv",
        &format!("{}\n{}\n{}\n1,2\n", wide("c"), wide("a"), wide("\"b\"\"")),
    );
    write("wide.exe", "x");
    write("good name.csv", &format!("{HEADER}\n1,a,,,\n2,b,,,\n"));
    let (code, said) = load(&pack, &web, &["wide.csv"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("completed: 1 rows, 2 rejected"), "{said}");
    let last = "SELECT data ->> 'c10000' FROM processing_results WHERE data IS NOT NULL";
    assert_eq!(text(&web.client, last).await, "a10000");
    let (code, said) = load(&pack, &web, &["--mapping", "orders", "good name.csv"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("completed: 2 rows, 0 rejected"), "{said}");
    for (arguments, reason) in [
        (vec!["wide.exe"], "may not be uploaded"),
        (vec!["missing.csv"], "cannot read missing.csv"),
        (
            vec!["--mapping", "nothing", "wide.csv"],
            "no mapping with the name nothing",
        ),
        (vec!["--delimeter", ";", "wide.csv"], "there is no option"),
    ] {
        let (code, said) = load(&pack, &web, &arguments).await;
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(number(&web.client, "SELECT count(*) FROM file_data").await, 2);
}

#[tokio::test]
async fn a_job_whose_process_and_server_are_killed_goes_on_where_it_stopped() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let mut file = format!("{HEADER}\n");
    for n in 1..=40_000 {
        let name = if n % 3 == 0 { "\"two\nlines\"" } else { "one" };
        writeln!(file, "{n},{name},a@x.com,1.5,01/02/2024").unwrap();
    }
    let job = web.job("big.csv", file.as_bytes(), "',', NULL").await;
    execute(&web.client, &format!("SELECT start_job('{job}')")).await;
    // Small slices, so that there is something to be killed between; each cut falls somewhere else.
    let batch = format!("SELECT process_job_batch('{job}', 30011)");
    for _ in 0..3 {
        assert_eq!(text(&web.client, &batch).await, "running");
    }
    let written = number(&web.client, "SELECT count(*) FROM processing_results").await;
    assert!((1_500..10_000).contains(&written), "{written}");
    // Process and server die in the middle of a slice.
    let session = ponte_testkit::connect(&pack.cluster.url("atlas2", "web")).await;
    let tenant = format!("SET app.current_user_id = '{}'", web.id);
    execute(&session, &format!("{tenant}; BEGIN; {batch}")).await;
    pack.cluster.kill().await;
    pack.cluster.restart().await;
    let client = ponte_testkit::connect(&pack.cluster.url("atlas2", "web")).await;
    execute(&client, &tenant).await;
    let web = Tenant { client, ..web };
    let owner = pack.owner().await;
    assert_eq!(
        number(&web.client, "SELECT count(*) FROM processing_results").await,
        written
    );
    for _ in 0..10 {
        assert_eq!(text(&web.client, &batch).await, "running");
    }
    std::fs::write(pack.path().join("big.csv"), &file).unwrap();
    let (code, said) = load(&pack, &web, &["--mapping", "orders", "big.csv"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(&format!("job {job} completed: 40000 rows, 0 rejected")),
        "{said}"
    );
    let ids = "SELECT count(DISTINCT data ->> 'id') FROM processing_results WHERE job_id = '{}'"
        .replace("{}", &job);
    assert_eq!(number(&owner, &ids).await, 40_000);
    let lines = "SELECT max(row_number) FROM processing_results";
    assert_eq!(
        number(&owner, lines).await,
        53_334,
        "every third row has two lines"
    );
}

#[tokio::test]
async fn sessions_share_a_job_and_what_a_killed_one_took_is_written_once() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let mut file = format!("{HEADER}\n");
    for n in 1..=130_000 {
        let name = if n % 5 == 0 { "\"two\nlines\"" } else { "one" };
        let email = if n % 1_000 == 0 { "nobody" } else { "a@example.com" };
        writeln!(file, "{n},{name},{email},1.5,01/02/2024").unwrap();
    }
    let job = web.job("shared.csv", file.as_bytes(), "',', NULL").await;
    execute(&web.client, &format!("SELECT start_job('{job}')")).await;
    // One session takes a slice and is gone; another one dies while it writes what it took.
    let take = format!("SELECT at_byte FROM take_slice('{job}', 700001)");
    execute(&web.client, &take).await;
    let taken = number(&web.client, &take).await;
    let session = ponte_testkit::connect(&pack.cluster.url("atlas2", "web")).await;
    execute(&session, &format!("SET app.current_user_id = '{}'", web.id)).await;
    let write = format!("BEGIN; SELECT write_slice('{job}', {taken}, NULL, NULL, NULL)");
    execute(&session, &write).await;
    let pid = number(&session, "SELECT pg_backend_pid()::bigint").await;
    let superuser = pack.superuser().await;
    execute(&superuser, &format!("SELECT pg_terminate_backend({pid})")).await;
    assert_eq!(
        number(&web.client, "SELECT count(*) FROM processing_results").await,
        0
    );
    assert_eq!(
        text(&web.client, &format!("SELECT process_job_batch('{job}', 700001)")).await,
        "running"
    );

    std::fs::write(pack.path().join("shared.csv"), &file).unwrap();
    let arguments = ["--mapping", "orders", "--sessions", "3", "shared.csv"];
    let (code, said) = load(&pack, &web, &arguments).await;
    assert_eq!(code, 1, "{said}");
    let outcome = format!("job {job} completed: 129870 rows, 130 rejected");
    assert!(said.contains(&outcome), "{said}");
    let written = "SELECT count(*) || ' ' || count(DISTINCT data ->> 'id') || ' ' || max(row_number) || ' ' || \
         (SELECT unwritten::text FROM processing_jobs) FROM processing_results";
    assert_eq!(text(&web.client, written).await, "130000 129870 156000 {}");
    let sessions = "SELECT count(DISTINCT xmin::text) FROM processing_results";
    assert!(
        number(&superuser, sessions).await > 3,
        "each slice is a transaction of its own"
    );
}
