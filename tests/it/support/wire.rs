//! A wire to PostgreSQL that says other words than were sent, each of the same length: what an engine is like that speaks
//! PostgreSQL's protocol and is not PostgreSQL, as far as that can be had without one. It counts what could not be
//! serialized.

use super::database::Database;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What is sent and what arrives in its place.
pub type Words = &'static [(&'static str, &'static str)];

/// Who asks for READ COMMITTED gets SERIALIZABLE, as from an engine that has nothing else.
pub const SERIALIZABLE: Words = &[("ISOLATION LEVEL READ COMMITTED", "ISOLATION LEVEL SERIALIZABLE  ")];

/// Without advisory locks, and without columns in a collation of their own.
pub const COCKROACHDB: Words = &[
    ("SELECT CAST(version() AS TEXT)", "SELECT 'CockroachDB CCL v25.2'"),
    ("_advisory_", "_no_such__"),
    ("COLLATE \"C\"", "COLLATE \"?\""),
];

/// Ends with the process.
#[derive(Clone, Default)]
pub struct Wire(Arc<Counts>);

#[derive(Default)]
struct Counts {
    anywhere: AtomicU64,
    at_commit: AtomicU64,
}

impl Wire {
    /// From now on the database is reached over the wire by whoever opens it anew.
    pub fn between(database: &mut Database, words: Words) -> Self {
        for (sent, arrives) in words {
            assert_eq!(sent.len(), arrives.len(), "{sent}");
        }
        let url = database.settings.url.clone();
        let (begin, rest) = url.split_once("://").expect("a URL");
        let (address, name) = rest.split_once('/').expect("a database");
        let (user, host) = address.split_once('@').map_or(("", address), |(user, host)| (user, host));
        let wire = Self::default();
        let port = wire.clone().listen(host.to_owned(), words);
        let user = if user.is_empty() { String::new() } else { format!("{user}@") };
        database.settings.url = format!("{begin}://{user}127.0.0.1:{port}/{name}?sslmode=disable");
        wire
    }

    /// How often the server could not serialize a transaction.
    pub fn failures(&self) -> u64 {
        self.0.anywhere.load(Ordering::Relaxed)
    }

    /// How often it said so at COMMIT.
    pub fn failures_at_commit(&self) -> u64 {
        self.0.at_commit.load(Ordering::Relaxed)
    }

    fn listen(self, host: String, words: Words) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a listener");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(self.clone().carry(client, host.clone(), words));
                }
            });
        });
        port
    }

    async fn carry(self, client: TcpStream, host: String, words: Words) {
        let Ok(server) = TcpStream::connect(host).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let committing = Arc::new(AtomicBool::new(false));
        tokio::join!(
            there(from_client, to_server, words, committing.clone()),
            self.back(from_server, to_client, committing)
        );
    }

    async fn back(&self, from: OwnedReadHalf, mut to: OwnedWriteHalf, committing: Arc<AtomicBool>) {
        let mut from = BufReader::new(from);
        while let Some(message) = message(&mut from, true).await {
            if message[0] == b'E' && contains(&message, b"C40001\0") {
                self.0.anywhere.fetch_add(1, Ordering::Relaxed);
                if committing.load(Ordering::Relaxed) {
                    self.0.at_commit.fetch_add(1, Ordering::Relaxed);
                }
            }
            if to.write_all(&message).await.is_err() {
                break;
            }
        }
    }
}

async fn there(from: OwnedReadHalf, mut to: OwnedWriteHalf, words: Words, committing: Arc<AtomicBool>) {
    let mut from = BufReader::new(from);
    let mut has_a_type = false;
    while let Some(mut message) = message(&mut from, has_a_type).await {
        has_a_type = true;
        // A statement as it is, or one that is prepared.
        if [b'Q', b'P'].contains(&message[0]) {
            committing.store(contains(&message, b"COMMIT\0"), Ordering::Relaxed);
            for (sent, arrives) in words {
                replace(&mut message, sent.as_bytes(), arrives.as_bytes());
            }
        }
        if to.write_all(&message).await.is_err() {
            break;
        }
    }
}

/// One whole message of the protocol; the first of a client has no type.
async fn message(from: &mut BufReader<OwnedReadHalf>, has_a_type: bool) -> Option<Vec<u8>> {
    let mut head = vec![0; if has_a_type { 5 } else { 4 }];
    from.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes(head[head.len() - 4..].try_into().ok()?) as usize;
    let mut body = vec![0; length.checked_sub(4)?];
    from.read_exact(&mut body).await.ok()?;
    head.append(&mut body);
    Some(head)
}

fn contains(message: &[u8], words: &[u8]) -> bool {
    message.windows(words.len()).any(|window| window == words)
}

fn replace(message: &mut [u8], sent: &[u8], arrives: &[u8]) {
    for at in 0..=message.len().saturating_sub(sent.len()) {
        if message[at..].starts_with(sent) {
            message[at..at + sent.len()].copy_from_slice(arrives);
        }
    }
}
