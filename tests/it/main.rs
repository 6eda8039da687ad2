//! The whole test suite in one binary: one link step, and every test beside the others.

#![expect(clippy::disallowed_methods, reason = "the tests read their own environment and name databases by the time")]

#[macro_use]
mod support;

mod architecture;
mod asvs;
mod attacks;
mod audit;
mod authorization;
mod command_line;
mod console;
mod documents;
mod doors;
mod faults;
mod inventories;
mod keys;
mod nodes;
mod passwords;
mod postgres;
mod query_api;
mod service;
mod static_gates;
mod store;
mod tls;
