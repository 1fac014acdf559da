//! A network between a test and a server that the test can break.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
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
}

/// A proxy on the loopback address in front of one port there. Dropping it cuts everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    weather: Arc<watch::Sender<Weather>>,
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
        let accepting = tokio::spawn(accept(listener, server, weather.clone())).abort_handle();
        Self {
            port: own_port,
            weather,
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
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, weather: Arc<watch::Sender<Weather>>) {
    while let Ok((client, _)) = listener.accept().await {
        let now = weather.subscribe();
        if !now.borrow().refuses {
            tokio::spawn(carry(client, server, now));
        }
    }
}

/// Carries one connection until either end closes it or it is cut.
async fn carry(client: TcpStream, server: SocketAddr, mut weather: watch::Receiver<Weather>) {
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
        _ = pass_on(client_read, server_write, weather.clone()) => {}
        _ = pass_on(server_read, client_write, weather.clone()) => {}
        _ = weather.wait_for(|now| now.cuts != cuts) => {}
    }
}

async fn pass_on(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    weather: watch::Receiver<Weather>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let delay = weather.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}
