//! How a command answers: text for people, JSON for programs.

use crate::operations::legible;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

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
    pub fn show(self, properties: &[(&str, Value)]) {
        match self {
            Self::Json => print_json(&object(properties)),
            Self::Text => {
                let width = properties.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
                for (name, value) in properties.iter().filter(|(_, value)| !value.is_null()) {
                    println!("{name:width$}  {}", text(value));
                }
            }
        }
    }

    /// Things of one kind under their columns.
    pub fn list(self, columns: &[&str], rows: &[Vec<Value>]) {
        if self == Self::Json {
            let objects =
                rows.iter().map(|row| object(&columns.iter().copied().zip(row.iter().cloned()).collect::<Vec<_>>()));
            print_json(&Value::Array(objects.collect()));
            return;
        }
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(text).collect()).collect();
        let width = |at: usize| {
            cells.iter().map(|row| row[at].chars().count()).chain([columns[at].len()]).max().unwrap_or_default()
        };
        let line = |row: &[String]| {
            let padded: Vec<String> =
                row.iter().enumerate().map(|(at, cell)| format!("{cell:0$}", width(at))).collect();
            println!("{}", padded.join("  ").trim_end());
        };
        line(&columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>());
        for row in &cells {
            line(row);
        }
    }
}

/// A terminal may stand behind it as well.
pub fn print_json(value: &impl Serialize) {
    // What is made of strings, numbers and maps with strings as keys can always be written.
    println!("{}", legible::lines(&serde_json::to_string_pretty(value).unwrap_or_default()));
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
