//! A way to a server that can fall silent, as a broken network does: nothing is refused, nothing comes.

use std::{path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// Passes on what comes over TCP to a Unix socket, and back.
pub(crate) struct Gate {
    pub(crate) port: u16,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Gate {
    /// A gate before the server at `socket`, open.
    pub(crate) async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, seen) = watch::channel(true);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(client, socket.clone(), seen.clone()));
            }
        });
        Self { port, open, task }
    }

    /// Passes nothing on until it is opened.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    /// Passes everything on, also what came while it was closed.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(client: TcpStream, socket: PathBuf, mut open: watch::Receiver<bool>) {
    if open.wait_for(|open| *open).await.is_err() {
        return;
    }
    let Ok(server) = UnixStream::connect(socket).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
    tokio::join!(way(from_client, to_server, open.clone()), way(from_server, to_client, open));
}

async fn way<A, B>(mut from: ReadHalf<A>, mut to: WriteHalf<B>, mut open: watch::Receiver<bool>)
where
    ReadHalf<A>: AsyncReadExt + Unpin,
    WriteHalf<B>: AsyncWriteExt + Unpin,
{
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if open.wait_for(|open| *open).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    // a side that has gone is gone for the other one too
    tokio::time::timeout(Duration::from_secs(1), to.shutdown()).await.map(drop).unwrap_or_default();
}
