//! The release in `Cargo.toml` has its heading in `CHANGELOG.md`.

use super::Finding;
use super::repo::Repo;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let manifest = repo
        .file("Cargo.toml")
        .map(|file| file.text.as_str())
        .unwrap_or_default();
    let release = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let Some(release) = release else {
        return vec![Finding::new("Cargo.toml", 0, "the workspace has no version")];
    };
    let heading = format!("## {release}");
    let known = repo
        .file("CHANGELOG.md")
        .is_some_and(|file| file.text.lines().any(|line| line.starts_with(&heading)));
    if known {
        Vec::new()
    } else {
        vec![Finding::new(
            "CHANGELOG.md",
            0,
            format!("there is no heading \"{heading}\""),
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_needs_its_heading() {
        let check_one = |log| {
            check(&Repo::of(&[
                ("Cargo.toml", "version = \"0.2.0\"\n"),
                ("CHANGELOG.md", log),
            ]))
        };
        assert!(check_one("# Changes\n\n## 0.2.0, not released\n").is_empty());
        assert_eq!(check_one("## 0.1.0\n").len(), 1);
    }
}
