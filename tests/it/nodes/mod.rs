//! More than one node: processes of the program on one PostgreSQL.

mod ending;
