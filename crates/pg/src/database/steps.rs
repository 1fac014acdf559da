//! The statements that are missing.

use std::collections::BTreeSet;

use ponte_schema::{Ident, Literal, Sql};

use super::state::ServerState;
use super::{Login, Wanted};

/// Since when `public` belongs to the owner of the database, and not everybody may create in it.
const PUBLIC_IS_OWNED_SINCE: u32 = 150_000;

/// Where and as whom a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Together with the others that make roles.
    Roles,
    /// Alone: it cannot be in a transaction.
    Database,
    /// In the new database, as its owner.
    AsOwner,
    /// In the new database, as whoever is connected.
    AsOneself,
}

/// A statement that is missing.
#[derive(Debug, Clone)]
pub struct Step {
    pub(super) place: Place,
    /// What is sent.
    pub(super) sql: Sql,
    /// What may be shown.
    pub(super) shown: Sql,
}

impl Step {
    fn new(place: Place, sql: Sql) -> Self {
        Self {
            place,
            shown: sql.clone(),
            sql,
        }
    }

    /// The statement, without a password's verifier.
    pub fn shown(&self) -> &str {
        self.shown.as_str()
    }
}

/// The roles, the membership that the session needs, and the database.
pub(super) fn outside(wanted: &Wanted, state: &ServerState, logins: &[Login]) -> Vec<Step> {
    let mut steps: Vec<Step> = logins.iter().map(role).collect();
    if !state.can_be_owner && !state.is_superuser {
        let owner = Ident::new(&wanted.owner);
        steps.push(Step::new(
            Place::Roles,
            Sql::render("GRANT {owner} TO CURRENT_USER", &[("owner", &owner)]),
        ));
    }
    if state.database.is_none() {
        let mut sql = Sql::render(
            "CREATE DATABASE {name} OWNER {owner} ENCODING {encoding} TEMPLATE {template}",
            &[
                ("name", &Ident::new(&wanted.name)),
                ("owner", &Ident::new(&wanted.owner)),
                ("encoding", &Literal::new(&wanted.encoding)),
                ("template", &Ident::new(&wanted.template)),
            ],
        );
        if let Some(locale) = &wanted.locale {
            let locale = Literal::new(locale);
            sql.push(&Sql::render(
                " LC_COLLATE {locale} LC_CTYPE {locale}",
                &[("locale", &locale)],
            ));
        }
        steps.push(Step::new(Place::Database, sql));
    }
    steps
}

fn role(login: &Login) -> Step {
    let create = |password: &str| {
        Sql::render(
            "CREATE ROLE {role} LOGIN PASSWORD {password}",
            &[
                ("role", &Ident::new(&login.role)),
                ("password", &Literal::new(password)),
            ],
        )
    };
    Step {
        place: Place::Roles,
        sql: create(&login.password.verifier()),
        shown: create("***"),
    }
}

/// Privileges and extensions in the database. `has` is what there is.
pub(super) fn inside(wanted: &Wanted, state: &ServerState, has: &BTreeSet<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    let name = Ident::new(&wanted.name);
    if has.contains("database PUBLIC CONNECT") || has.contains("database PUBLIC TEMPORARY") {
        let sql = Sql::render(
            "REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC",
            &[("name", &name)],
        );
        steps.push(Step::new(Place::AsOwner, sql));
    }
    public_schema(wanted, state, has, &mut steps);
    let mut of_role = |role: &Option<String>, on_database: &'static str, defaults: &[Defaults]| {
        let Some(role) = role else { return };
        grants(role, &name, on_database, has, &mut steps);
        defaults
            .iter()
            .for_each(|defaults| defaults.step(role, has, &mut steps));
    };
    of_role(&wanted.app_role, "CONNECT, TEMPORARY", &APPLICATION);
    of_role(&wanted.read_only_role, "CONNECT", &READER);
    for extension in &wanted.extensions {
        if !has.contains(&format!("extension {extension}")) {
            let extension = Ident::new(extension);
            let place = if state.is_superuser {
                Place::AsOneself
            } else {
                Place::AsOwner
            };
            let sql = Sql::render(
                "CREATE EXTENSION IF NOT EXISTS {extension}",
                &[("extension", &extension)],
            );
            steps.push(Step::new(place, sql));
        }
    }
    steps
}

/// Before PostgreSQL 15 everybody may create in `public`, and only a superuser can change that.
fn public_schema(wanted: &Wanted, state: &ServerState, has: &BTreeSet<String>, steps: &mut Vec<Step>) {
    let old = state.version_num < PUBLIC_IS_OWNED_SINCE;
    if !old || !state.is_superuser || has.contains(&format!("schema {} CREATE", wanted.owner)) {
        return;
    }
    steps.push(Step::new(
        Place::AsOneself,
        Sql::text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
    ));
    let owner = Ident::new(&wanted.owner);
    let sql = Sql::render(
        "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
        &[("owner", &owner)],
    );
    steps.push(Step::new(Place::AsOneself, sql));
}

fn grants(
    role: &str,
    name: &Ident,
    on_database: &'static str,
    has: &BTreeSet<String>,
    steps: &mut Vec<Step>,
) {
    let ident = Ident::new(role);
    if on_database
        .split(", ")
        .any(|privilege| !has.contains(&format!("database {role} {privilege}")))
    {
        let sql = Sql::render(
            "GRANT {privileges} ON DATABASE {name} TO {role}",
            &[
                ("privileges", &Sql::text(on_database)),
                ("name", name),
                ("role", &ident),
            ],
        );
        steps.push(Step::new(Place::AsOwner, sql));
    }
    if !["PUBLIC", role]
        .iter()
        .any(|role| has.contains(&format!("schema {role} USAGE")))
    {
        let sql = Sql::render("GRANT USAGE ON SCHEMA public TO {role}", &[("role", &ident)]);
        steps.push(Step::new(Place::AsOwner, sql));
    }
}

/// What a role may do with objects that the owner will create.
struct Defaults {
    /// As the catalog abbreviates the kind.
    class: char,
    kind: &'static str,
    privileges: &'static str,
}

const APPLICATION: [Defaults; 3] = [
    Defaults {
        class: 'r',
        kind: "TABLES",
        privileges: "SELECT, INSERT, UPDATE, DELETE",
    },
    Defaults {
        class: 'S',
        kind: "SEQUENCES",
        privileges: "USAGE, SELECT",
    },
    Defaults {
        class: 'f',
        kind: "FUNCTIONS",
        privileges: "EXECUTE",
    },
];
const READER: [Defaults; 2] = [
    Defaults {
        class: 'r',
        kind: "TABLES",
        privileges: "SELECT",
    },
    Defaults {
        class: 'S',
        kind: "SEQUENCES",
        privileges: "SELECT",
    },
];

impl Defaults {
    fn step(&self, role: &str, has: &BTreeSet<String>, steps: &mut Vec<Step>) {
        let lacks = |privilege: &str| !has.contains(&format!("default {} {role} {privilege}", self.class));
        if self.privileges.split(", ").any(lacks) {
            let sql = Sql::render(
                "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {privileges} ON {kind} TO {role}",
                &[
                    ("privileges", &Sql::text(self.privileges)),
                    ("kind", &Sql::text(self.kind)),
                    ("role", &Ident::new(role)),
                ],
            );
            steps.push(Step::new(Place::AsOwner, sql));
        }
    }
}
