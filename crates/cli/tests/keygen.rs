//! `ponte keygen` from outside.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn ponte(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
    command.args(arguments).current_dir(directory).env_clear();
    command.output().unwrap()
}

#[test]
fn oauth_keys_are_one_json_document_and_the_public_set_holds_nothing_private() {
    let directory = tempfile::tempdir().unwrap();
    let made = |arguments: &[&str]| {
        let output = ponte(directory.path(), arguments);
        assert!(output.status.success());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let keys = made(&["keygen", "oauth"]);
    let again = made(&["keygen", "oauth", "--output", "json"]);
    assert_ne!(
        keys["private_jwk"]["d"], again["private_jwk"]["d"],
        "new ones each time"
    );
    let private = &keys["private_jwk"];
    let public = &keys["public_jwks"]["keys"][0];
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(public), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    for member in members(public) {
        assert_eq!(public[&member], private[&member]);
    }
    assert_eq!(private["d"].as_str().unwrap().len(), 43);
    assert_eq!(
        keys["encryption_key"].as_str().unwrap().len(),
        43,
        "32 bytes in base64url"
    );
}

#[test]
fn a_key_file_is_never_written_over_nor_guessed_at() {
    let directory = tempfile::tempdir().unwrap();
    let keys = |id: &str| {
        ponte(
            directory.path(),
            &["keygen", "sealing", "--keys", "keys.json", "--id", id],
        )
    };
    let file = directory.path().join("keys.json");
    assert!(keys("a").status.success());
    let first = std::fs::read_to_string(&file).unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    let taken = keys("a");
    assert_eq!(taken.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&taken.stderr).contains("secret.keys"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
    assert!(keys("b").status.success());
    let ring: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        (&ring["current"], ring["keys"].as_object().unwrap().len()),
        (&"b".into(), 2)
    );
    std::fs::write(&file, "not keys").unwrap();
    assert_eq!(keys("c").status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not keys");
    let missing = ponte(
        directory.path(),
        &["secret", "seal", "--keys", "none.json", "--context", "x"],
    );
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("ponte keygen sealing"));
}
