//! The IAM Query API door.

mod sigv4;
