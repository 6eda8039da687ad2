//! What connections need of the system, which nothing above a listening socket can give them: room in its queue, a limit
//! for those that take nothing, and files.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// How many may wait to be taken. The standard library's 128 are gone with one burst, and who comes then is not told to
/// come back: its system tries again by itself, a second later. The system has the last word (`somaxconn`).
const QUEUE: i32 = 4096;

pub fn listen(address: SocketAddr, patience: Duration) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    socket2::SockRef::from(&listener).listen(QUEUE)?;
    limit_reading(&listener, patience)?;
    Ok(listener)
}

/// A client that takes nothing of what was sent to it would hold its connection for ever. The system ends it, as nothing
/// above the socket can: connections inherit this from their listener.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
fn limit_reading(listener: &TcpListener, patience: Duration) -> std::io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(patience))
}

/// Elsewhere the system has no such limit; the number of connections bounds what they cost.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "fuchsia")))]
fn limit_reading(_: &TcpListener, _: Duration) -> std::io::Result<()> {
    Ok(())
}

/// From now on nobody new arrives; who has arrived is still taken. Whether the system can do that: otherwise those who have
/// arrived and are not taken lose their connection when the listener is closed.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn let_nobody_in(listener: &TcpListener) -> bool {
    use socket2::SockFilter;
    // Is SYN among the flags of the packet, which are byte 13 of its TCP header? Then it is dropped, and its sender tries
    // again when the listener is gone. Any other goes on, and the packets of connections that are open are not seen here.
    let filter = [
        SockFilter::new(0x30, 0, 0, 13),
        SockFilter::new(0x45, 0, 1, 0x02),
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ];
    socket2::SockRef::from(listener).attach_filter(&filter).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn let_nobody_in(_: &TcpListener) -> bool {
    false
}

/// As many connections as were wanted, or as the system allows the process open files beside its own.
///
/// Why: connections that took the last file would leave none for the database, and every request would fail for as long as
/// somebody holds them.
pub fn affordable(wanted: usize, own_files: usize) -> usize {
    let Some(files) = most_files() else { return wanted };
    let affordable = files.saturating_sub(own_files).clamp(1, wanted);
    if affordable < wanted {
        tracing::warn!(files, connections = affordable, wanted, "few open files are allowed: `ulimit -n`, LimitNOFILE");
    }
    affordable
}

/// None where the system does not say, or says that there is no limit.
fn most_files() -> Option<usize> {
    said(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

fn said(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_is_the_one_that_holds_now() {
        let table = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max processes             96398                96398                processes \n";
        assert_eq!(
            said(&format!("{table}Max open files            1024                 524288               files")),
            Some(1024)
        );
        assert_eq!(
            said(&format!("{table}Max open files            unlimited            unlimited            files")),
            None
        );
        assert_eq!(said(table), None);
        assert!(cfg!(not(target_os = "linux")) || most_files().is_some());
    }

    #[test]
    fn there_is_always_a_connection_and_never_more_than_was_wanted() {
        assert_eq!(affordable(10, usize::MAX), if most_files().is_some() { 1 } else { 10 });
        assert_eq!(affordable(10, 0), 10);
    }
}
