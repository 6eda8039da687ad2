//! Connections between two requests, which may not stay there for ever.
//!
//! Why: the library that reads HTTP gives a time to the first head of a connection and to a connection on which nothing comes,
//! but none to a later head whose first byte is there, and none to what is left of a body in chunks that nobody wants to
//! read. Either would hold a connection for as long as somebody likes.
//!
//! Why by the number of the socket: the library owns its connections and shows each once, when it is new. A second handle of
//! each would double the open files.

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use posix::sys::socket::{Shutdown, SockaddrStorage, getpeername, shutdown};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How often somebody looks.
const EVERY: Duration = Duration::from_millis(500);
/// For an answer to arrive before the rest of a body is no longer waited for; as long as the library gives to a body whose
/// length it knows.
const AFTER_CHUNKS: Duration = Duration::from_secs(1);

type Encrypted = actix_tls::accept::rustls_0_23::TlsStream<TcpStream>;

thread_local! {
    /// Those of this thread. None until it has had one.
    static OPEN: RefCell<Option<Vec<Weak<Connection>>>> = const { RefCell::new(None) };
}

/// Of the thread that serves it, and of nobody else.
pub struct Connection {
    socket: RawFd,
    peer: SocketAddr,
    /// None while a request is under way.
    ends: Cell<Option<Instant>>,
}

/// A new connection, as the library shows it. It has to begin with a request within `patience`, and so after each answer.
pub fn watch(connection: &dyn Any, extensions: &mut Extensions, patience: Duration) {
    let encrypted = || connection.downcast_ref::<Encrypted>().map(|stream| stream.get_ref().0);
    let Some(stream) = connection.downcast_ref::<TcpStream>().or_else(encrypted) else { return };
    let Ok(peer) = stream.peer_addr() else { return };
    let ends = Cell::new(Some(Instant::now() + patience));
    let connection = Rc::new(Connection { socket: stream.as_raw_fd(), peer, ends });
    OPEN.with_borrow_mut(|open| {
        if open.is_none() {
            actix_web::rt::spawn(end_the_late());
        }
        open.get_or_insert_default().push(Rc::downgrade(&connection));
    });
    extensions.insert(connection);
}

async fn end_the_late() {
    loop {
        tokio::time::sleep(EVERY).await;
        OPEN.with_borrow_mut(|open| {
            if let Some(open) = open {
                open.retain(|connection| connection.upgrade().is_some_and(|one| one.goes_on()));
            }
        });
    }
}

impl Connection {
    fn goes_on(&self) -> bool {
        if self.ends.get().is_none_or(|ends| Instant::now() < ends) {
            return true;
        }
        // A request may outlive its connection, whose number is somebody else's then. The number and the peer together are
        // this connection's; and while it is open, nobody but this thread closes it.
        if peer_of(self.socket) == Some(self.peer) {
            tracing::debug!("a connection took too long to begin its next request");
            let _ = shutdown(self.socket, Shutdown::Both);
        }
        false
    }
}

fn peer_of(socket: RawFd) -> Option<SocketAddr> {
    let peer = getpeername::<SockaddrStorage>(socket).ok()?;
    let v4 = peer.as_sockaddr_in().map(|peer| SocketAddrV4::from(*peer).into());
    v4.or_else(|| peer.as_sockaddr_in6().map(|peer| SocketAddrV6::from(*peer).into()))
}

/// From the head of a request until its whole answer is handed over to the library.
pub struct UnderWay {
    connection: Option<Rc<Connection>>,
    in_chunks: bool,
    patience: Duration,
}

impl UnderWay {
    pub fn of(request: &ServiceRequest, patience: Duration) -> Self {
        let connection = request.request().conn_data::<Rc<Connection>>().cloned();
        if let Some(connection) = &connection {
            connection.ends.set(None);
        }
        let in_chunks = request.chunked().unwrap_or(true);
        Self { connection, in_chunks, patience: if in_chunks { AFTER_CHUNKS } else { patience } }
    }

    pub fn until_handed_over<B: MessageBody + 'static>(
        self,
        mut response: ServiceResponse<B>,
    ) -> ServiceResponse<BoxBody> {
        if self.in_chunks {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        response.map_body(|_, body| BoxBody::new(Handed { body: body.boxed(), _under_way: self }))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.ends.set(Some(Instant::now() + self.patience));
        }
    }
}

/// The body of an answer, which knows when the library has taken all of it.
struct Handed {
    body: BoxBody,
    _under_way: UnderWay,
}

impl MessageBody for Handed {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.get_mut().body.as_pin_mut().poll_next(cx)
    }
}
