//! What a listening socket asks of the system, which nothing above it can do.

use std::net::TcpListener;
use std::time::Duration;

/// A client that takes nothing of what was sent to it would hold its connection for ever. The system ends it, as nothing
/// above the socket can: connections inherit this from their listener.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
pub fn limit_reading(listener: &TcpListener, patience: Duration) -> std::io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(patience))
}

/// Elsewhere the system has no such limit; the number of connections bounds what they cost.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "fuchsia")))]
pub fn limit_reading(_: &TcpListener, _: Duration) -> std::io::Result<()> {
    Ok(())
}
