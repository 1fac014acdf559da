//! What `deny.toml` says about dependencies, checked without a network: licences, banned crates, sources. cargo-deny reads
//! the same file and knows advisories as well.

use std::process::Command;

use serde_json::Value;
use toml::Table;

use super::Finding;
use super::repo::Repo;

const FILE: &str = "deny.toml";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let trouble = |message: String| vec![Finding::new(FILE, 0, message)];
    let Some(file) = repo.file(FILE) else {
        return trouble("the file is missing".into());
    };
    let rules = match file.text.parse::<Table>() {
        Ok(table) => Rules::read(&table),
        Err(e) => return trouble(e.to_string()),
    };
    match metadata(repo) {
        Ok(metadata) => packages(&metadata)
            .iter()
            .flat_map(|package| rules.check(package))
            .collect(),
        Err(e) => trouble(e),
    }
}

/// The dependencies of this platform: those of others are in `Cargo.lock` and not on the machine.
fn metadata(repo: &Repo) -> Result<Value, String> {
    let platform = format!("--filter-platform={}", host()?);
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--offline",
            "--format-version=1",
            &platform,
        ])
        .current_dir(repo.root())
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(format!("run `cargo fetch --locked` first: {reason}"));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cannot read what cargo says: {e}"))
}

fn host() -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|e| format!("cannot run rustc: {e}"))?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "rustc does not name its host".to_owned())
}

#[derive(Debug)]
struct Package {
    name: String,
    license: Option<String>,
    /// None for our own crates.
    source: Option<String>,
}

fn packages(metadata: &Value) -> Vec<Package> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    packages
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).unwrap_or_default(),
            license: text(&package["license"]),
            source: text(&package["source"]),
        })
        .collect()
}

#[derive(Debug, Default)]
struct Rules {
    licenses: Vec<String>,
    banned: Vec<(String, String)>,
    registries: Vec<String>,
}

impl Rules {
    fn read(table: &Table) -> Self {
        let list = |section: &str, key: &str| {
            let items = table
                .get(section)
                .and_then(|section| section.get(key))
                .and_then(toml::Value::as_array);
            items.cloned().unwrap_or_default()
        };
        let texts = |items: Vec<toml::Value>| {
            items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect()
        };
        let field = |item: &toml::Value, key: &str| {
            item.get(key)
                .and_then(toml::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            licenses: texts(list("licenses", "allow")),
            banned: list("bans", "deny")
                .iter()
                .map(|item| (field(item, "crate"), field(item, "reason")))
                .collect(),
            registries: texts(list("sources", "allow-registry")),
        }
    }

    fn check(&self, package: &Package) -> Vec<Finding> {
        let Package {
            name,
            license,
            source,
        } = package;
        let mut messages = Vec::new();
        if let Some((_, reason)) = self.banned.iter().find(|(banned, _)| banned == name) {
            messages.push(format!("{name} is banned: {reason}"));
        }
        if let Some(source) = source
            && !self
                .registries
                .iter()
                .any(|registry| source.strip_prefix("registry+") == Some(registry))
        {
            messages.push(format!("{name} comes from {source}"));
        }
        match license {
            Some(license) if self.allows(license) => {}
            Some(license) => messages.push(format!("{name} is licensed as {license}")),
            None => messages.push(format!("{name} names no licence")),
        }
        messages
            .into_iter()
            .map(|message| Finding::new("Cargo.lock", 0, message))
            .collect()
    }

    /// An SPDX expression: `OR` binds weaker than `AND`, `/` is an old spelling of `OR`.
    fn allows(&self, expression: &str) -> bool {
        let expression = expression
            .replace('/', " OR ")
            .replace('(', " ( ")
            .replace(')', " ) ");
        let mut words = expression.split_whitespace().peekable();
        self.any(&mut words)
    }

    fn any<'a>(&self, words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> bool {
        let mut allowed = self.all(words);
        while words.next_if_eq(&"OR").is_some() {
            allowed |= self.all(words);
        }
        allowed
    }

    fn all<'a>(&self, words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> bool {
        let mut allowed = self.one(words);
        while words.next_if_eq(&"AND").is_some() {
            allowed &= self.one(words);
        }
        allowed
    }

    fn one<'a>(&self, words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> bool {
        let Some(word) = words.next() else {
            return false;
        };
        if word == "(" {
            let allowed = self.any(words);
            return words.next() == Some(")") && allowed;
        }
        let mut license = word.to_owned();
        if words.next_if_eq(&"WITH").is_some() {
            license = format!("{word} WITH {}", words.next().unwrap_or_default());
        }
        self.licenses.contains(&license)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::read(
            &"[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"Apache-2.0 WITH LLVM-exception\"]\n\
              [bans]\ndeny = [{ crate = \"openssl\", reason = \"no\" }]\n\
              [sources]\nallow-registry = [\"https://example.org/index\"]\n"
                .parse()
                .unwrap(),
        )
    }

    fn check_one(name: &str, license: Option<&str>, source: Option<&str>) -> usize {
        let package = Package {
            name: name.into(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        rules().check(&package).len()
    }

    #[test]
    fn licence_expressions_are_understood() {
        let allows = |expression: &str| rules().allows(expression);
        assert!(allows("MIT"));
        assert!(allows("GPL-3.0 OR MIT"));
        assert!(allows("MIT/GPL-3.0"));
        assert!(allows("(MIT OR GPL-3.0) AND Apache-2.0"));
        assert!(allows("Apache-2.0 WITH LLVM-exception"));
        assert!(!allows("MIT AND GPL-3.0"));
        assert!(!allows("(MIT OR Apache-2.0) AND GPL-3.0"));
        assert!(!allows("GPL-3.0"));
        assert!(!allows(""));
    }

    #[test]
    fn bans_sources_and_missing_licences_are_found() {
        let registry = Some("registry+https://example.org/index");
        assert_eq!(check_one("ours", Some("MIT"), None), 0);
        assert_eq!(check_one("fine", Some("MIT"), registry), 0);
        assert_eq!(check_one("openssl", Some("MIT"), registry), 1);
        assert_eq!(
            check_one("fork", Some("MIT"), Some("git+https://example.org/fork")),
            1
        );
        assert_eq!(check_one("unlicensed", None, registry), 1);
    }
}
