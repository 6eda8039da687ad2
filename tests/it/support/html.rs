//! An answer of the server, and what a person finds in its page.

use reqwest::header::{HeaderMap, LOCATION};
use scraper::{Html, Selector};

pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    pub fn title(&self) -> String {
        self.texts("title").join(" ")
    }

    /// The text of each element that the selector finds, with single spaces.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        html.select(&selector).map(|element| squeezed(&element.text().collect::<String>())).collect()
    }

    /// The value of an attribute of each element that the selector finds.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        html.select(&selector).filter_map(|element| element.attr(name).map(str::to_owned)).collect()
    }

    pub fn csrf(&self) -> Option<String> {
        self.attributes("input[name=csrf]", "value").into_iter().next()
    }

    /// The lines of the error summary.
    pub fn errors(&self) -> Vec<String> {
        self.texts(".alert.error li")
    }

    pub fn says(&self, text: &str) -> bool {
        self.texts("body").join(" ").contains(text)
    }

    /// What the page holds besides its frame, as a snapshot keeps it: one tag a line, no token.
    pub fn main(&self) -> String {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse("main").expect("a selector");
        let main = html.select(&selector).next().map(|main| main.inner_html()).unwrap_or_default();
        let main = self.csrf().map_or(main.clone(), |token| main.replace(&token, "[csrf]"));
        let lines = main.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
