//! `ponte secret`: values that reach a table only encrypted. Values come on stdin, because arguments are seen by everybody on the machine.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ponte_engine::secrets::sealed::KeyRing;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Encrypt what comes on stdin, to its last byte, with the current key
    Seal(Place),
    /// Decrypt a sealed value that comes on stdin
    Open(Place),
    /// Encrypt a sealed value anew with the current key, without showing what is in it
    Reseal(Place),
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The key file that ponte keygen sealing made
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Where the value belongs, such as user_variables:ID; it opens only with the same text
    #[arg(long, value_name = "TEXT")]
    context: String,
}

/// A value, sealed or opened.
#[derive(Debug, Serialize)]
struct Value {
    /// In JSON, bytes that are no text are refused rather than bent.
    value: Option<String>,
    #[serde(skip)]
    raw: Vec<u8>,
}

impl Report for Value {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.raw)
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let (Action::Seal(place) | Action::Open(place) | Action::Reseal(place)) = &args.action;
    let ring = read_ring(&context.directory()?.join(&place.keys))?;
    let input = input()?;
    let sealed = || String::from_utf8_lossy(&input).into_owned();
    let line = |sealed: String| Value {
        raw: format!("{sealed}\n").into_bytes(),
        value: Some(sealed),
    };
    let value = match &args.action {
        Action::Seal(_) => line(ring.seal(&input, &place.context)?),
        Action::Reseal(_) => line(ring.seal(&ring.open(&sealed(), &place.context)?, &place.context)?),
        Action::Open(_) => {
            let raw = ring.open(&sealed(), &place.context)?;
            let value = String::from_utf8(raw.clone()).ok();
            if value.is_none() && context.is_json() {
                let refused = Diagnostic::new(Code::Usage, "cannot print the value as JSON: it is not UTF-8");
                return Err(refused.hint("leave --output json out").into());
            }
            Value { value, raw }
        }
    };
    context.print(&value)?;
    Ok(Verdict::Clean)
}

fn input() -> Result<Vec<u8>, Failure> {
    let mut input = Vec::new();
    io::stdin()
        .read_to_end(&mut input)
        .map_err(|e| Diagnostic::new(Code::Usage, "cannot read the value from stdin").because(&e))?;
    Ok(input)
}

/// The keys in a file.
pub(super) fn read_ring(file: &Path) -> Result<KeyRing, Failure> {
    let text = fs::read_to_string(file).map_err(|e| {
        Diagnostic::new(Code::Usage, "cannot read the key file")
            .with("file", file.display())
            .because(&e)
            .hint("correct --keys, or make a key file with ponte keygen sealing")
    })?;
    Ok(KeyRing::parse(&text)?)
}

/// Puts a whole new file in the place of the old one, readable by its owner alone: keys must not be half written.
pub(super) fn write_ring(file: &Path, ring: &KeyRing) -> Result<(), Failure> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = file.with_file_name(name);
    let unwritable = |e: &io::Error| {
        Diagnostic::new(Code::Usage, "cannot write the key file")
            .with("file", new.display())
            .because(e)
            .hint("remove that file if it is left from a run that was interrupted")
    };
    let text = serde_json::to_string_pretty(ring)
        .map_err(io::Error::other)
        .map_err(|e| unwritable(&e))?;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut out| {
            writeln!(out, "{text}")?;
            out.sync_all()
        })
        .and_then(|()| fs::rename(&new, file));
    Ok(written.map_err(|e| unwritable(&e))?)
}
