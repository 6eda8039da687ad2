//! More than one node: processes of the program on one PostgreSQL, behind one nginx that is configured as README says.

mod ending;
mod load;
mod nginx;
mod people;
mod rolling;
mod shared;
