//! Faults that must leave nothing half done.

mod kill;
