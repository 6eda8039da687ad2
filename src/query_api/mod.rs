//! The IAM Query API door.

pub mod sigv4;
