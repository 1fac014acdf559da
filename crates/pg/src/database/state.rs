//! What is there already.

use std::collections::BTreeSet;

use ponte_schema::{Literal, Sql};

use super::Wanted;
use crate::error::{During, Result};
use crate::session::Session;

/// A membership can be without the right to take the role on since.
const SET_OPTION_SINCE: u32 = 160_000;

/// What the server has of what is wanted.
#[derive(Debug, Clone)]
pub(super) struct ServerState {
    pub(super) me: String,
    pub(super) is_superuser: bool,
    pub(super) may_create_databases: bool,
    pub(super) may_create_roles: bool,
    pub(super) roles: BTreeSet<String>,
    /// Whether the session can act as the owner.
    pub(super) can_be_owner: bool,
    pub(super) missing_extensions: Vec<String>,
    pub(super) database: Option<Existing>,
    pub(super) version_num: u32,
}

/// The database of that name.
#[derive(Debug, Clone)]
pub(super) struct Existing {
    pub(super) owner: String,
    pub(super) encoding: String,
    pub(super) collation: String,
}

/// A list of texts as an array.
fn array(texts: impl Iterator<Item = String>) -> Sql {
    let list = Sql::join(", ", texts.map(Literal::new));
    Sql::render("ARRAY[{list}]::pg_catalog.text[]", &[("list", &list)])
}

pub(super) async fn server(session: &Session, wanted: &Wanted) -> Result<ServerState> {
    let version_num = session.server_version_num();
    let set = if version_num >= SET_OPTION_SINCE {
        "SET"
    } else {
        "MEMBER"
    };
    let sql = Sql::render(
        include_str!("sql/server.sql"),
        &[
            ("roles", &array(wanted.roles().map(str::to_owned))),
            ("owner", &Literal::new(&wanted.owner)),
            ("set", &Literal::new(set)),
            ("extensions", &array(wanted.extensions.iter().cloned())),
            ("name", &Literal::new(&wanted.name)),
        ],
    );
    let row = session.client().query_typed_one(sql.as_str(), &[]).await;
    let row = row.during(|| "look what the server has".to_owned())?;
    let owner: Option<String> = row.get(7);
    Ok(ServerState {
        me: row.get(0),
        is_superuser: row.get(1),
        may_create_databases: row.get(2),
        may_create_roles: row.get(3),
        roles: row.get::<_, Vec<String>>(4).into_iter().collect(),
        can_be_owner: row.get(5),
        missing_extensions: row.get(6),
        database: owner.map(|owner| Existing {
            owner,
            encoding: row.get(8),
            collation: row.get(9),
        }),
        version_num,
    })
}

/// The privileges and extensions that a database has, one text for each.
pub(super) async fn inside(session: &Session, wanted: &Wanted) -> Result<BTreeSet<String>> {
    let owner = Literal::new(&wanted.owner);
    let sql = Sql::render(include_str!("sql/inside.sql"), &[("owner", &owner)]);
    let rows = session.client().query_typed(sql.as_str(), &[]).await;
    let rows = rows.during(|| "read the privileges in the database".to_owned())?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What a database has that was just copied from a template: what everybody gets.
pub(super) fn inside_new() -> BTreeSet<String> {
    [
        "database PUBLIC CONNECT",
        "database PUBLIC TEMPORARY",
        "schema PUBLIC USAGE",
    ]
    .map(str::to_owned)
    .into()
}
