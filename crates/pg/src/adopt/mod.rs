//! Reading what other migration tools have written into a database: which table is whose, and what it says.
//!
//! One query per tool brings its rows into one form, oldest first; what they mean is decided in
//! [`ponte_schema::adopt`]. Nothing is written.

use ponte_schema::adopt::{Entry, State, Tool};
use ponte_schema::migration::Problem;
use ponte_schema::{Literal, QualifiedName, Sql};

use crate::error::{During, Error, ErrorKind, Result};
use crate::session::Session;

/// A table in which a tool keeps its books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Whose it is.
    pub tool: Tool,
    /// Which one.
    pub table: QualifiedName,
}

/// Every book of the database. `table` is the name of one that its tool does not have by default, with its schema or without;
/// where a schema is said, no other is looked at.
///
/// # Errors
/// Whatever the server answers.
pub async fn find(session: &Session, table: Option<&str>) -> Result<Vec<Book>> {
    let (schema, table) = match table.map(|table| table.rsplit_once('.').ok_or(table)) {
        Some(Ok((schema, table))) => (Some(schema), Some(table)),
        Some(Err(table)) => (None, Some(table)),
        None => (None, None),
    };
    let names: Vec<Literal> = Tool::ALL
        .iter()
        .map(|tool| tool.table())
        .chain(table)
        .map(Literal::new)
        .collect();
    let sql = Sql::render(
        include_str!("sql/find.sql"),
        &[("names", &Sql::join(", ", names))],
    );
    let rows = session.client().query_typed(sql.as_str(), &[]).await;
    let rows = rows.during(|| "look for the tables of migration tools".to_owned())?;
    let mut books = Vec::new();
    for row in &rows {
        let (place, name): (String, String) = (row.get("schema"), row.get("name"));
        if schema.is_some_and(|wanted| wanted != place) {
            continue;
        }
        let columns: Vec<String> = row.get("columns");
        let with_rails: bool = row.get("with_rails");
        let fits = |tool: &Tool| match tool {
            Tool::Rails => with_rails && tool.fits(&columns),
            Tool::Dbmate => !with_rails && tool.fits(&columns),
            tool => tool.fits(&columns),
        };
        let is_named = table == Some(name.as_str());
        let own = |tool: &Tool| is_named || tool.table() == name;
        if let Some(tool) = Tool::ALL.into_iter().find(|tool| own(tool) && fits(tool)) {
            books.push(Book {
                tool,
                table: QualifiedName::new(place, name),
            });
        }
    }
    Ok(books)
}

/// What a book says, oldest first.
///
/// # Errors
/// Whatever the server answers.
pub async fn read(session: &Session, book: &Book) -> Result<Vec<Entry>> {
    let sql = Sql::render(query(book.tool), &[("table", &book.table)]);
    let rows = session.client().query_typed(sql.as_str(), &[]).await;
    let rows = rows.during(|| format!("read {}", book.table))?;
    rows.iter()
        .map(|row| {
            let word: &str = row.get("state");
            let state = State::from_word(word).ok_or_else(|| {
                Error::new(ErrorKind::Internal, format!("cannot read {}: {word}", book.table))
            })?;
            Ok(Entry {
                version: row.get("version"),
                name: row.get("name"),
                state,
            })
        })
        .collect()
}

fn query(tool: Tool) -> &'static str {
    match tool {
        Tool::Alembic => include_str!("sql/alembic.sql"),
        Tool::Flyway => include_str!("sql/flyway.sql"),
        Tool::Dbmate | Tool::Rails => include_str!("sql/versions.sql"),
        Tool::GolangMigrate => include_str!("sql/golang_migrate.sql"),
        Tool::Sqlx => include_str!("sql/sqlx.sql"),
        Tool::Goose => include_str!("sql/goose.sql"),
        Tool::Refinery => include_str!("sql/refinery.sql"),
        Tool::Prisma => include_str!("sql/prisma.sql"),
        Tool::Atlas => include_str!("sql/atlas.sql"),
    }
}

/// The one book that is meant.
///
/// # Errors
/// `adopt.unknown` where there is none, or several and nobody said which.
pub fn choose(mut books: Vec<Book>, from: Option<Tool>) -> Result<Book> {
    if let Some(tool) = from {
        // dbmate's table and that of Rails look the same; whoever names one of them is believed.
        let looks_like = |book: &Book| {
            book.tool == tool
                || [book.tool, tool]
                    .iter()
                    .all(|one| matches!(one, Tool::Rails | Tool::Dbmate))
        };
        books.retain(looks_like);
        books.iter_mut().for_each(|book| book.tool = tool);
    }
    let unknown = |message: String| Error::new(ErrorKind::Migrate(Problem::AdoptUnknown), message);
    match books.as_slice() {
        [book] => Ok(book.clone()),
        [] => Err(unknown(match from {
            Some(tool) => format!(
                "cannot take over from {tool}: there is no table {} with its columns",
                tool.table()
            ),
            None => "cannot take over: no table of a migration tool is in this database".to_owned(),
        })
        .with("known", Tool::ALL.map(Tool::word).join(", "))
        .hint("name its table, if it has another name: ponte migrate adopt --from TOOL --table NAME")),
        several => {
            let found: Vec<String> = several
                .iter()
                .map(|book| format!("{} ({})", book.table, book.tool))
                .collect();
            let same_tool = several.iter().all(|book| book.tool == several[0].tool);
            let hint = match same_tool {
                true => "say which one to follow: ponte migrate adopt --table SCHEMA.NAME",
                false => "say which one to follow: ponte migrate adopt --from TOOL",
            };
            let message = "cannot take over: several migration tools have tables in this database";
            Err(unknown(message.to_owned())
                .with("found", found.join(", "))
                .hint(hint))
        }
    }
}
