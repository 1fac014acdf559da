//! The tools that are known, by their tables.

use std::fmt;

/// A migration tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the tools' own")]
pub enum Tool {
    Alembic,
    Flyway,
    Dbmate,
    GolangMigrate,
    Sqlx,
    Goose,
    Refinery,
    Rails,
    Prisma,
    Atlas,
}

/// What is known about a tool.
struct Profile {
    word: &'static str,
    table: &'static str,
    /// Columns that tell its table from others of the same name.
    columns: &'static [&'static str],
    /// The columns that it has beside those.
    others: &'static [&'static str],
    /// Where its files usually are, the likeliest first.
    places: &'static [&'static str],
    after_a_failure: &'static str,
}

impl Tool {
    /// Every tool. Of two with the same table and columns the one to ask first stands first.
    pub const ALL: [Self; 10] = [
        Self::Alembic,
        Self::Flyway,
        Self::GolangMigrate,
        Self::Rails,
        Self::Dbmate,
        Self::Sqlx,
        Self::Goose,
        Self::Refinery,
        Self::Prisma,
        Self::Atlas,
    ];

    /// As it is called on the command line.
    pub fn word(self) -> &'static str {
        self.profile().word
    }

    /// The tool of this [`word`](Self::word).
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.word() == word)
    }

    /// The name of its table, unless it is configured to use another.
    pub fn table(self) -> &'static str {
        self.profile().table
    }

    /// Where its files usually are, relative to the project.
    pub fn places(self) -> &'static [&'static str] {
        self.profile().places
    }

    /// What to do with the tool before it can be taken over, where it left something half done.
    pub(super) fn after_a_failure(self) -> &'static str {
        self.profile().after_a_failure
    }

    /// Whether a table of this name and with these columns can be its own.
    pub fn owns(self, table: &str, columns: &[String]) -> bool {
        table == self.table() && self.fits(columns)
    }

    /// Whether a table with these columns can be its own, whatever its name.
    pub fn fits(self, columns: &[String]) -> bool {
        let has = |wanted: &str| columns.iter().any(|column| column == wanted);
        self.profile().columns.iter().all(|wanted| has(wanted))
            && (!matches!(self, Self::Rails | Self::Dbmate) || columns.len() == 1)
    }

    /// Whether a table has exactly its columns, so that it is its own under whatever name. A table with nothing but a version is
    /// common; there the name has to speak of migrations too.
    pub fn is_like_its_own(self, table: &str, columns: &[String]) -> bool {
        let profile = self.profile();
        let knows = |column: &String| {
            let column = column.as_str();
            profile.columns.contains(&column) || profile.others.contains(&column)
        };
        let is_telling = columns.len() > 1 || self == Self::Alembic || table.contains("migration");
        self.fits(columns) && columns.iter().all(knows) && is_telling
    }

    fn profile(self) -> &'static Profile {
        match self {
            Self::Alembic => &ALEMBIC,
            Self::Flyway => &FLYWAY,
            Self::Dbmate => &DBMATE,
            Self::GolangMigrate => &GOLANG_MIGRATE,
            Self::Sqlx => &SQLX,
            Self::Goose => &GOOSE,
            Self::Refinery => &REFINERY,
            Self::Rails => &RAILS,
            Self::Prisma => &PRISMA,
            Self::Atlas => &ATLAS,
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

const ALEMBIC: Profile = Profile {
    word: "alembic",
    table: "alembic_version",
    columns: &["version_num"],
    others: &[],
    places: &[],
    after_a_failure: "finish or repair it with alembic, then try again",
};

const FLYWAY: Profile = Profile {
    word: "flyway",
    table: "flyway_schema_history",
    columns: &["installed_rank", "version", "type", "script", "success"],
    others: &[
        "description",
        "checksum",
        "installed_by",
        "installed_on",
        "execution_time",
    ],
    places: &["src/main/resources/db/migration", "db/migration", "sql"],
    after_a_failure: "undo by hand what the failed script did, run flyway repair, then try again",
};

const DBMATE: Profile = Profile {
    word: "dbmate",
    table: "schema_migrations",
    columns: &["version"],
    others: &[],
    places: &["db/migrations"],
    after_a_failure: "finish or repair it with dbmate, then try again",
};

const GOLANG_MIGRATE: Profile = Profile {
    word: "golang-migrate",
    table: "schema_migrations",
    columns: &["version", "dirty"],
    others: &[],
    places: &["db/migrations"],
    after_a_failure: "bring the database to a whole version, run migrate force VERSION, then try again",
};

const SQLX: Profile = Profile {
    word: "sqlx",
    table: "_sqlx_migrations",
    columns: &["version", "description", "success", "checksum"],
    others: &["installed_on", "execution_time"],
    places: &[],
    after_a_failure: "undo by hand what it did, delete its row from _sqlx_migrations, then try again",
};

const GOOSE: Profile = Profile {
    word: "goose",
    table: "goose_db_version",
    columns: &["id", "version_id", "is_applied"],
    others: &["tstamp"],
    places: &["db/migrations"],
    after_a_failure: "finish or repair it with goose, then try again",
};

const REFINERY: Profile = Profile {
    word: "refinery",
    table: "refinery_schema_history",
    columns: &["version", "name", "applied_on", "checksum"],
    others: &[],
    places: &[],
    after_a_failure: "finish or repair it with refinery, then try again",
};

const RAILS: Profile = Profile {
    word: "rails",
    table: "schema_migrations",
    columns: &["version"],
    others: &[],
    places: &["db/structure.sql"],
    after_a_failure: "finish it with bin/rails db:migrate, then try again",
};

const PRISMA: Profile = Profile {
    word: "prisma",
    table: "_prisma_migrations",
    columns: &["migration_name", "finished_at", "rolled_back_at"],
    others: &["id", "checksum", "logs", "started_at", "applied_steps_count"],
    places: &["prisma/migrations"],
    after_a_failure: "run prisma migrate resolve --applied or --rolled-back NAME, then try again",
};

const ATLAS: Profile = Profile {
    word: "atlas",
    table: "atlas_schema_revisions",
    columns: &["version", "type", "applied", "total", "executed_at", "hash"],
    others: &[
        "description",
        "execution_time",
        "error",
        "error_stmt",
        "partial_hashes",
        "operator_version",
    ],
    places: &[],
    after_a_failure: "finish it with atlas migrate apply, or undo it by hand and run atlas migrate set VERSION, then try again",
};
