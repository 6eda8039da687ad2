//! The whole test suite in one binary: one link step, and every test beside the others.

mod architecture;
mod authorization;
mod command_line;
mod console;
mod faults;
mod store;
mod support;
