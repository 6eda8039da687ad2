//! A door with TLS in front of the tests' PostgreSQL, which has none itself. It keeps every byte that comes in, and how each
//! handshake ended.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CertifiedKey, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::CertificateDer;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// With which PostgreSQL's protocol asks for TLS, in clear: eight bytes, length and number.
pub const TLS_PLEASE: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

pub type Pair = CertifiedKey<KeyPair>;

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn of(owner: &str) -> Self {
        let mut about = CertificateParams::new(Vec::new()).expect("parameters");
        about.distinguished_name.push(DnType::CommonName, owner);
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(about, KeyPair::generate().expect("a key")).expect("an authority"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn certificate(&self, name: &str) -> Pair {
        self.certificate_for(name, datetime!(2000-01-01 0:00 UTC), datetime!(2999-01-01 0:00 UTC))
    }

    pub fn certificate_for(&self, name: &str, begins: OffsetDateTime, ends: OffsetDateTime) -> Pair {
        let mut about = CertificateParams::new([name.to_owned()]).expect("parameters");
        (about.not_before, about.not_after) = (begins, ends);
        let signing_key = KeyPair::generate().expect("a key");
        CertifiedKey { cert: about.signed_by(&signing_key, &self.0).expect("a certificate"), signing_key }
    }
}

/// Who may come in.
pub enum Visitors<'a> {
    Anybody,
    /// As `cert` in PostgreSQL's `pg_hba.conf`.
    WithCertificateOf(&'a Authority),
}

/// What a server has to say when it is asked for TLS.
pub fn speaking(pair: &Pair, visitors: &Visitors<'_>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
    let server = match visitors {
        Visitors::Anybody => server.with_no_client_auth(),
        Visitors::WithCertificateOf(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(authority.0.der().clone()).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            server.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = pair.signing_key.serialize_der().try_into().expect("a key");
    server.with_single_cert(vec![pair.cert.der().clone()], key).expect("a pair")
}

/// How a handshake ended: with the certificate that the client showed, or why not.
type Outcome = Result<Option<CertificateDer<'static>>, String>;

#[derive(Clone, Default)]
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    outcomes: Arc<Mutex<Vec<Outcome>>>,
}

/// Ends with the process, as its connections do.
pub struct Front {
    port: u16,
    kept: Kept,
    hang_up: broadcast::Sender<()>,
}

impl Front {
    /// Says no when it is asked for TLS, where it is given nothing to say yes with.
    pub fn open(server: Option<ServerConfig>) -> Self {
        let (kept, hang_up) = (Kept::default(), broadcast::channel(1).0);
        let acceptor = server.map(|server| TlsAcceptor::from(Arc::new(server)));
        let (ready, port) = std::sync::mpsc::channel();
        let (all, told) = (kept.clone(), hang_up.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                ready.send(listener.local_addr().expect("an address").port()).expect("somebody who waits");
                while let Ok((stream, _)) = listener.accept().await {
                    let (visit, mut over) = (visited(stream, acceptor.clone(), all.clone()), told.subscribe());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = visit => {}
                            _ = over.recv() => {}
                        }
                    });
                }
            });
        });
        Self { port: port.recv().expect("a port"), kept, hang_up }
    }

    /// The URL of a database, by way of this door.
    pub fn url(&self, database: &str, parameters: &str) -> String {
        let mut url = Url::parse(database).expect("a URL");
        url.set_host(Some("localhost")).expect("a host");
        url.set_port(Some(self.port)).expect("a port");
        url.set_query(Some(&format!("sslmode=verify-full{parameters}")));
        url.into()
    }

    /// Ends every connection.
    pub fn hang_up(&self) {
        self.hang_up.send(()).expect("somebody is there");
    }

    /// All that came in, of all connections.
    pub fn bytes(&self) -> Vec<u8> {
        self.kept.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn outcomes(&self) -> Vec<Outcome> {
        self.kept.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn visited(stream: TcpStream, acceptor: Option<TlsAcceptor>, kept: Kept) {
    let mut stream = Heard { stream, bytes: kept.bytes.clone() };
    let mut please = [0; 8];
    if stream.read_exact(&mut please).await.is_err() || please != TLS_PLEASE {
        return;
    }
    let Some(acceptor) = acceptor else {
        drop(stream.write_all(b"N").await);
        // Whatever is said in clear is heard.
        drop(stream.read_to_end(&mut Vec::new()).await);
        return;
    };
    if stream.write_all(b"S").await.is_err() {
        return;
    }
    let accepted = acceptor.accept(stream).await;
    let outcome = match &accepted {
        Ok(inside) => Ok(inside.get_ref().1.peer_certificates().and_then(|all| all.first().cloned())),
        Err(error) => Err(error.to_string()),
    };
    kept.outcomes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(outcome.map(|shown| shown.map(CertificateDer::into_owned)));
    let (Ok(mut inside), Ok(mut behind)) = (accepted, TcpStream::connect(behind()).await) else { return };
    drop(copy_bidirectional(&mut inside, &mut behind).await);
}

/// Where the tests' PostgreSQL listens.
fn behind() -> (String, u16) {
    let url = Url::parse(&std::env::var("TEST_POSTGRES_URL").unwrap_or_default()).expect("TEST_POSTGRES_URL is a URL");
    (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5432))
}

/// A stream of which a copy is kept, as it comes over the wire.
struct Heard {
    stream: TcpStream,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Heard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.bytes.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Heard {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
