//! Faults that must leave nothing half done.

mod hash_storm;
mod kill;
mod soak;
