//! Servers of other major versions than this machine's own, as `scripts/servers.sh` fetches them.
//!
//! `PONTE_TEST_MAJORS=13:18` puts a 13 and an 18 under every [`crate::Pair`] that does not ask for particular programs: that
//! is how `make matrix` runs whole suites on a pair of versions.

use std::path::PathBuf;

use ponte_pg::embedded::{Binaries, SearchPlaces};

use crate::cluster::{environment, or_panic};

/// The oldest and the newest that are supported. Every run of the tests has these two on the ends of one link.
pub const OLDEST_AND_NEWEST: (u32, u32) = (13, 18);

/// The server programs of one major version.
///
/// # Panics
/// When they were not fetched: a test that needs them fails, it is never left out.
pub fn binaries_of(major: u32) -> Binaries {
    fetched(major).unwrap_or_else(|| {
        panic!(
            "there are no server programs of PostgreSQL {major}: run scripts/servers.sh {major} (looked for {})",
            directories(major)
                .iter()
                .map(|d| d.display().to_string())
                .collect::<Vec<_>>()
                .join(" and ")
        )
    })
}

/// The same, or nothing where they were not fetched. For measurements, which name what is missing and go on.
///
/// # Panics
/// When they are there and do not run.
pub fn fetched(major: u32) -> Option<Binaries> {
    let places = SearchPlaces {
        only: Some(directories(major).into_iter().find(|d| d.is_dir())?),
        path: None,
    };
    Some(or_panic(
        Binaries::find(Some(major), &places),
        "find the server programs of a major version",
    ))
}

/// Where the script puts them: as root, and as anybody else.
fn directories(major: u32) -> Vec<PathBuf> {
    let homes = match environment("PONTE_PG_MAJORS") {
        Some(only) => vec![PathBuf::from(only)],
        None => std::iter::once(PathBuf::from("/var/cache/ponte/postgresql"))
            .chain(environment("HOME").map(|home| PathBuf::from(home).join(".cache/ponte/postgresql")))
            .collect(),
    };
    homes.iter().map(|home| home.join(major.to_string())).collect()
}

/// What `PONTE_TEST_MAJORS` asks for.
pub(crate) fn wanted() -> Option<(Binaries, Binaries)> {
    let text = environment("PONTE_TEST_MAJORS")?;
    let Some((first, second)) = parse(&text) else {
        panic!("PONTE_TEST_MAJORS is \"{text}\"; it takes two major versions, such as 13:18");
    };
    Some((binaries_of(first), binaries_of(second)))
}

fn parse(text: &str) -> Option<(u32, u32)> {
    let (first, second) = text.split_once(':')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_versions_is_two_numbers() {
        assert_eq!(parse("13:18"), Some((13, 18)));
        assert_eq!(parse("13"), None);
        assert_eq!(parse("13:neu"), None);
    }

    #[test]
    #[should_panic(expected = "run scripts/servers.sh 7")]
    fn what_was_not_fetched_is_a_failure_that_names_the_command() {
        binaries_of(7);
    }
}
