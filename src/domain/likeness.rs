//! Whether a new password is a word with next to nothing around it, however it is dressed up: in capitals, backwards, with
//! look-alikes of another script, with accents, with digits and symbols for letters, with a year or an exclamation mark at
//! its ends. Only for comparing. The password itself stays as it was typed, in NFC.
//!
//! Which letter a digit is put for cannot be told: `1` is `i` in one place and `l` in the next. So the words and the
//! password are both brought to a form that has one letter for all that look alike, and the forms are compared.

use std::ops::RangeInclusive;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_security::skeleton;
use zeroize::Zeroizing;

/// How long the words are that a password is searched for, in characters. Shorter ones stand in too much by chance, and
/// with what may be around them are no password of the default policy.
pub(super) const WORDS: RangeInclusive<usize> = 5..=super::password::MAXIMUM_LENGTH;

/// So many characters around a word, or more, make something else of it.
const ENOUGH: usize = 4;
/// What can be less than enough: a year counts as one character.
const MOST: usize = 4 * (ENOUGH - 1);

/// NFKC and small letters.
pub(super) fn folded(text: &str) -> Zeroizing<String> {
    if text.is_ascii() {
        return Zeroizing::new(text.to_ascii_lowercase());
    }
    collected(text.nfkc().flat_map(char::to_lowercase), text.len())
}

/// The forms of a word, as `is_made_of` asks for them. What has no letter stays as it is: `123456` is no `izeasb`.
pub(super) fn forms(word: &str) -> impl Iterator<Item = Zeroizing<String>> {
    seen(word).into_iter().map(|word| {
        let letter = if word.chars().any(char::is_alphabetic) { letter } else { |c| c };
        collected(word.chars().map(letter), word.len())
    })
}

/// Whether less than four characters stand around a word, of one of these lengths, in one of its disguises. `is_word` is asked for
/// the forms of words.
pub(super) fn is_made_of(text: &str, lengths: &RangeInclusive<usize>, is_word: impl Fn(&str) -> bool) -> bool {
    seen(text).iter().any(|text| {
        let mut characters = Zeroizing::new(Vec::with_capacity(text.len()));
        characters.extend(text.chars());
        let mut cores = cores(&characters).filter(|core| lengths.contains(&core.len()));
        cores.any(|core| readings(core).any(|reading| is_word(&reading)))
    })
}

/// As it is, and as a reader takes it who does not see which script a letter is of: by Unicode's table of confusable
/// characters (UTS 39), for small letters and as typed, because capitals look like others than small letters do. The
/// table also makes one of `l`, `I` and `1`, or `m` and `rn`: what is ASCII stays, so that words need not be changed.
fn seen(text: &str) -> Vec<Zeroizing<String>> {
    let plain = folded(text);
    if text.is_ascii() {
        return vec![plain];
    }
    let as_typed = collected(text.nfkc(), text.len());
    [&look_alikes(&plain), &look_alikes(&as_typed), &plain].into_iter().map(|text| without_accents(text)).collect()
}

/// And without every other mark at a letter that can be left out in writing: of class 0 are those that cannot, such as the
/// vowels of Hindi and Thai.
fn without_accents(text: &str) -> Zeroizing<String> {
    // Composed again, so that a syllable of Hangul stays one character.
    collected(text.nfd().filter(|c| canonical_combining_class(*c) == 0).nfc(), text.len())
}

fn look_alikes(text: &str) -> Zeroizing<String> {
    let mut seen = Zeroizing::new(String::with_capacity(4 * text.len()));
    for c in text.chars() {
        // A symbol that is put for a letter is no look-alike of another symbol.
        let c = if c.is_ascii() { c } else { letter(c) };
        if c.is_ascii() {
            seen.push(c.to_ascii_lowercase());
        } else {
            seen.extend(skeleton(c.encode_utf8(&mut [0; 4])).flat_map(char::to_lowercase));
        }
    }
    seen
}

/// With room for most, because what a growing text leaves behind is not wiped.
fn collected(characters: impl Iterator<Item = char>, length: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4 * length));
    text.extend(characters);
    text
}

/// What is left when less than four characters are taken away from the ends.
fn cores(text: &[char]) -> impl Iterator<Item = &[char]> {
    let ends = 0..=MOST.min(text.len());
    let all = ends.clone().flat_map(move |before| ends.clone().map(move |after| (before, after)));
    let inside = all.filter(|(before, after)| before + after <= text.len());
    inside.filter_map(|(before, after)| {
        let (start, end) = (&text[..before], &text[text.len() - after..]);
        (weight(start) + weight(end) < ENOUGH).then_some(&text[before..text.len() - after])
    })
}

/// How many characters somebody had to think of: a year is one thought.
fn weight(mut text: &[char]) -> usize {
    let mut weight = 0;
    while let [_, rest @ ..] = text {
        text = match text {
            ['1', '9', a, b, rest @ ..] | ['2', '0', a, b, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => {
                rest
            }
            _ => rest,
        };
        weight += 1;
    }
    weight
}

/// Forwards and backwards, and what has no letter also as it is.
fn readings(core: &[char]) -> impl Iterator<Item = Zeroizing<String>> + '_ {
    let has_letters = core.iter().any(|c| c.is_alphabetic());
    let dresses: &[fn(char) -> char] = if has_letters { &[letter] } else { &[letter, |c| c] };
    dresses.iter().flat_map(move |letter| {
        let forwards = collected(core.iter().copied().map(letter), core.len());
        let backwards = collected(core.iter().rev().copied().map(letter), core.len());
        [forwards, backwards]
    })
}

/// One letter for those that one digit or symbol is commonly put for, and for what is put for them.
fn letter(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        'g' | 'q' | '6' | '8' | '9' => 'b',
        '(' | '<' | '[' | '{' => 'c',
        '3' | '\u{20ac}' => 'e',
        '#' => 'h',
        'l' | '1' | '!' | '|' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '%' => 'x',
        '2' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests;
