//! PostgreSQL as it is in use: behind certificates, and with a role that may not change its tables.

mod certificates;
mod front;
mod role;
