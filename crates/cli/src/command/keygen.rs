//! `ponte keygen`: keys, made from the system's randomness and printed once.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ponte_engine::secrets::jwk::{JwkSet, PrivateJwk};
use ponte_engine::secrets::{encryption_key, sealed::KeyRing};
use serde::Serialize;

use super::secret::{read_ring, write_ring};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// An ES256 key pair as JWK, its public set, and an encryption key of 256 bits, as JSON
    Oauth,
    /// A key for ponte secret seal, in a new key file or as the next one of an existing file
    Sealing(Sealing),
}

#[derive(Debug, clap::Args)]
struct Sealing {
    /// The key file
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The new key's id; this month, such as 2026-11, if left out
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

/// What an OAuth client needs. The set is for everybody, the rest for nobody.
#[derive(Serialize)]
struct OauthKeys {
    private_jwk: PrivateJwk,
    public_jwks: JwkSet,
    /// 32 bytes in base64url.
    encryption_key: String,
}

impl Report for OauthKeys {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        writeln!(out, "{text}")
    }
}

#[derive(Debug, Serialize)]
struct Made {
    id: String,
    file: String,
}

impl Report for Made {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "key {} in {} seals from now on", self.id, self.file)
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    match &args.kind {
        Kind::Oauth => context.print(&oauth()?)?,
        Kind::Sealing(sealing) => context.print(&next_key(sealing, &context.directory()?)?)?,
    }
    Ok(Verdict::Clean)
}

fn oauth() -> Result<OauthKeys, Failure> {
    let private_jwk = PrivateJwk::generate()?;
    Ok(OauthKeys {
        public_jwks: private_jwk.public_set(),
        private_jwk,
        encryption_key: encryption_key()?,
    })
}

fn next_key(sealing: &Sealing, directory: &Path) -> Result<Made, Failure> {
    let file = directory.join(&sealing.keys);
    let month = || jiff::Zoned::now().strftime("%Y-%m").to_string();
    let id = sealing.id.clone().unwrap_or_else(month);
    let ring = if file.exists() {
        let mut ring = read_ring(&file)?;
        ring.rotate(&id)?;
        ring
    } else {
        KeyRing::with_new_key(&id)?
    };
    write_ring(&file, &ring)?;
    Ok(Made {
        id,
        file: file.display().to_string(),
    })
}
