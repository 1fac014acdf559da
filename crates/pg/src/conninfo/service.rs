//! Connection services: named groups of settings in `~/.pg_service.conf` or the file that `PGSERVICEFILE` names.

use std::path::{Path, PathBuf};

use crate::conninfo::keyword::Keyword;
use crate::conninfo::settings::{Origin, Settings, invalid};
use crate::conninfo::{Environment, home};
use crate::error::{Error, Result};

/// Fills what the connection string leaves open from the service that it, or `PGSERVICE`, names.
pub(crate) fn fill(settings: &mut Settings, environment: Environment<'_>) -> Result<()> {
    let from_variable = || environment("PGSERVICE").filter(|name| !name.is_empty());
    let Some(service) = settings
        .get(Keyword::Service)
        .map(str::to_owned)
        .or_else(from_variable)
    else {
        return Ok(());
    };
    let files = files(environment);
    for file in &files {
        let Some(text) = read(file)? else { continue };
        if let Some(pairs) = section(&text, &service).map_err(|e| e.with("file", file.display()))? {
            for (name, value) in pairs {
                let mut one = Settings::default();
                one.assign(&name, value, Origin::Service(service.clone()))
                    .map_err(|e| e.with("service", &service).with("file", file.display()))?;
                for (keyword, setting) in one.iter() {
                    settings.fill(keyword, setting.value.clone(), setting.origin.clone());
                }
            }
            return Ok(());
        }
    }
    let searched: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    Err(invalid(format!("there is no service {service}"))
        .with("searched", searched.join(", "))
        .hint("name the service file in PGSERVICEFILE, or define the service in ~/.pg_service.conf"))
}

/// The files in the order in which they are searched.
fn files(environment: Environment<'_>) -> Vec<PathBuf> {
    let users = environment("PGSERVICEFILE")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| home(environment).map(|home| home.join(".pg_service.conf")));
    let systems = environment("PGSYSCONFDIR").map(|dir| Path::new(&dir).join("pg_service.conf"));
    users.into_iter().chain(systems).collect()
}

fn read(file: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(invalid("the service file cannot be read")
            .with("file", file.display())
            .because(e)),
    }
}

/// The pairs of one section, if the file has it.
fn section(text: &str, service: &str) -> Result<Option<Vec<(String, String)>>, Error> {
    let mut pairs = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            if pairs.is_some() {
                break;
            }
            pairs = (name.0 == service).then(Vec::new);
        } else if let Some(pairs) = &mut pairs {
            let Some((name, value)) = line.split_once('=') else {
                return Err(invalid(format!(
                    "line {} of the service file has no equals sign",
                    index + 1
                )));
            };
            if name.trim() == "service" {
                return Err(invalid(format!(
                    "line {} of the service file names another service",
                    index + 1
                )));
            }
            pairs.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# ours\n[other]\nhost=no\n[app]\n host = db1 \n\n# again\nport=5433\n[last]\nhost=no\n";

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let pairs = section(FILE, "app").unwrap().unwrap();
        let expected = [("host", "db1"), ("port", "5433")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_missing_section_is_none_and_a_broken_line_an_error() {
        assert!(section(FILE, "none").unwrap().is_none());
        let error = section("[app]\nhost db1\n", "app").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
