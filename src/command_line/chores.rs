//! What a server does beside its requests, from its start to its end: it keeps house and ships audit records, where it is the
//! node whose turn that is.

use crate::app::App;
use crate::config::{AuditShipping, Config};
use crate::operations::housekeeping::{AuditRetention, Housekeeper, Shipping, refresh_common_parameters};
use crate::operations::ship_audit::Shipper;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often what has expired is looked for.
const HOUSEKEEPING: Duration = Duration::from_mins(1);
/// How often records are looked for that are old enough to be shipped.
const SHIPPING: Duration = Duration::from_secs(5);
/// How long the end of the program waits for leases to be given back.
const FAREWELL: Duration = Duration::from_secs(1);

/// A file that cannot be written to is told at the start, by whom it can be mended.
pub fn check(config: &Config) -> Result<(), String> {
    let AuditShipping::To(log) = &config.audit_log else { return Ok(()) };
    log.check().map_err(|error| format!("MSC_AUDIT_LOG: {log}: {error}"))
}

pub struct Chores {
    end: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Chores {
    pub fn begin(app: &Arc<App>, config: &Config) -> Self {
        let (end, ends) = watch::channel(false);
        let house = Housekeeper::new(app.clone(), retention(config));
        let mut running = vec![actix_web::rt::spawn(keep_house(house, app.clone(), ends.clone()))];
        if let AuditShipping::To(log) = &config.audit_log {
            running.push(actix_web::rt::spawn(ship(Shipper::new(app.clone(), log.clone()), ends)));
        }
        Self { end, running }
    }

    /// Gives back what another node can go on with.
    pub async fn end(self) {
        self.end.send_replace(true);
        let all = async {
            for chore in self.running {
                drop(chore.await);
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("leases were not given back in time: other nodes wait until they expire");
        }
    }
}

fn retention(config: &Config) -> AuditRetention {
    let shipping = match config.audit_log {
        AuditShipping::To(_) => Shipping::ByThisNode,
        AuditShipping::Unset => Shipping::Unknown,
        AuditShipping::Off => Shipping::Over,
    };
    let kept = config.audit_retention.and_then(|kept| time::Duration::try_from(kept).ok());
    AuditRetention { kept, shipping }
}

async fn keep_house(mut house: Housekeeper, app: Arc<App>, mut ends: watch::Receiver<bool>) {
    let rounds = async {
        loop {
            house.keep().await;
            tokio::time::sleep(HOUSEKEEPING).await;
            app.address_limit.forget_idle();
            refresh_common_parameters(&app).await;
        }
    };
    // What is cut off by the end is undone, and done by whoever comes next.
    tokio::select! { () = rounds => {}, _ = ends.changed() => {} }
    house.rest().await;
}

async fn ship(mut shipper: Shipper, mut ends: watch::Receiver<bool>) {
    let rounds = async {
        loop {
            shipper.ship().await;
            tokio::time::sleep(SHIPPING).await;
        }
    };
    tokio::select! { () = rounds => {}, _ = ends.changed() => {} }
    shipper.rest().await;
}
