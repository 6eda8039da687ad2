//! How a command answers: text for people, JSON for programs.

use crate::domain::error::Error;
use crate::operations::legible;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;
use std::io::{ErrorKind, Write};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

impl Format {
    pub fn is_json(self) -> bool {
        self == Self::Json
    }

    /// A thing with its properties; the text has them in the order given and leaves out what is null.
    pub fn show(self, properties: &[(&str, Value)]) -> Result<(), Error> {
        if self == Self::Json {
            return print_json(&object(properties));
        }
        let width = properties.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let shown = properties.iter().filter(|(_, value)| !value.is_null());
        let lines: Vec<String> = shown.map(|(name, value)| format!("{name:width$}  {}", text(value))).collect();
        say(&lines.join("\n"))
    }

    /// Things of one kind under their columns.
    pub fn list(self, columns: &[&str], rows: &[Vec<Value>]) -> Result<(), Error> {
        if self == Self::Json {
            let objects =
                rows.iter().map(|row| object(&columns.iter().copied().zip(row.iter().cloned()).collect::<Vec<_>>()));
            return print_json(&Value::Array(objects.collect()));
        }
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(text).collect()).collect();
        let width = |at: usize| {
            cells.iter().map(|row| row[at].chars().count()).chain([columns[at].len()]).max().unwrap_or_default()
        };
        let line = |row: &[String]| {
            let padded: Vec<String> =
                row.iter().enumerate().map(|(at, cell)| format!("{cell:0$}", width(at))).collect();
            padded.join("  ").trim_end().to_owned()
        };
        let head: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        say(&[&head].into_iter().chain(&cells).map(|row| line(row)).collect::<Vec<_>>().join("\n"))
    }
}

/// A terminal may stand behind it as well.
pub fn print_json(value: &impl Serialize) -> Result<(), Error> {
    // What is made of strings, numbers and maps with strings as keys can always be written.
    say(&legible::lines(&serde_json::to_string_pretty(value).unwrap_or_default()))
}

/// Lines on the standard output. Who has read enough of them (`| head`) closes it, and that is no failure.
pub fn say(lines: &str) -> Result<(), Error> {
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{lines}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("the answer cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

fn object(properties: &[(&str, Value)]) -> Value {
    Value::Object(properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => legible::line(text),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let parts = all.iter().map(|(name, value)| match value {
                Value::Object(_) => format!("{name} ({})", text(value)),
                _ => format!("{name} {}", text(value)),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
