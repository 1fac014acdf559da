//! What holds for every pack, whatever it is for.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn migrations_of_the_packs_are_without_danger_and_lead_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut packs: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("ponte.toml").is_file())
        .collect();
    packs.sort();
    assert!(packs.len() >= 6, "packs are missing: {packs:?}");
    for pack in &packs {
        for look in ["lint", "test"] {
            let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
                .arg("-C")
                .arg(pack)
                .args(["migrate", look])
                .env_clear()
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{} {look}: {}{}",
                pack.display(),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}
