//! JSON lines of what was measured, and a line with a verdict for each figure.

use serde_json::{Map, Value};

/// On which side of its limit a figure has to be.
#[derive(Clone, Copy)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// One JSON line: the cell, the engine, and what was seen, which is an object.
pub fn measured(cell: &str, engine: &str, seen: Value) {
    let Value::Object(seen) = seen else { unreachable!("an object") };
    let mut line = Map::from_iter([("cell".to_owned(), cell.into()), ("engine".to_owned(), engine.into())]);
    line.extend(seen);
    println!("{}", Value::Object(line));
}

#[derive(Default)]
pub struct Report {
    lines: Vec<String>,
    failed: bool,
    /// Too short a look to judge by.
    short: bool,
}

/// A wall-clock figure is no verdict on the program where others took more of the machine than this.
const MOST_TO_OTHERS: f64 = 0.10;

impl Report {
    pub fn new(short: bool) -> Self {
        Self { short, ..Self::default() }
    }

    /// A figure of CPU time or memory, which a busy machine changes little.
    pub fn figure(&mut self, cell: &str, engine: &str, what: &str, value: f64, limit: Limit) {
        if self.short {
            return self.add(format!("{cell} {engine}: {what}: {value:.4}: NO VERDICT, a short look"));
        }
        let (holds, bound) = match limit {
            Limit::AtLeast(least) => (value >= least, format!("at least {least}")),
            Limit::AtMost(most) => (value <= most, format!("at most {most:.4}")),
        };
        let verdict = if holds { "PASS" } else { "FAIL" };
        self.failed |= !holds;
        self.add(format!("{cell} {engine}: {what}: {value:.4}, {bound}: {verdict}"));
    }

    /// A figure of wall-clock time.
    pub fn timed(&mut self, cell: &str, engine: &str, what: &str, value: f64, limit: Limit, to_others: f64) {
        if to_others <= MOST_TO_OTHERS {
            return self.figure(cell, engine, what, value, limit);
        }
        let percent = to_others * 100.0;
        self.add(format!("{cell} {engine}: {what}: {value:.4}: NO VERDICT, others took {percent:.0} % of the cores"));
    }

    pub fn no_verdict(&mut self, cell: &str, engine: &str, why: &str) {
        self.add(format!("{cell} {engine}: NO VERDICT, {why}"));
    }

    fn add(&mut self, line: String) {
        println!("{line}");
        self.lines.push(line);
    }

    /// Every verdict once more; whether none is FAIL.
    pub fn close(self) -> bool {
        println!("\n{}", self.lines.join("\n"));
        !self.failed
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    f64::midpoint(values[middle], values[(values.len() - 1) / 2])
}

pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
