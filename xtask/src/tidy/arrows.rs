//! cli, server, engine, pg, sync, schema: a crate knows only those below it. The simulator knows the decisions it tries out, and nobody
//! knows the simulator.

use super::Finding;
use super::repo::Repo;

/// From the top down. `testkit` may know all, and is known only to tests.
const LAYERS: [&str; 6] = ["cli", "server", "engine", "pg", "sync", "schema"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.ending("/Cargo.toml") {
        let name = file
            .path
            .trim_start_matches("crates/")
            .trim_end_matches("/Cargo.toml");
        if !file.path.starts_with("crates/") && name != "xtask" {
            continue;
        }
        let mut section = "";
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.starts_with('[') {
                section = line;
            } else if let Some(used) = ours(line)
                && section.contains("dependencies")
                && let Some(reason) = refused(name, used, section.contains("dev-"))
            {
                findings.push(Finding::new(file.path.as_str(), number, reason));
            }
        }
    }
    findings
}

/// The crate of ours that a dependency line names: `pg` for `ponte-pg.workspace = true`.
fn ours(line: &str) -> Option<&str> {
    line.strip_prefix("ponte-")?.split(['.', ' ', '=']).next()
}

fn refused(user: &str, used: &str, for_tests: bool) -> Option<String> {
    let layer = |name: &str| LAYERS.iter().position(|known| *known == name);
    if used == "testkit" {
        return (!for_tests).then(|| "testkit is for tests only".to_owned());
    }
    let Some(used_layer) = layer(used) else {
        return Some(format!(
            "{used} is in no layer: add it to the picture and to this rule"
        ));
    };
    match (user, layer(user)) {
        ("testkit", _) => None,
        ("sim", _) if used == "sync" => None,
        ("xtask", _) => Some("xtask depends on no crate of ours".into()),
        (_, Some(user_layer)) if user_layer < used_layer => None,
        _ => Some(format!(
            "{user} may not know {used}: arrows point downward, {}",
            LAYERS.join(" > ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(path: &str, text: &str) -> Vec<usize> {
        check(&Repo::of(&[(path, text)])).iter().map(|f| f.line).collect()
    }

    #[test]
    fn a_crate_may_know_those_below_and_testkit_in_tests() {
        let text = "[dependencies]\nponte-sync.workspace = true\n[dev-dependencies]\nponte-testkit.workspace = true\n";
        assert!(check_one("crates/pg/Cargo.toml", text).is_empty());
        assert!(check_one("crates/testkit/Cargo.toml", "[dependencies]\nponte-pg = {}\n").is_empty());
    }

    #[test]
    fn the_simulator_knows_the_decisions_and_nothing_else() {
        let check_sim = |used| {
            check_one(
                "crates/sim/Cargo.toml",
                &format!("[dependencies]\nponte-{used} = {{}}\n"),
            )
        };
        assert!(check_sim("sync").is_empty());
        assert_eq!(check_sim("pg"), [2]);
        let text = "[dev-dependencies]\nponte-sim = {}\n";
        assert_eq!(check_one("crates/pg/Cargo.toml", text), [2]);
    }

    #[test]
    fn a_crate_may_not_know_those_above_or_testkit() {
        assert_eq!(
            check_one(
                "crates/sync/Cargo.toml",
                "[dependencies]\nponte-pg.workspace = true\n"
            ),
            [2]
        );
        assert_eq!(
            check_one("crates/pg/Cargo.toml", "[dependencies]\nponte-testkit = {}\n"),
            [2]
        );
        assert_eq!(
            check_one("xtask/Cargo.toml", "[dependencies]\nponte-sync = {}\n"),
            [2]
        );
    }
}
