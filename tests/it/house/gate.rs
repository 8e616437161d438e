//! A way to a server that can fall silent or become slow, as a network does: nothing is refused, nothing is lost.

use std::{path::PathBuf, time::Duration};
use tokio::{
    io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Passes on what comes over TCP to a server, and back.
pub(crate) struct Gate {
    pub(crate) port: u16,
    pace: watch::Sender<Pace>,
    task: JoinHandle<()>,
}

/// Where the server is.
#[derive(Clone)]
pub(crate) enum Behind {
    Socket(PathBuf),
    Port(u16),
}

/// How what comes is passed on.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    Closed,
    /// After so long, in each direction.
    After(Duration),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Gate {
    /// A gate before a server, open.
    pub(crate) async fn before(server: Behind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (pace, seen) = watch::channel(Pace::After(Duration::ZERO));
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(client, server.clone(), seen.clone()));
            }
        });
        Self { port, pace, task }
    }

    /// Passes nothing on until it is opened.
    pub(crate) fn close(&self) {
        self.pace.send_replace(Pace::Closed);
    }

    /// Passes everything on, also what came while it was closed.
    pub(crate) fn open(&self) {
        self.slow(Duration::ZERO);
    }

    /// Passes everything on after `time`, in each direction.
    pub(crate) fn slow(&self, time: Duration) {
        self.pace.send_replace(Pace::After(time));
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Behind {
    async fn connect(self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Socket(path) => Box::new(UnixStream::connect(path).await?),
            Self::Port(port) => Box::new(nodelay(TcpStream::connect(("127.0.0.1", port)).await?)?),
        })
    }
}

fn nodelay(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true).map(|()| stream)
}

async fn pass(client: TcpStream, server: Behind, mut pace: watch::Receiver<Pace>) {
    if pace.wait_for(|pace| *pace != Pace::Closed).await.is_err() {
        return;
    }
    let (Ok(client), Ok(server)) = (nodelay(client), server.connect().await) else { return };
    let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
    tokio::join!(way(from_client, to_server, pace.clone()), way(from_server, to_client, pace));
}

async fn way<A: AsyncRead, B: AsyncWrite>(
    mut from: ReadHalf<A>,
    mut to: WriteHalf<B>,
    mut pace: watch::Receiver<Pace>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Ok(Pace::After(time)) = pace.wait_for(|pace| *pace != Pace::Closed).await.map(|pace| *pace)
        else {
            break;
        };
        if !time.is_zero() {
            sleep(time).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    // a side that has gone is gone for the other one too
    timeout(Duration::from_secs(1), to.shutdown()).await.map(drop).unwrap_or_default();
}
