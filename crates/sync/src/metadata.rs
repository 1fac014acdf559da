//! Our own bookkeeping in schema `ponte`: one script that makes it, one that takes it away.

use ponte_schema::Sql;

/// The layout that this program writes. A database with a newer one is refused.
pub const LAYOUT: i32 = 4;

/// Creates what is missing.
pub fn install() -> Sql {
    Sql::text(include_str!("metadata/install.sql"))
}

/// Removes all of it.
pub fn uninstall() -> Sql {
    Sql::text(include_str!("metadata/uninstall.sql"))
}
