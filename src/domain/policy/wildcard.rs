//! Wildcard matching in bounded time. The pattern is cut at each `*` into segments that are found one after the other,
//! leftmost first, which is enough because a later `*` takes up any slack: nothing is ever tried twice.
//!
//! Why not the usual loop that falls back to the last `*`: it takes text times segment steps, and a policy's author
//! chooses both the segments and how many patterns there are.

use std::collections::HashMap;

/// One element of a pattern whose variables already have their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// This text and nothing else; a `*` in it is a star.
    Literal(&'a str),
    /// Any one character (`?`).
    AnyOne,
    /// Any number of characters, also none (`*`).
    AnyMany,
}

/// Whether the whole of `text` matches the pattern.
pub(super) fn matches(pattern: &[Token<'_>], text: &str) -> bool {
    let mut segments = pattern.split(|token| *token == Token::AnyMany);
    // `split` gives at least one segment, and the last is the first when there is no star.
    let Some(rest) = segments.next().and_then(|first| strip_start(first, text)) else {
        return false;
    };
    let Some(last) = segments.next_back() else {
        return rest.is_empty();
    };
    let Some(mut rest) = strip_end(last, rest) else {
        return false;
    };
    for segment in segments {
        match after_first(segment, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What follows the segment at the start of `text`.
fn strip_start<'t>(segment: &[Token<'_>], text: &'t str) -> Option<&'t str> {
    segment.iter().try_fold(text, |rest, token| match token {
        Token::Literal(literal) => rest.strip_prefix(literal),
        Token::AnyOne | Token::AnyMany => {
            let mut characters = rest.chars();
            characters.next().map(|_| characters.as_str())
        }
    })
}

/// What precedes the segment at the end of `text`.
fn strip_end<'t>(segment: &[Token<'_>], text: &'t str) -> Option<&'t str> {
    segment.iter().rev().try_fold(text, |rest, token| match token {
        Token::Literal(literal) => rest.strip_suffix(literal),
        Token::AnyOne | Token::AnyMany => {
            let mut characters = rest.chars();
            characters.next_back().map(|_| characters.as_str())
        }
    })
}

/// What follows the first place where the segment stands. A `?` at its edges only needs a character to be there, so what
/// is searched for begins and ends with a literal.
fn after_first<'t>(segment: &[Token<'_>], text: &'t str) -> Option<&'t str> {
    let literal = |token: &Token<'_>| matches!(token, Token::Literal(_));
    let (Some(start), Some(end)) = (segment.iter().position(literal), segment.iter().rposition(literal)) else {
        return strip_start(segment, text);
    };
    let rest = strip_start(&segment[..start], text)?;
    let rest = match &segment[start..=end] {
        [Token::Literal(literal)] => after_literal(literal, rest),
        core => {
            let cells = cells(core);
            match cells.iter().copied().collect::<Option<String>>() {
                Some(literal) => after_literal(&literal, rest),
                None => after_cells(&cells, rest),
            }
        }
    }?;
    strip_start(&segment[end + 1..], rest)
}

fn after_literal<'t>(literal: &str, text: &'t str) -> Option<&'t str> {
    // The standard library's search is linear in the length of both.
    text.find(literal).map(|start| &text[start + literal.len()..])
}

/// The segment character by character; `None` is any one character.
fn cells(segment: &[Token<'_>]) -> Vec<Option<char>> {
    let mut cells = Vec::new();
    for token in segment {
        match token {
            Token::Literal(literal) => cells.extend(literal.chars().map(Some)),
            Token::AnyOne | Token::AnyMany => cells.push(None),
        }
    }
    cells
}

/// Shift-And: bit i of the state says that cells 0 to i end at the character just read. Each character costs one step
/// per 64 cells, whatever the pattern.
fn after_cells<'t>(cells: &[Option<char>], text: &'t str) -> Option<&'t str> {
    if cells.len() > text.len() {
        return None;
    }
    let masks = Masks::of(cells);
    let mut state = vec![0_u64; masks.words];
    if let [only] = state.as_mut_slice() {
        return after_short(&masks, only, 1 << (cells.len() - 1), text);
    }
    let (last_word, last_bit) = bit(cells.len() - 1);
    for (start, character) in text.char_indices() {
        let mut carry = 1;
        for (word, mask) in state.iter_mut().zip(masks.accepting(character)) {
            let shifted = (*word << 1) | carry;
            carry = *word >> 63;
            *word = shifted & mask;
        }
        if state[last_word] & last_bit != 0 {
            return Some(&text[start + character.len_utf8()..]);
        }
    }
    None
}

/// The same for up to 64 cells. A policy has room for thousands of short patterns, so here each step counts.
fn after_short<'t>(masks: &Masks, state: &mut u64, last: u64, text: &'t str) -> Option<&'t str> {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        *state = ((*state << 1) | 1) & masks.rows[masks.row(character)];
        if *state & last != 0 {
            return Some(characters.as_str());
        }
    }
    None
}

/// For each character, which cells accept it. Row 0 is for a character that only a `?` accepts.
struct Masks {
    words: usize,
    rows: Vec<u64>,
    ascii: [usize; 128],
    others: HashMap<char, usize>,
}

impl Masks {
    fn of(cells: &[Option<char>]) -> Self {
        let words = cells.len().div_ceil(64);
        let mut masks = Self { words, rows: vec![0; words], ascii: [0; 128], others: HashMap::new() };
        for index in cells.iter().enumerate().filter_map(|(index, cell)| cell.is_none().then_some(index)) {
            let (word, bit) = bit(index);
            masks.rows[word] |= bit;
        }
        for (index, cell) in cells.iter().enumerate() {
            if let Some(character) = cell {
                let (word, bit) = bit(index);
                let row = masks.own_row(*character);
                masks.rows[row * words + word] |= bit;
            }
        }
        masks
    }

    fn own_row(&mut self, character: char) -> usize {
        let next = self.rows.len() / self.words;
        let row = match self.ascii.get_mut(character as usize) {
            Some(row) => row,
            None => self.others.entry(character).or_default(),
        };
        if *row == 0 {
            *row = next;
            self.rows.extend_from_within(..self.words);
        }
        *row
    }

    fn row(&self, character: char) -> usize {
        match self.ascii.get(character as usize) {
            Some(row) => *row,
            None => self.others.get(&character).copied().unwrap_or_default(),
        }
    }

    fn accepting(&self, character: char) -> &[u64] {
        &self.rows[self.row(character) * self.words..][..self.words]
    }
}

/// The word and the bit in it that stand for a cell.
fn bit(index: usize) -> (usize, u64) {
    (index / 64, 1 << (index % 64))
}
