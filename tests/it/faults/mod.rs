//! Faults that must leave nothing half done.

mod clock_jumps;
mod kill;
mod outage_load;
mod pool_exhausted;
mod postgres_proxy;
mod postgres_restart;
