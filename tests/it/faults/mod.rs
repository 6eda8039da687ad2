//! Faults that must leave nothing half done.

mod disk_full;
mod durability;
mod hash_storm;
mod kill;
mod kills_of_the_server;
mod locked;
mod migration;
mod people;
mod soak;
mod starts;
