//! Connection strings, as libpq understands them.
//!
//! The driver's own parser knows three of six `sslmode`s and refuses `sslrootcert`, `service`, `passfile` and others that
//! managed providers print in their consoles. So the text is read here, in two steps: `url` and `keyvalue` turn it into
//! keywords with text values, a service file and the environment fill what is left open, and `resolve` gives the values their
//! meaning. The environment comes in as a function; nothing here reads the process's own.
//!
//! Where this is stricter than libpq: a root certificate that was named and does not exist is an error in every `sslmode`, and
//! an `@` that was not percent-encoded must not follow the credentials of a URL.

mod keyvalue;
mod keyword;
mod model;
mod passfile;
mod render;
mod resolve;
mod secret;
mod service;
mod settings;
mod url;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use keyword::Keyword;
use settings::{Settings, invalid};

pub use model::{
    ChannelBinding, Host, Keepalives, Roots, SslMode, SslNegotiation, Target, TargetSessionAttrs,
    TlsSettings, TlsVersion,
};
pub use secret::Secret;
pub use settings::Origin;

use crate::error::Result;

/// The value of an environment variable, however the caller knows it.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a server is and how to get in. `Debug` and `Display` show no password.
#[derive(Clone)]
pub struct Conninfo {
    pub(crate) settings: Settings,
    pub(crate) targets: Vec<Target>,
    pub(crate) user: String,
    pub(crate) dbname: String,
    pub(crate) tls: TlsSettings,
    pub(crate) channel_binding: ChannelBinding,
    pub(crate) target_session_attrs: TargetSessionAttrs,
    pub(crate) options: Option<String>,
    pub(crate) application_name: Option<String>,
    /// `None` where nothing was said; zero for «wait for ever».
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) keepalives: Keepalives,
    pub(crate) load_balance: bool,
    pub(crate) pgbouncer: bool,
    pub(crate) notices: Vec<String>,
}

impl Conninfo {
    /// Reads a URL or a `key=value` string, with nothing from the environment: no `PG*` variable, no password file, no
    /// service, no certificate in the home directory.
    ///
    /// # Errors
    /// [`ConnInvalid`](crate::ErrorKind::ConnInvalid), which names the keyword and never repeats a password.
    pub fn parse(text: &str) -> Result<Self> {
        Self::resolve(text, &|_| None)
    }

    /// Reads a URL or a `key=value` string and fills what it leaves open as libpq does: service file, environment variables,
    /// password file, defaults. An empty text is valid and means «all defaults».
    ///
    /// # Errors
    /// [`ConnInvalid`](crate::ErrorKind::ConnInvalid), which names the keyword and never repeats a password.
    pub fn resolve(text: &str, environment: Environment<'_>) -> Result<Self> {
        let mut settings = read(text)?;
        service::fill(&mut settings, environment)?;
        for keyword in Keyword::ALL {
            if let Some(variable) = keyword.variable()
                && let Some(value) = environment(variable)
            {
                settings.fill(*keyword, value, Origin::Environment(variable));
            }
        }
        resolve::resolve(settings, environment)
    }

    /// The servers to try, in order.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The role.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The database.
    pub fn dbname(&self) -> &str {
        &self.dbname
    }

    /// Everything about TLS.
    pub fn tls(&self) -> &TlsSettings {
        &self.tls
    }

    /// How long one attempt may take; zero for «wait for ever», `None` where nothing was said.
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    /// How a connection finds out that its peer is gone.
    pub fn keepalives(&self) -> Keepalives {
        self.keepalives
    }

    /// What a person should know about how this came about, such as a password file that was ignored.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Every setting as text with where it came from, for `config show`. Secrets are masked.
    pub fn origins(&self) -> Vec<(&'static str, String, Origin)> {
        let masked = |keyword: Keyword, value: &str| {
            if keyword.is_secret() {
                "***".to_owned()
            } else {
                value.to_owned()
            }
        };
        self.settings
            .iter()
            .map(|(keyword, setting)| {
                (
                    keyword.name(),
                    masked(keyword, &setting.value),
                    setting.origin.clone(),
                )
            })
            .collect()
    }

    /// The same settings for another host and port, without a fixed address: the direct server behind a pooler, say.
    ///
    /// # Errors
    /// [`ConnInvalid`](crate::ErrorKind::ConnInvalid) where the host does not fit the other settings.
    pub fn with_host(&self, host: &str, port: u16) -> Result<Self> {
        let mut settings = self.settings.clone();
        settings.replace(Keyword::Host, host.to_owned(), Origin::ConnectionString);
        settings.replace(Keyword::Port, port.to_string(), Origin::ConnectionString);
        settings.remove(Keyword::Hostaddr);
        settings.remove(Keyword::Pgbouncer);
        self.again(settings)
    }

    /// The same settings for another role.
    ///
    /// # Errors
    /// [`ConnInvalid`](crate::ErrorKind::ConnInvalid) where the role name does not fit the other settings.
    pub fn with_user(&self, user: &str) -> Result<Self> {
        let mut settings = self.settings.clone();
        settings.replace(Keyword::User, user.to_owned(), Origin::ConnectionString);
        settings.fill(Keyword::Dbname, self.dbname.clone(), Origin::Default);
        self.again(settings)
    }

    /// The same settings for another role with its password.
    ///
    /// # Errors
    /// [`ConnInvalid`](crate::ErrorKind::ConnInvalid) where the role name does not fit the other settings.
    pub fn with_login(&self, user: &str, password: &str) -> Result<Self> {
        let mut settings = self.settings.clone();
        settings.replace(Keyword::User, user.to_owned(), Origin::ConnectionString);
        settings.replace(Keyword::Password, password.to_owned(), Origin::ConnectionString);
        settings.fill(Keyword::Dbname, self.dbname.clone(), Origin::Default);
        self.again(settings)
    }

    /// The same settings for another database.
    ///
    /// # Errors
    /// [`ConnInvalid`](crate::ErrorKind::ConnInvalid) where the database name does not fit the other settings.
    pub fn with_dbname(&self, dbname: &str) -> Result<Self> {
        let mut settings = self.settings.clone();
        settings.replace(Keyword::Dbname, dbname.to_owned(), Origin::ConnectionString);
        self.again(settings)
    }

    /// Gives changed settings their meaning; files found in the home directory stay what they were.
    fn again(&self, settings: Settings) -> Result<Self> {
        let mut changed = resolve::resolve(settings, &|_| None)?;
        changed.tls = self.tls.clone();
        let password = self.targets.iter().find_map(|target| target.password.clone());
        for target in &mut changed.targets {
            target.password = target.password.take().or_else(|| password.clone());
        }
        Ok(changed)
    }

    /// As a URL without its password.
    pub fn redacted(&self) -> String {
        render::url(self, render::Passwords::Masked)
    }

    /// As a URL in which no password stands, for a program that is given the [`password`](Self::password) in another way.
    pub fn without_password(&self) -> String {
        render::url(self, render::Passwords::LeftOut)
    }

    /// The password, for a program that is started with it. Never print this.
    pub fn password(&self) -> Option<&str> {
        let mut known = self.targets.iter().filter_map(|target| target.password.as_ref());
        known.next().map(Secret::expose)
    }

    /// As a URL with its password, for a program that is started with it. Never print this.
    pub fn expose_url(&self) -> String {
        render::url(self, render::Passwords::Exposed)
    }
}

impl fmt::Display for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Conninfo").field(&self.redacted()).finish()
    }
}

impl PartialEq for Conninfo {
    /// Equal where they lead to the same place in the same way; where the settings came from does not count.
    fn eq(&self, other: &Self) -> bool {
        (&self.targets, &self.user, &self.dbname, &self.tls)
            == (&other.targets, &other.user, &other.dbname, &other.tls)
            && self.channel_binding == other.channel_binding
            && self.target_session_attrs == other.target_session_attrs
            && (&self.options, &self.application_name) == (&other.options, &other.application_name)
            && (self.connect_timeout, self.keepalives) == (other.connect_timeout, other.keepalives)
            && (self.load_balance, self.pgbouncer) == (other.load_balance, other.pgbouncer)
    }
}

/// The form is told by the scheme.
fn read(text: &str) -> Result<Settings> {
    let text = text.trim();
    if let Some(rest) = url::without_scheme(text) {
        return url::parse(rest);
    }
    if let Some((scheme, _)) = text.split_once("://")
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.:".contains(&b))
    {
        return Err(invalid(format!("{scheme}:// is not PostgreSQL's scheme"))
            .hint("begin the URL with postgresql://"));
    }
    keyvalue::parse(text)
}

/// The home directory, as far as the environment tells.
fn home(environment: Environment<'_>) -> Option<PathBuf> {
    environment("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
}
