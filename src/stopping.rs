//! The end of the process, which a signal asks for. Readiness knows at once; what is under way knows by when its answer
//! has to be out.

use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// New work is still taken, so that whoever sends it here can find out that it should not.
    Leaving,
    /// Nothing new is taken.
    Closed,
}

/// What every part of the process knows of its end.
pub struct Stopping(watch::Sender<Stage>);

impl Default for Stopping {
    fn default() -> Self {
        Self(watch::Sender::new(Stage::Serving))
    }
}

impl Stopping {
    /// From now on this process is not ready.
    pub fn begin(&self) {
        self.advance(Stage::Leaving);
    }

    /// Nothing new is taken any more.
    pub fn close(&self) {
        self.advance(Stage::Closed);
    }

    fn advance(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let later = *now < stage;
            *now = stage.max(*now);
            later
        });
    }

    pub fn has_begun(&self) -> bool {
        *self.0.borrow() > Stage::Serving
    }

    /// Comes `patience` after nothing new is taken: what is not answered then is answered now.
    pub async fn last_call(&self, patience: Duration) {
        // The sender is `self`: it is not gone.
        let _ = self.0.subscribe().wait_for(|stage| *stage == Stage::Closed).await;
        tokio::time::sleep(patience).await;
    }
}

/// SIGTERM and SIGINT, which ask for the same.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
