//! The figures that this program is held to, measured on the release build: what a sign-in, a change of the password, a page
//! and a signed read cost beside the hash that they cannot do without, what a storm takes, how soon it is ready.
//!
//!     cargo bench --bench figures                      every cell, on SQLite: under ten minutes
//!     cargo bench --bench figures -- G1 G8             these cells
//!     cargo bench --bench figures -- --postgres URL    on PostgreSQL, in new databases of that server, which stay
//!     cargo bench --bench figures -- --short           a look at whether it works: a second or two a cell, no verdicts
//!     cargo bench --bench figures -- G9 --users 1000000 --audit-records 10000000
//!     cargo bench --bench figures -- seed --users 1000000 --audit-records 10000000 --data-dir DIR [--postgres URL]
//!
//! The last one only makes a database of that size, and says how to start the console on it. benches/README.md says what
//! each cell is, and what was measured. Prints one JSON line for each measurement, then a line with PASS or FAIL for each
//! figure. Figures are CPU time of the server's process, from /proc, as ratios to what was calibrated in the same run, in
//! turn, medians of three rounds; on a machine that others use too, wall-clock times prove nothing, and get no verdict
//! where others took a tenth of the cores.

#![expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^52")]

mod cells;
mod client;
mod hash;
mod load;
mod machine;
mod report;
mod seed;
mod server;
#[path = "../../tests/it/support/signing.rs"]
mod signing;

use cells::{CELLS, Run};
use report::Report;
use seed::Size;
use server::Home;
use std::path::PathBuf;

/// What was asked for on the command line.
#[derive(Default)]
struct Asked {
    cells: Vec<String>,
    postgres: Option<String>,
    short: bool,
    users: Option<u64>,
    audit_records: Option<u64>,
    seed: bool,
    data_dir: Option<PathBuf>,
}

impl Asked {
    fn of(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut asked = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} has a value"));
            match argument.as_str() {
                "--bench" => {}
                "--postgres" => asked.postgres = Some(value()),
                "--users" => asked.users = Some(value().parse().expect("a number of users")),
                "--audit-records" => asked.audit_records = Some(value().parse().expect("a number of audit records")),
                "--data-dir" => asked.data_dir = Some(value().into()),
                "--short" => asked.short = true,
                "seed" => asked.seed = true,
                cell if CELLS.iter().any(|(name, _)| *name == cell) => asked.cells.push(argument),
                other => panic!("{other:?} is none of {:?}, seed and the options", CELLS.map(|(name, _)| name)),
            }
        }
        asked
    }

    fn wants(&self, cell: &str) -> bool {
        self.cells.is_empty() || self.cells.iter().any(|one| one == cell)
    }

    fn size(&self) -> Size {
        let users = self.users.unwrap_or(if self.short { 2_000 } else { 100_000 });
        Size { users, audit_records: self.audit_records.unwrap_or(10 * users) }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == server::SERVE) {
        return server::serve_without_hashing();
    }
    // `cargo test --benches` only checks that it builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let asked = Asked::of(arguments.into_iter());
    if asked.seed {
        let data_dir = asked.data_dir.clone().expect("seed needs --data-dir, a folder that is not there yet");
        return seed::seed_for_keeps(&Home::at(data_dir, asked.postgres.as_deref()), asked.size());
    }
    let (postgres, short, size) = (asked.postgres.clone(), asked.short, asked.size());
    let mut run = Run { postgres, short, size, report: Report::new(short) };
    for (name, cell) in CELLS {
        if asked.wants(name) {
            cell(&mut run);
        }
    }
    assert!(run.report.close(), "a figure is missed");
}
