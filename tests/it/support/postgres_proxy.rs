//! Between the program and PostgreSQL: leads to where the server is today, falls silent, or cuts a connection off at the
//! COMMIT of a change that the test names.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the answer to a COMMIT is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// On its way to the server, which undoes the change.
    BeforeCommit,
    /// On its way back: the change is made.
    AfterCommit,
}

#[derive(Clone)]
pub struct PostgresProxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: AtomicU16,
    connections: AtomicU32,
    /// Connections before this one are silent.
    silent_before: AtomicU32,
    /// The next transaction that binds this text.
    cut: Mutex<Option<(&'static str, Cut)>>,
}

impl PostgresProxy {
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Shared {
            server: AtomicU16::new(server),
            connections: AtomicU32::new(0),
            silent_before: AtomicU32::new(0),
            cut: Mutex::new(None),
        };
        let proxy = Self { port, shared: Arc::new(shared) };
        let shared = proxy.shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, shared.clone()));
            }
        });
        proxy
    }

    /// New connections lead there.
    pub fn move_to(&self, server: u16) {
        self.shared.server.store(server, Ordering::SeqCst);
    }

    /// Nothing passes on the connections that there are, and nobody tells their ends: as when a machine is gone.
    pub fn fall_silent(&self) {
        let all = self.shared.connections.load(Ordering::SeqCst);
        self.shared.silent_before.store(all, Ordering::SeqCst);
    }

    /// Loses the answer to the COMMIT of the next transaction in which this text is bound to a statement.
    pub fn cut_at(&self, text: &'static str, cut: Cut) {
        *self.plan() = Some((text, cut));
    }

    /// Whether what was to be cut was cut.
    pub fn has_cut(&self) -> bool {
        self.plan().is_none()
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Option<(&'static str, Cut)>> {
        self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both sides are closed when either has ended.
async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(server) = TcpStream::connect(("127.0.0.1", shared.server.load(Ordering::SeqCst))).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let connection = Connection { number, shared, is_lost: AtomicBool::new(false) };
    tokio::select! {
        _ = connection.ask(from_client, to_server) => {}
        _ = connection.answer(from_server, to_client) => {}
    }
}

struct Connection {
    number: u32,
    shared: Arc<Shared>,
    /// The next answer does not arrive.
    is_lost: AtomicBool,
}

impl Connection {
    async fn ask(&self, mut client: impl AsyncRead + Unpin, mut server: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut has_begun = false;
        let mut is_named = false;
        loop {
            let message = message(&mut client, has_begun).await?;
            self.wait_for_ever_if_silent().await;
            // Where a session begins, messages have no letter; the second one is that which asks for it.
            has_begun = has_begun || message.get(4..8) == Some(&196_608_u32.to_be_bytes());
            match self.cut(&message, &mut is_named) {
                Some(Cut::BeforeCommit) => return Ok(()),
                Some(Cut::AfterCommit) => self.is_lost.store(true, Ordering::SeqCst),
                None => {}
            }
            server.write_all(&message).await?;
        }
    }

    async fn answer(&self, mut server: impl AsyncRead + Unpin, mut client: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let length = server.read(&mut piece).await?;
            self.wait_for_ever_if_silent().await;
            if length == 0 || self.is_lost.load(Ordering::SeqCst) {
                return Ok(());
            }
            client.write_all(&piece[..length]).await?;
        }
    }

    fn cut(&self, message: &[u8], is_named: &mut bool) -> Option<Cut> {
        let mut plan = self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, cut) = (*plan)?;
        match message.first() {
            Some(b'B') if message.windows(text.len()).any(|window| window == text.as_bytes()) => *is_named = true,
            Some(b'Q') if message[5..].starts_with(b"COMMIT") && *is_named => {
                *plan = None;
                return Some(cut);
            }
            Some(b'Q') if message[5..].starts_with(b"BEGIN") => *is_named = false,
            _ => {}
        }
        None
    }

    async fn wait_for_ever_if_silent(&self) {
        if self.number < self.shared.silent_before.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

/// One message of the client's, whole. Source: PostgreSQL's documentation, "Message Formats".
async fn message(client: &mut (impl AsyncRead + Unpin), has_letter: bool) -> io::Result<Vec<u8>> {
    let head = if has_letter { 5 } else { 4 };
    let mut message = vec![0; head];
    client.read_exact(&mut message).await?;
    let length = message[head - 4..].try_into().map(u32::from_be_bytes).expect("four bytes") as usize;
    message.resize(head - 4 + length, 0);
    client.read_exact(&mut message[head..]).await?;
    Ok(message)
}
