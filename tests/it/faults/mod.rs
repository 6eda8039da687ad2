//! Faults that must leave nothing half done.

mod few_descriptors;
mod huge_requests;
mod idle_connections;
mod kill;
mod malformed_requests;
mod panics;
mod shutdown_under_load;
mod stalled_clients;
