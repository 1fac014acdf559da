//! Variables and keys of users reach their table only encrypted.

use std::io::Write;
use std::process::{Output, Stdio};

use tokio_postgres::Client;

use crate::packs::{Pack, execute, number, refused, text, texts};
use crate::{Member, synapscale};

/// Runs `ponte secret` with a value on its standard input.
async fn secret(pack: &Pack, verb: &str, context: &str, input: &str) -> Output {
    let mut command = pack.command(&["secret", verb, "--keys", "keys.json", "--context", context]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn succeeds(pack: &Pack, verb: &str, context: &str, input: &str) -> String {
    let run = secret(pack, verb, context, input).await;
    assert!(
        run.status.success(),
        "{verb}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn a_key_goes_in_sealed_comes_out_in_its_row_and_survives_a_rotation() {
    let pack = synapscale().await;
    let ana = Member::registered(&pack, "ana").await;
    pack.json(&["keygen", "sealing", "--keys", "keys.json", "--id", "2026-11"])
        .await;
    let place = |key: &str| format!("user_variables:{}:{key}", ana.id);
    for key in ["OPENAI_API_KEY", "OTHER"] {
        let sealed = succeeds(&pack, "seal", &place(key), &format!("sk-of-{key}")).await;
        let insert = format!(
            "INSERT INTO user_variables (user_id, key, sealed_value, category, provider) VALUES ('{}', '{key}', '{sealed}', 'api_key', 'openai')",
            ana.id
        );
        execute(&ana.client, &insert).await;
    }
    let owner = pack.owner().await;
    assert_eq!(
        number(
            &owner,
            "SELECT count(*) FROM user_variables v WHERE v::text LIKE '%sk-of%'"
        )
        .await,
        0
    );
    let stored = "SELECT sealed_value FROM user_variables WHERE key = 'OPENAI_API_KEY'";
    let sealed = text(&ana.client, stored).await;
    assert_eq!(
        succeeds(&pack, "open", &place("OPENAI_API_KEY"), &sealed).await,
        "sk-of-OPENAI_API_KEY"
    );
    // In another row, or with another end, it does not open, and nothing of it is said.
    let tampered = format!(
        "{}{}",
        &sealed[..sealed.len() - 1],
        if sealed.ends_with('A') { 'B' } else { 'A' }
    );
    for (context, value) in [
        (place("OTHER"), &sealed),
        (place("OPENAI_API_KEY"), &tampered),
        (place("OPENAI_API_KEY"), &"sk-plain".to_owned()),
    ] {
        let run = secret(&pack, "open", &context, value).await;
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2));
        assert!(run.stdout.is_empty());
        assert!(said.contains("secret.sealed") && !said.contains("sk-"), "{said}");
    }
    reseal(&pack, &owner, &place).await;
    let opened = succeeds(
        &pack,
        "open",
        &place("OPENAI_API_KEY"),
        &text(&owner, stored).await,
    )
    .await;
    assert_eq!(opened, "sk-of-OPENAI_API_KEY");
    // Another ring opens nothing.
    std::fs::remove_file(pack.path().join("keys.json")).unwrap();
    pack.json(&["keygen", "sealing", "--keys", "keys.json", "--id", "2026-12"])
        .await;
    let run = secret(
        &pack,
        "open",
        &place("OPENAI_API_KEY"),
        &text(&owner, stored).await,
    )
    .await;
    assert_eq!(run.status.code(), Some(2));
}

/// A new key: what the old one sealed is found by its id and sealed anew.
async fn reseal(pack: &Pack, owner: &Client, place: &impl Fn(&str) -> String) {
    pack.json(&["keygen", "sealing", "--keys", "keys.json", "--id", "2026-12"])
        .await;
    let old = texts(
        owner,
        "SELECT key FROM user_variables WHERE split_part(sealed_value, '.', 2) = '2026-11'",
    )
    .await;
    assert_eq!(old.len(), 2);
    for key in old {
        let sealed = text(
            owner,
            &format!("SELECT sealed_value FROM user_variables WHERE key = '{key}'"),
        )
        .await;
        let anew = succeeds(pack, "reseal", &place(&key), &sealed).await;
        assert!(anew.starts_with("v1.2026-12."), "{anew}");
        execute(
            owner,
            &format!("UPDATE user_variables SET sealed_value = '{anew}' WHERE key = '{key}'"),
        )
        .await;
    }
}

#[tokio::test]
async fn the_table_takes_nothing_but_ciphertext() {
    let pack = synapscale().await;
    let ana = Member::registered(&pack, "ana").await;
    let data = "A".repeat(38);
    for value in [
        "sk-live-4242424242424242424242424242424242424242".to_owned(),
        String::new(),
        format!("v1..{data}"),
        format!("v2.key.{data}"),
        format!("v1.key.{}", "A".repeat(37)),
        format!("v1.key.{}", "A".repeat(41)),
        format!("v1.key.{data}="),
        format!("v1.{}.{data}", "k".repeat(33)),
        format!("v1.key.{data}\nsk-plain"),
    ] {
        let insert = format!(
            "INSERT INTO user_variables (user_id, key, sealed_value) VALUES ('{}', 'TOKEN', '{value}')",
            ana.id
        );
        let (state, message) = refused(&ana.client, &insert).await;
        assert_eq!(state, "23514", "{value}");
        assert!(message.contains("user_variables_value_sealed"), "{message}");
    }
    let good = format!(
        "INSERT INTO user_variables (user_id, key, sealed_value) VALUES ('{}', 'TOKEN', 'v1.key.{data}')",
        ana.id
    );
    execute(&ana.client, &good).await;
}
