//! Faults that must leave nothing half done.

mod clock_jumps;
mod disk_full;
mod durability;
mod few_descriptors;
mod hash_storm;
mod huge_requests;
mod idle_connections;
mod kill;
pub mod kills_of_the_server;
mod locked;
mod malformed_requests;
mod migration;
mod outage_load;
mod panics;
pub mod people;
mod pool_exhausted;
mod postgres_proxy;
mod postgres_restart;
mod shutdown_under_load;
mod soak;
mod stalled_clients;
mod starts;
