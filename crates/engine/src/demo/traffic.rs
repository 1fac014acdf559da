//! The people who use one node: they sign up, change their profiles, leave; now and then somebody imports a list.
//!
//! Each statement is a transaction of its own, as in most applications, under a role that owns nothing. A lost connection is
//! made again: whoever restarts a server by hand during a demo shall see it go on.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use ponte_pg::{ConnectOptions, Conninfo, Session};
use ponte_sync::link::Side;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::{NODES, during, people};
use crate::backoff::Backoff;
use crate::error::Result;

/// How often somebody does something.
const PACE: Duration = Duration::from_millis(25);

/// From this many rows on, more people leave than sign up.
const ROWS_ENOUGH: i64 = 1_500;

/// Below this many rows nobody leaves.
const ROWS_FEW: i64 = 40;

/// How many people an imported list holds.
const IMPORT_ROWS: std::ops::Range<usize> = 10..40;

const SIGN_UP: &str = "INSERT INTO public.perfis (nome, email, bio, telefone) \
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])";
const CHANGE: &str = "UPDATE public.perfis SET bio = $1, telefone = $2 WHERE id = (SELECT id FROM public.perfis \
     ORDER BY id OFFSET (SELECT floor(random() * count(*))::bigint FROM public.perfis) LIMIT 1)";
const SWITCH: &str = "UPDATE public.perfis SET ativo = NOT ativo WHERE id = (SELECT id FROM public.perfis \
     ORDER BY id OFFSET (SELECT floor(random() * count(*))::bigint FROM public.perfis) LIMIT 1)";
const LEAVE: &str = "DELETE FROM public.perfis WHERE id = (SELECT id FROM public.perfis \
     ORDER BY id OFFSET (SELECT floor(random() * count(*))::bigint FROM public.perfis) LIMIT 1)";

/// Everybody who uses one node.
pub(super) struct Crowd {
    pub(super) side: Side,
    pub(super) conninfo: Conninfo,
    pub(super) board: Arc<Board>,
    pub(super) rng: Rng,
    /// Tells the people of this demo from those of earlier ones on the same servers.
    pub(super) season: u64,
    /// How many have signed up.
    pub(super) number: u64,
}

/// What somebody does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    SignUp,
    Import,
    Change,
    Switch,
    Leave,
}

impl Crowd {
    /// Writes until `stop` is cancelled. What has been sent is waited for.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.write(&stop, &mut backoff).await {
            self.board
                .node(self.side, |node| node.trouble = Some(error.in_words()));
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(backoff.next_pause()) => {}
            }
        }
    }

    async fn write(&mut self, stop: &CancellationToken, backoff: &mut Backoff) -> Result<()> {
        let session = enter(&self.conninfo, self.side).await?;
        self.board.node(self.side, |node| node.trouble = None);
        let mut ticks = tokio::time::interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            let rows = self.board.snapshot().nodes[self.side.index()].rows;
            let act = choose(&mut self.rng, rows.unwrap_or(0));
            let written = self.act(&session, act).await?;
            self.board.wrote(self.side, written);
            backoff.succeed();
        }
    }

    /// Answers how many rows were written.
    async fn act(&mut self, session: &Session, act: Act) -> Result<u64> {
        let client = session.client();
        let outcome = match act {
            Act::SignUp => return self.sign_up(session, 1).await,
            Act::Import => {
                let people = self.rng.usize(IMPORT_ROWS);
                return self.sign_up(session, people).await;
            }
            Act::Change => {
                let (bio, telefone) = (people::bio(&mut self.rng), people::telefone(&mut self.rng));
                client.execute(CHANGE, &[&bio, &telefone]).await
            }
            Act::Switch => client.execute(SWITCH, &[]).await,
            Act::Leave => client.execute(LEAVE, &[]).await,
        };
        during(outcome, "write to perfis")
    }

    async fn sign_up(&mut self, session: &Session, people: usize) -> Result<u64> {
        let (mut nomes, mut emails, mut bios, mut telefones) = (vec![], vec![], vec![], vec![]);
        for _ in 0..people {
            self.number += 1;
            let person = people::person(&mut self.rng, NODES[self.side.index()], self.season, self.number);
            nomes.push(person.nome);
            emails.push(person.email);
            bios.push(person.bio);
            telefones.push(person.telefone);
        }
        let outcome = session
            .client()
            .execute(SIGN_UP, &[&nomes, &emails, &bios, &telefones])
            .await;
        during(outcome, "write to perfis")
    }
}

/// A session as an application has it.
pub(super) async fn enter(conninfo: &Conninfo, side: Side) -> Result<Session> {
    let options = ConnectOptions::new(format!("perfis on {}", NODES[side.index()]));
    Ok(Session::connect(conninfo, &options).await?)
}

fn choose(rng: &mut Rng, rows: i64) -> Act {
    let leaving = match rows {
        ..ROWS_FEW => 0,
        ROWS_ENOUGH.. => 60,
        _ => 15,
    };
    match rng.u32(0..100) {
        roll if roll < leaving => Act::Leave,
        roll if roll < leaving + (100 - leaving) / 2 => match rng.u32(0..40) {
            0 if rows < ROWS_ENOUGH => Act::Import,
            _ => Act::SignUp,
        },
        roll if roll % 4 == 0 => Act::Switch,
        _ => Act::Change,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving(rows: i64) -> usize {
        let mut rng = Rng::with_seed(11);
        (0..1_000)
            .filter(|_| choose(&mut rng, rows) == Act::Leave)
            .count()
    }

    #[test]
    fn a_small_table_grows_and_a_large_one_shrinks() {
        assert_eq!(leaving(ROWS_FEW - 1), 0);
        assert!((50..300).contains(&leaving(ROWS_FEW)));
        assert!(leaving(ROWS_ENOUGH) > 500);
    }
}
