//! Who takes part, and how the turns go round.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use ponte_pg::embedded::Binaries;

use super::bucardo::Bucardo;
use super::native::Native;
use super::native_two_way::NativeTwoWay;
use super::pglogical::Pglogical;
use super::ponte::Ponte;
use super::report::Report;
use super::scenario::{Row, Scenario};
use super::stage::{Setting, Side, Stage};
use super::{Peer, bucardo, by_hand, native, pglogical};
use crate::{Options, Result, say};

/// How long a product that is out may take to end.
const END_LIMIT: Duration = Duration::from_secs(20);

/// Why a product takes no part that is not there, and what installs it.
pub(super) const NOT_INSTALLED: &str = "not installed: scripts/peers.sh";

/// Who may take part, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The work done by hand, which is nobody's product
    ByHand,
    Native,
    NativeTwoWay,
    Pglogical,
    Bucardo,
    Ponte,
}

impl Name {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ByHand => "by hand",
            Self::Native => "native, one way",
            Self::NativeTwoWay => "native, two ways",
            Self::Pglogical => "pglogical",
            Self::Bucardo => "Bucardo",
            Self::Ponte => "Ponte",
        }
    }
}

/// How rows get across.
pub(super) enum Way {
    ByHand,
    Product(Box<dyn Peer>),
}

/// One column of the table.
pub(super) struct Entrant {
    pub(super) name: Name,
    pub(super) version: String,
    pub(super) samples: BTreeMap<Row, Vec<f64>>,
    /// Why it takes no part, or no longer.
    pub(super) out: Option<String>,
    playing: Option<(Way, Stage)>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Contest {
    entrants: Vec<Entrant>,
}

impl Contest {
    /// Starts the servers of all that are installed, and the products on them. Then one repetition of each, then the next of each.
    /// Every step has its deadline.
    pub(super) async fn run(&mut self, options: &Options, ponte: &Path) {
        for name in Name::value_variants() {
            if options.takes_part(*name) {
                say(&format!("{}: starting two servers", name.title()));
                self.entrants.push(Entrant::enter(*name, options, ponte).await);
            }
        }
        for (scenario, repetition) in Scenario::schedule(options) {
            for entrant in &mut self.entrants {
                entrant.turn(scenario, options, repetition).await;
            }
        }
        for entrant in &mut self.entrants {
            entrant.end().await;
        }
    }

    pub(super) fn report(self, options: &Options) -> Result<Report> {
        Report::of(&self.entrants, options)
    }
}

impl Entrant {
    async fn enter(name: Name, options: &Options, ponte: &Path) -> Self {
        let mut entrant = Self {
            name,
            version: String::new(),
            samples: BTreeMap::new(),
            out: None,
            playing: None,
        };
        let entered = tokio::time::timeout(options.deadline(), entrant.prepare(options, ponte)).await;
        match entered {
            Ok(Ok(())) => {}
            Ok(Err(e)) => entrant.leave(e.to_string()).await,
            Err(_) => entrant.leave(hung("getting ready", options)).await,
        }
        entrant
    }

    async fn prepare(&mut self, options: &Options, ponte: &Path) -> Result<()> {
        let (binaries, settings) = self.servers().await?;
        let stage = Stage::start(binaries, settings, options.settings.clone(), options.rows).await?;
        self.version = match self.name {
            Name::Pglogical => pglogical::version(stage.admin(Side::A)).await?,
            Name::Bucardo => bucardo::version().await?,
            Name::Ponte => env!("CARGO_PKG_VERSION").to_owned(),
            Name::ByHand | Name::Native | Name::NativeTwoWay => server_version(&stage).await?,
        };
        let mut way = match self.name {
            Name::ByHand => Way::ByHand,
            Name::Native => Way::Product(Box::new(Native)),
            Name::NativeTwoWay => Way::Product(Box::new(NativeTwoWay)),
            Name::Pglogical => Way::Product(Box::new(Pglogical)),
            Name::Bucardo => Way::Product(Box::new(Bucardo::new()?)),
            Name::Ponte => Way::Product(Box::new(Ponte::new(ponte, &stage)?)),
        };
        let installed = match &mut way {
            Way::ByHand => by_hand::prepare(&stage).await,
            Way::Product(peer) => peer.install(&stage).await,
        };
        self.playing = Some((way, stage));
        installed
    }

    /// The server programs that a product needs, where they are not the newest of the system, and its settings.
    async fn servers(&self) -> Result<(Option<Binaries>, &'static [Setting])> {
        let here = ponte_testkit::binaries();
        Ok(match self.name {
            Name::ByHand | Name::Ponte => (None, &[]),
            Name::Native => (None, native::SETTINGS),
            Name::NativeTwoWay if here.major() >= 16 => (None, native::SETTINGS),
            Name::NativeTwoWay => {
                let newer = [17, 16, 18].into_iter().find_map(ponte_testkit::fetched);
                (Some(newer.ok_or(NOT_INSTALLED)?), native::SETTINGS)
            }
            Name::Pglogical => {
                installed(&here, "pglogical")?;
                (None, pglogical::SETTINGS)
            }
            Name::Bucardo => {
                installed(&here, "plperlu")?;
                bucardo::version().await.map_err(|_| NOT_INSTALLED)?;
                (None, &[])
            }
        })
    }

    async fn turn(&mut self, scenario: Scenario, options: &Options, repetition: usize) {
        let Some((way, stage)) = &mut self.playing else {
            return;
        };
        if !scenario.fits(way) {
            return;
        }
        let title = self.name.title();
        say(&format!("{title}: {}, {}", scenario.title(), repetition + 1));
        let measured = scenario.measure(way, stage, options, repetition);
        match tokio::time::timeout(options.deadline(), measured).await {
            Ok(Ok(values)) => {
                for (row, value) in values {
                    self.samples.entry(row).or_default().push(value);
                }
            }
            Ok(Err(e)) => self.leave(format!("{}: {e}", scenario.title())).await,
            Err(_) => self.leave(hung(scenario.title(), options)).await,
        }
    }

    /// Takes no part from here on.
    async fn leave(&mut self, why: String) {
        say(&format!("{} is out: {why}", self.name.title()));
        self.out = Some(why);
        self.end().await;
    }

    /// Stops what still runs. What does not stop in time is killed when its value goes.
    async fn end(&mut self) {
        if let Some((Way::Product(mut peer), stage)) = self.playing.take() {
            let _ = tokio::time::timeout(END_LIMIT, peer.stop(&stage)).await;
        }
    }
}

fn hung(during: &str, options: &Options) -> String {
    format!("{during}: not done after {} s", options.deadline().as_secs())
}

/// Whether the server programs have an extension: in Debian's layout its control file lies beside them.
fn installed(here: &Binaries, extension: &str) -> Result<()> {
    let control = format!("{extension}.control");
    let debian = Path::new("/usr/share/postgresql")
        .join(here.major().to_string())
        .join("extension");
    let beside = here.directory().join("../share/postgresql/extension");
    let found = [debian, beside]
        .iter()
        .any(|directory| directory.join(&control).exists());
    if found { Ok(()) } else { Err(NOT_INSTALLED.into()) }
}

async fn server_version(stage: &Stage) -> Result<String> {
    let row = stage.a.query_one("SHOW server_version", &[]).await?;
    let text: String = row.get(0);
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}
