//! `ponte db create`.

use std::io::{self, Write};
use std::path::PathBuf;

use ponte_engine::database::{self, Created};
use ponte_engine::servers::Servers;
use ponte_pg::database::Wanted;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The database's name
    name: String,
    /// The role that owns it and runs migrations; made with a new password where it does not exist
    #[arg(long, value_name = "ROLE")]
    owner: String,
    /// A role that reads and writes rows
    #[arg(long, value_name = "ROLE")]
    app_role: Option<String>,
    /// A role that reads rows
    #[arg(long, value_name = "ROLE")]
    read_only_role: Option<String>,
    /// How text is encoded
    #[arg(long, default_value = "UTF8")]
    encoding: String,
    /// How text is sorted and classified, like pt_BR.utf8; as in the template otherwise
    #[arg(long)]
    locale: Option<String>,
    /// The database that it is copied from
    #[arg(long, default_value = "template0")]
    template: String,
    /// An extension to create in it
    #[arg(long, value_name = "NAME")]
    extension: Vec<String>,
    /// Where the connection strings are written, with passwords; the same without them beside it, as .example
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Print the statements, without secrets, and run none
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    database: String,
    dry_run: bool,
    statements: Vec<String>,
    new_roles: Vec<String>,
    known_roles: Vec<String>,
    variables: Vec<String>,
    env_file: String,
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.statements.is_empty() {
            return writeln!(out, "nothing to do: {} is as it was asked for", self.database);
        }
        for statement in &self.statements {
            writeln!(out, "{statement};")?;
        }
        if self.dry_run {
            return Ok(());
        }
        if self.variables.is_empty() {
            writeln!(out, "\n{} is ready", self.database)?;
        } else {
            let variables = self.variables.join(", ");
            writeln!(
                out,
                "\n{} is ready; {variables} written to {}",
                self.database, self.env_file
            )?;
        }
        for role in &self.known_roles {
            writeln!(out, "{role} was there, and its password is what it was")?;
        }
        Ok(())
    }
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let servers = Servers::new(context.config()?);
    let created = create(args, context, &servers).await;
    let left = servers.leave().await;
    context.print(&created?)?;
    left?;
    Ok(Verdict::Clean)
}

async fn create(args: &Args, context: &Context, servers: &Servers) -> Result<Shown, Failure> {
    let wanted = Wanted {
        name: args.name.clone(),
        owner: args.owner.clone(),
        app_role: args.app_role.clone(),
        read_only_role: args.read_only_role.clone(),
        encoding: args.encoding.clone(),
        locale: args.locale.clone(),
        template: args.template.clone(),
        extensions: args.extension.clone(),
    };
    let env_file = args.env_file.clone().unwrap_or_else(|| ".env".into());
    let env_file = context.config()?.root().join(env_file);
    let Created {
        statements,
        new_roles,
        known_roles,
        variables,
    } = database::create(servers, &context.database()?, wanted, &env_file, args.dry_run).await?;
    Ok(Shown {
        database: args.name.clone(),
        dry_run: args.dry_run,
        statements,
        new_roles,
        known_roles,
        variables,
        env_file: env_file.display().to_string(),
    })
}
