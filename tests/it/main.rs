//! The whole test suite in one binary: one link step, and every test beside the others.

#![expect(clippy::disallowed_methods, reason = "the tests read their own environment and name databases by the time")]

#[macro_use]
mod support;

mod architecture;
mod asvs;
mod attacks;
mod authorization;
mod command_line;
mod console;
mod documents;
mod doors;
mod faults;
mod query_api;
mod static_gates;
mod store;
