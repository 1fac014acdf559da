//! A network between a test and a server that the test can break.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How much is passed on at once, in bytes.
const BUFFER_BYTES: usize = 16 * 1024;

/// What the network is like at the moment.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    /// Counts the cuts; a connection lives until it changes.
    cuts: u64,
    refuses: bool,
    delay: Duration,
    /// Every how many pieces of data one comes late, and by how much.
    losses: Option<(u32, Duration)>,
    frozen: bool,
}

impl Weather {
    /// How late a piece of data arrives.
    fn late(self, piece: u32) -> Duration {
        let lost = self.losses.filter(|(every, _)| piece.is_multiple_of(*every));
        self.delay + lost.map_or(Duration::ZERO, |(_, again_after)| again_after)
    }
}

/// A proxy on the loopback address in front of one port there. Dropping it cuts everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    weather: Arc<watch::Sender<Weather>>,
    passed_bytes: Arc<AtomicU64>,
    accepting: AbortHandle,
}

impl Proxy {
    /// A proxy in front of `127.0.0.1:port` that passes everything on.
    ///
    /// # Panics
    /// When there is no port to listen on.
    pub async fn to(port: u16) -> Self {
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await {
            Ok(listener) => listener,
            Err(e) => panic!("cannot listen for the proxy: {e}"),
        };
        let own_port = listener.local_addr().map_or(0, |address| address.port());
        let weather = Arc::new(watch::Sender::new(Weather::default()));
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let passed_bytes = Arc::new(AtomicU64::new(0));
        let accepting =
            tokio::spawn(accept(listener, server, weather.clone(), passed_bytes.clone())).abort_handle();
        Self {
            port: own_port,
            weather,
            passed_bytes,
            accepting,
        }
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same URL through the proxy; `url` must name `127.0.0.1:` and the server's port.
    ///
    /// # Panics
    /// When it does not.
    pub fn through(&self, url: &str, server_port: u16) -> String {
        let direct = format!("127.0.0.1:{server_port}");
        assert!(url.contains(&direct), "the URL does not lead to {direct}");
        url.replacen(&direct, &format!("127.0.0.1:{}", self.port), 1)
    }

    /// How much has been passed on, in both directions together.
    pub fn passed_bytes(&self) -> u64 {
        self.passed_bytes.load(Ordering::Relaxed)
    }

    /// Cuts every connection that exists.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.cuts += 1);
    }

    /// From now on, new connections are closed at once; or accepted again.
    pub fn refuse(&self, refuses: bool) {
        self.weather.send_modify(|weather| weather.refuses = refuses);
    }

    /// From now on, every piece of data is held back for this long, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }

    /// From now on, every so manieth piece of data is held back for this long, as a packet is that was lost and sent again.
    pub fn lose(&self, every: u32, again_after: Duration) {
        self.weather
            .send_modify(|weather| weather.losses = Some((every.max(1), again_after)));
    }

    /// From now on, nothing is read and nothing arrives, while connections stand as if nothing were wrong; or all goes on.
    pub fn freeze(&self, frozen: bool) {
        self.weather.send_modify(|weather| weather.frozen = frozen);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    passed_bytes: Arc<AtomicU64>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let now = weather.subscribe();
        if !now.borrow().refuses {
            tokio::spawn(carry(client, server, now, passed_bytes.clone()));
        }
    }
}

/// Carries one connection until either end closes it or it is cut.
async fn carry(
    client: TcpStream,
    server: SocketAddr,
    mut weather: watch::Receiver<Weather>,
    passed_bytes: Arc<AtomicU64>,
) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let cuts = weather.borrow().cuts;
    let ((client_read, client_write), (server_read, server_write)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        _ = pass_on(client_read, server_write, weather.clone(), &passed_bytes) => {}
        _ = pass_on(server_read, client_write, weather.clone(), &passed_bytes) => {}
        _ = weather.wait_for(|now| now.cuts != cuts) => {}
    }
}

async fn pass_on(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    passed_bytes: &AtomicU64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    for piece in 1_u32.. {
        thaw(&mut weather).await;
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        thaw(&mut weather).await;
        let late = weather.borrow().late(piece);
        if !late.is_zero() {
            tokio::time::sleep(late).await;
        }
        to.write_all(&buffer[..length]).await?;
        passed_bytes.fetch_add(length as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// Waits as long as the network is frozen.
async fn thaw(weather: &mut watch::Receiver<Weather>) {
    // Without its proxy, a connection is cut anyway.
    let _ = weather.wait_for(|now| !now.frozen).await;
}
