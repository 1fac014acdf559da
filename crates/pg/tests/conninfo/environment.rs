//! What comes from the environment, service files and password files.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ponte_pg::conninfo::{Origin, Roots};
use ponte_pg::{Conninfo, ErrorKind, Result};
use tempfile::TempDir;

/// A home directory and variables.
struct World {
    home: TempDir,
    variables: HashMap<String, String>,
}

impl World {
    fn new(variables: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let mut all: HashMap<_, _> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.insert("HOME".to_owned(), home.path().display().to_string());
        Self { home, variables: all }
    }

    fn file(&self, name: &str, mode: u32, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn resolve(&self, text: &str) -> Result<Conninfo> {
        Conninfo::resolve(text, &|name| self.variables.get(name).cloned())
    }

    fn url(&self, text: &str) -> String {
        self.resolve(text)
            .unwrap_or_else(|e| panic!("{text}: {e} {:?}", e.context()))
            .expose_url()
    }
}

#[test]
fn variables_fill_what_the_text_leaves_open() {
    let world = World::new(&[
        ("PGHOST", "envhost"),
        ("PGPORT", "6000"),
        ("PGUSER", "envuser"),
        ("PGPASSWORD", "envpw"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", ""),
    ]);
    assert_eq!(
        world.url(""),
        "postgresql://envuser:envpw@envhost:6000/envuser?sslmode=require"
    );
    assert_eq!(
        world.url("postgresql://me@h/db?sslmode=disable"),
        "postgresql://me:envpw@h:6000/db?sslmode=disable"
    );
}

#[test]
fn a_service_wins_over_variables_and_the_text_over_both() {
    let world = World::new(&[("PGPORT", "6000"), ("PGSERVICE", "app"), ("PGUSER", "envuser")]);
    world.file(
        ".pg_service.conf",
        0o644,
        "[app]\nhost=servicehost\nuser=serviceuser\n",
    );
    assert_eq!(
        world.url(""),
        "postgresql://serviceuser@servicehost:6000/serviceuser"
    );
    assert_eq!(world.url("host=h"), "postgresql://serviceuser@h:6000/serviceuser");
    let origins = world.resolve("host=h").unwrap().origins();
    let origin = |name: &str| {
        origins
            .iter()
            .find(|(keyword, ..)| *keyword == name)
            .unwrap()
            .2
            .clone()
    };
    assert_eq!(origin("host"), Origin::ConnectionString);
    assert_eq!(origin("user"), Origin::Service("app".to_owned()));
    assert_eq!(origin("port"), Origin::Environment("PGPORT"));
}

#[test]
fn a_service_that_does_not_exist_is_an_error_that_names_the_files() {
    let world = World::new(&[("PGSERVICEFILE", "/nowhere/service.conf")]);
    let error = world.resolve("service=app").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnInvalid);
    assert!(
        format!("{:?}", error.context()).contains("/nowhere/service.conf"),
        "{:?}",
        error.context()
    );
}

#[test]
fn a_bad_keyword_in_a_service_file_names_the_file() {
    let world = World::new(&[]);
    let file = world.file(".pg_service.conf", 0o644, "[app]\nhots=h\n");
    let error = world.resolve("service=app").unwrap_err();
    assert!(format!("{:?}", error.context()).contains(&file.display().to_string()));
    assert_eq!(error.next_step(), Some("did you mean host?"));
}

#[test]
fn each_host_gets_its_own_password_from_the_password_file() {
    let world = World::new(&[]);
    world.file(
        ".pgpass",
        0o600,
        "a:5432:db:me:for-a\nb:5433:*:me:for\\:b\nlocalhost:*:*:me:socket\n",
    );
    let passwords = |text: &str| -> Vec<bool> {
        let conninfo = world.resolve(text).unwrap();
        conninfo
            .targets()
            .iter()
            .map(ponte_pg::conninfo::Target::has_password)
            .collect()
    };
    assert_eq!(
        passwords("host=a,b,c port=5432,5433,5434 user=me dbname=db"),
        [true, true, false]
    );
    assert_eq!(
        world.url("host=b port=5433 user=me dbname=x"),
        "postgresql://me:for%3Ab@b:5433/x"
    );
    assert_eq!(passwords("host=/tmp user=me"), [true]);
    assert_eq!(
        world.url("host=a user=me dbname=db password=mine"),
        "postgresql://me:mine@a:5432/db"
    );
}

#[test]
fn a_password_file_that_others_may_read_is_ignored_with_a_notice() {
    let world = World::new(&[]);
    world.file(".pgpass", 0o640, "*:*:*:*:secret\n");
    let conninfo = world.resolve("host=h user=me").unwrap();
    assert_eq!(conninfo.expose_url(), "postgresql://me@h:5432/me");
    assert!(
        conninfo.notices()[0].contains("chmod 0600"),
        "{:?}",
        conninfo.notices()
    );
}

#[test]
fn another_password_file_can_be_named() {
    let world = World::new(&[]);
    let file = world.file("other", 0o600, "*:*:*:*:secret\n");
    let text = format!("host=h user=me passfile={}", file.display());
    assert_eq!(world.url(&text), "postgresql://me:secret@h:5432/me");
}

#[test]
fn certificates_in_the_home_directory_are_taken() {
    let world = World::new(&[]);
    let before = world.resolve("host=h user=me").unwrap();
    assert_eq!(
        (&before.tls().roots, &before.tls().identity),
        (&Roots::None, &None)
    );
    let root = world.file(".postgresql/root.crt", 0o644, "");
    let crt = world.file(".postgresql/postgresql.crt", 0o644, "");
    let key = world.file(".postgresql/postgresql.key", 0o600, "");
    let after = world.resolve("host=h user=me").unwrap();
    assert_eq!(after.tls().roots, Roots::File(root));
    assert_eq!(after.tls().identity, Some((crt, key)));
    let explicit = world
        .resolve("host=h user=me sslrootcert=/x/ca.pem sslcertmode=disable")
        .unwrap();
    assert_eq!(
        explicit.tls().roots,
        Roots::File(Path::new("/x/ca.pem").to_owned())
    );
    assert_eq!(explicit.tls().identity, None);
}

#[test]
fn an_unsupported_variable_is_refused_by_its_name() {
    let world = World::new(&[("PGSSLCRL", "/x/crl.pem")]);
    let error = world.resolve("host=h").unwrap_err();
    assert!(
        format!("{:?}", error.context()).contains("PGSSLCRL"),
        "{:?}",
        error.context()
    );
}
