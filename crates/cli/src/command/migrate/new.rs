//! `ponte migrate new`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ponte_pg::migrate::read_directory;
use ponte_schema::migration::{MigrationSet, new_file};
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What it does, like add_users_email
    #[arg(value_name = "NAME", required = true)]
    name: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Created {
    revision: String,
    file: String,
}

impl Report for Created {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.file)
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let directory = context.config()?.migrations();
    let existing = if directory.exists() {
        read_directory(&directory)?
    } else {
        MigrationSet::default()
    };
    let now = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    let new = new_file(&existing, &args.name.join(" "), &now).map_err(ponte_pg::Error::from)?;
    let path = directory.join(&new.file);
    write(&path, new.text).map_err(|e| {
        Diagnostic::new(Code::Usage, "cannot create the migration file")
            .with("file", path.display())
            .because(&e)
    })?;
    context.print(&Created {
        revision: new.revision.to_string(),
        file: path.display().to_string(),
    })?;
    Ok(Verdict::Clean)
}

/// Never over a file that is there.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
