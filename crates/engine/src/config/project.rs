//! Finding the project and reading its file.

use std::path::{Path, PathBuf};

use ponte_schema::model::{Pattern, PatternError};
use ponte_sync::{LinkName, NodeName};
use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::environment::Environment;
use super::job::{self, Job};
use super::keys::{Section, nearest};
use super::link::{self, Link};
use super::node::{self, Node};
use super::origin::Origin;
use super::reader::{At, Reader, Table, in_file_order};
use super::schema_name::SchemaName;
use super::show::Setting;
use crate::safeguard::Safeguard;
use crate::{Error, ErrorKind, Result};

/// What the file is called.
pub const FILE_NAME: &str = "ponte.toml";

/// Everything that a project's files and the environment say.
#[derive(Debug, Clone)]
pub struct Config {
    root: PathBuf,
    file: Option<PathBuf>,
    environment: Environment,
    contents: Contents,
    settings: Vec<Setting>,
}

/// What the file says.
#[derive(Debug, Clone, Default)]
struct Contents {
    name: String,
    migrations: PathBuf,
    seeds: PathBuf,
    backup: Safeguard,
    history: SchemaName,
    ignored: Vec<Pattern>,
    nodes: Vec<Node>,
    links: Vec<Link>,
    jobs: Vec<Job>,
}

impl Config {
    /// Finds the project and reads it. `file` is relative to `directory`; without it, `ponte.toml` is looked for in
    /// `directory` and above. Without any file the project is the directory itself, with defaults. `process` are the
    /// variables of the process; the project's `.env` is added to them here.
    ///
    /// # Errors
    /// When a file that was asked for does not exist, when `.env` or `ponte.toml` cannot be read, or when
    /// `ponte.toml` has faults; all of them are in [`Error::excerpts`].
    pub fn open(directory: &Path, file: Option<&Path>, process: Environment) -> Result<Self> {
        let file = match file {
            Some(file) => Some(asked_for(directory, file)?),
            None => find_above(directory),
        };
        let root = match &file {
            Some(file) => file.parent().unwrap_or(directory).to_owned(),
            None => directory.to_owned(),
        };
        let environment = process.with_env_file(&root.join(".env"))?;
        let text = match &file {
            Some(file) => std::fs::read_to_string(file).map_err(|e| unreadable(file).because(e))?,
            None => String::new(),
        };
        let document = Document::new(file.as_deref().unwrap_or(Path::new(FILE_NAME)), text);
        let (contents, settings) = read(&document, &root, &environment)?;
        Ok(Self {
            root,
            file,
            environment,
            contents,
            settings,
        })
    }

    /// The project's directory: everything relative is relative to it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that was read, where there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The variables of the process and of the project's `.env`.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What the project is called.
    pub fn name(&self) -> &str {
        &self.contents.name
    }

    /// Where the migration files are.
    pub fn migrations(&self) -> PathBuf {
        self.root.join(&self.contents.migrations)
    }

    /// Where the seed files are.
    pub fn seeds(&self) -> PathBuf {
        self.root.join(&self.contents.seeds)
    }

    /// What is done before migrations.
    pub fn backup(&self) -> Safeguard {
        self.contents.backup
    }

    /// The schema of the migration history.
    pub fn history_schema(&self) -> &str {
        self.contents.history.as_str()
    }

    /// What `ponte verify` leaves out.
    pub fn ignored(&self) -> &[Pattern] {
        &self.contents.ignored
    }

    /// The nodes, in the order of the file.
    pub fn nodes(&self) -> &[Node] {
        &self.contents.nodes
    }

    /// The node of that name.
    ///
    /// # Errors
    /// When there is none; the error names the nearest one.
    pub fn node(&self, name: &str) -> Result<&Node> {
        let found = self.nodes().iter().find(|node| node.name.as_str() == name);
        found.ok_or_else(|| self.unknown("node", name, self.nodes().iter().map(|node| node.name.as_str())))
    }

    /// The links, in the order of the file.
    pub fn links(&self) -> &[Link] {
        &self.contents.links
    }

    /// The link of that name.
    ///
    /// # Errors
    /// When there is none; the error names the nearest one.
    pub fn link(&self, name: &str) -> Result<&Link> {
        let found = self.links().iter().find(|link| link.name.as_str() == name);
        found.ok_or_else(|| self.unknown("link", name, self.links().iter().map(|link| link.name.as_str())))
    }

    /// The links that a command is about: the named one, or all of them.
    ///
    /// # Errors
    /// When there is no such link, or none at all.
    pub fn links_named(&self, name: Option<&LinkName>) -> Result<Vec<&Link>> {
        match name {
            Some(name) => Ok(vec![self.link(name.as_str())?]),
            None if self.links().is_empty() => Err(self.no_links()),
            None => Ok(self.links().iter().collect()),
        }
    }

    /// The jobs, in the order of the file.
    pub fn jobs(&self) -> &[Job] {
        &self.contents.jobs
    }

    /// The job of that name.
    ///
    /// # Errors
    /// When there is none; the error names the nearest one.
    pub fn job(&self, name: &str) -> Result<&Job> {
        let found = self.jobs().iter().find(|job| job.name == name);
        found.ok_or_else(|| self.unknown("job", name, self.jobs().iter().map(|job| job.name.as_str())))
    }

    /// The jobs, in the order of the file.
    ///
    /// # Errors
    /// When there are none.
    pub fn some_jobs(&self) -> Result<&[Job]> {
        if self.jobs().is_empty() {
            let error = Error::new(ErrorKind::ConfigUnknown, "cannot find a job in the configuration");
            return Err(error.with("file", self.shown_file()).hint(format!(
                "add [jobs.NAME] with what it does and its schedule to {FILE_NAME}"
            )));
        }
        Ok(self.jobs())
    }

    /// Every value of the file or its default, with where it came from.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    fn unknown<'a>(&self, what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
        let error = Error::new(
            ErrorKind::ConfigUnknown,
            format!("cannot find the {what} {name:?} in the configuration"),
        )
        .with("file", self.shown_file());
        let all = known.clone().collect::<Vec<_>>().join(", ");
        match nearest(name, known) {
            Some(meant) => error.hint(format!("did you mean {meant:?}?")),
            None if all.is_empty() => error.hint(format!("add a {what} to {FILE_NAME}")),
            None => error.hint(format!("name one of: {all}")),
        }
    }

    fn no_links(&self) -> Error {
        Error::new(
            ErrorKind::ConfigUnknown,
            "cannot find a link in the configuration",
        )
        .with("file", self.shown_file())
        .hint(format!(
            "add [[links]] with name, between and tables to {FILE_NAME}"
        ))
    }

    fn shown_file(&self) -> String {
        match &self.file {
            Some(file) => file.display().to_string(),
            None => format!("no {FILE_NAME} in {} or above", self.root.display()),
        }
    }
}

fn asked_for(directory: &Path, file: &Path) -> Result<PathBuf> {
    let file = directory.join(file);
    if file.is_dir() {
        let inside = file.join(FILE_NAME);
        return Err(unreadable(&file).hint(format!("name the file itself: --config {}", inside.display())));
    }
    if !file.exists() {
        return Err(
            unreadable(&file).hint("correct --config, or leave it out to look for ponte.toml here and above")
        );
    }
    Ok(file)
}

fn find_above(directory: &Path) -> Option<PathBuf> {
    std::path::absolute(directory)
        .ok()?
        .ancestors()
        .map(|ancestor| ancestor.join(FILE_NAME))
        .find(|file| file.is_file())
}

fn unreadable(file: &Path) -> Error {
    Error::new(ErrorKind::ConfigNotFound, "cannot read the configuration file").with("file", file.display())
}

fn read(document: &Document, root: &Path, environment: &Environment) -> Result<(Contents, Vec<Setting>)> {
    let (table, syntax) = DeTable::parse_recoverable(document.text());
    if !syntax.is_empty() {
        let excerpts = syntax.iter().map(|e| {
            let span = e.span().unwrap_or(0..0);
            document.excerpt(&span, e.message().to_owned(), None)
        });
        return Err(invalid(excerpts.collect()));
    }
    let reader = Reader::new(document, environment);
    let contents = contents(&reader, root, table.get_ref());
    let (settings, faults) = reader.finish();
    match contents {
        Some(contents) if faults.is_empty() => Ok((contents, settings)),
        _ => Err(invalid(faults)),
    }
}

fn invalid(excerpts: Vec<crate::Excerpt>) -> Error {
    let message = match excerpts.len() {
        1 => "cannot use the configuration".to_owned(),
        n => format!("cannot use the configuration: {n} faults"),
    };
    Error::new(ErrorKind::ConfigInvalid, message).at(excerpts)
}

fn contents(reader: &Reader<'_>, root: &Path, table: &DeTable<'_>) -> Option<Contents> {
    let file = Table::new(reader, Section::Root, "", table, 0..0);
    let project = project(reader, root, &file);
    let nodes = nodes(reader, root, &file);
    let links = links(reader, &link::names(&nodes), &file);
    let names = link::names(&nodes);
    let linked: Option<Vec<&str>> = links
        .as_ref()
        .map(|links| links.iter().map(|link| link.name.as_str()).collect());
    let around = job::Around {
        root,
        nodes: &names,
        links: linked.as_deref(),
    };
    let jobs = job::read_all(reader, around, &file);
    let ignored = ignored(reader, &file);
    let project = project?;
    Some(Contents {
        ignored: ignored?,
        nodes: nodes.into_iter().map(|(_, node)| node).collect::<Option<_>>()?,
        links: links?,
        jobs: jobs?,
        ..project
    })
}

/// What concerns the project as a whole; its nodes and links are still missing.
fn project(reader: &Reader<'_>, root: &Path, file: &Table<'_, '_>) -> Option<Contents> {
    let empty = DeTable::default();
    let (table, header) = match file.value("project") {
        Some(_) => file.table("project")?,
        None => (&empty, 0..0),
    };
    let table = Table::new(reader, Section::Project, "project", table, header);
    let directory = root.file_name().map_or_else(
        || "project".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let name = table.parsed_or("name", directory);
    let migrations = table.parsed_or("migrations", "migrations".to_owned());
    let seeds = table.parsed_or("seeds", "seeds".to_owned());
    let backup = table.parsed_or("backup", Safeguard::Off);
    let history = table.parsed_or("history", SchemaName::default());
    Some(Contents {
        name: name?.value,
        migrations: migrations?.value.into(),
        seeds: seeds?.value.into(),
        backup: backup?.value,
        history: history?.value,
        ..Contents::default()
    })
}

/// The patterns of `[verify]`.
fn ignored(reader: &Reader<'_>, file: &Table<'_, '_>) -> Option<Vec<Pattern>> {
    if file.value("verify").is_none() {
        return Some(Vec::new());
    }
    let (table, header) = file.table("verify")?;
    let table = Table::new(reader, Section::Verify, "verify", table, header);
    if table.value("ignore").is_none() {
        return Some(Vec::new());
    }
    let texts = table.texts("ignore")?.value.into_iter();
    let pattern = |text: At<String>| match text.value.parse() {
        Ok(pattern) => Some(pattern),
        Err(e) => {
            let e: PatternError = e;
            reader.fault(&text.span, e.to_string());
            None
        }
    };
    let patterns: Vec<Option<Pattern>> = texts.map(pattern).collect();
    patterns.into_iter().collect()
}

/// The nodes with their names; a node with a fault keeps its name, so that links to it are not faults as well.
fn nodes(reader: &Reader<'_>, root: &Path, file: &Table<'_, '_>) -> Vec<(NodeName, Option<Node>)> {
    if file.value("nodes").is_none() {
        return Vec::new();
    }
    let Some((tables, _)) = file.table("nodes") else {
        return Vec::new();
    };
    let mut nodes = Vec::new();
    for (key, value) in in_file_order(tables) {
        let name = match NodeName::new(key.get_ref().as_ref()) {
            Ok(name) => name,
            Err(e) => {
                reader.fault(&key.span(), e.to_string());
                continue;
            }
        };
        let DeValue::Table(table) = value.get_ref() else {
            reader.fault_with(
                &key.span(),
                "a node is a table",
                Some(format!("write [nodes.{name}] and its url on the next line")),
            );
            nodes.push((name, None));
            continue;
        };
        let table = Table::new(reader, Section::Node, format!("nodes.{name}"), table, key.span());
        let node = node::read(reader, root, name.clone(), &table);
        nodes.push((name, node));
    }
    nodes
}

fn links(reader: &Reader<'_>, nodes: &link::Names<'_>, file: &Table<'_, '_>) -> Option<Vec<Link>> {
    let mut links = Vec::new();
    let mut complete = true;
    for (entry, header) in file.tables("links") {
        let path = file.inner_path("links", entry, "name");
        let table = Table::new(reader, Section::Link, path, entry, header.clone());
        match link::read(reader, nodes, &table) {
            Some(link) => links.push((link, header)),
            None => complete = false,
        }
    }
    link::check_names(reader, &links);
    complete.then(|| links.into_iter().map(|(link, _)| link).collect())
}

impl Setting {
    /// A value that a flag or a variable gave to the command line itself.
    pub fn new(key: impl Into<String>, value: impl Into<String>, origin: Origin) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            origin,
        }
    }
}
