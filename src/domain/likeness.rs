//! Whether a new password is a word with next to nothing around it, however it is dressed up: in capitals, backwards, with
//! look-alikes of another script, with digits and symbols for letters, with a year or an exclamation mark at its ends.
//! Only for comparing. The password itself stays as it was typed, in NFC.

use std::ops::RangeInclusive;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;
use zeroize::Zeroizing;

/// How long the words are that a password is searched for, in characters. Shorter ones stand in too much by chance, and
/// with what may be around them are no password of the default policy.
pub(super) const WORDS: RangeInclusive<usize> = 5..=super::password::MAXIMUM_LENGTH;

/// So many characters around a word, or more, make something else of it.
const ENOUGH: usize = 4;
/// What can be less than enough: a year counts as one character.
const MOST: usize = 4 * (ENOUGH - 1);

/// NFKC and small letters: the form of every word.
pub(super) fn folded(text: &str) -> Zeroizing<String> {
    if text.is_ascii() {
        return Zeroizing::new(text.to_ascii_lowercase());
    }
    collected(text.nfkc().flat_map(char::to_lowercase), text.len())
}

/// Whether less than four characters stand around a word, of one of these lengths, in one of its disguises.
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
    let of_small_letters = look_alikes(&plain);
    vec![plain, of_small_letters, look_alikes(&as_typed)]
}

fn look_alikes(text: &str) -> Zeroizing<String> {
    let mut seen = Zeroizing::new(String::with_capacity(4 * text.len()));
    for c in text.chars() {
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

/// Forwards and backwards, with digits and symbols taken for themselves and for letters.
fn readings(core: &[char]) -> impl Iterator<Item = Zeroizing<String>> + '_ {
    let dresses: [fn(char) -> char; 3] = [|c| c, |c| letter(c, 'i'), |c| letter(c, 'l')];
    dresses.into_iter().flat_map(move |letter| {
        let forwards = collected(core.iter().copied().map(letter), core.len());
        let backwards = collected(core.iter().rev().copied().map(letter), core.len());
        [forwards, backwards]
    })
}

/// The letter that a digit or symbol is commonly put for; `upright` is the one for those that may be `i` or `l`.
fn letter(c: char, upright: char) -> char {
    match c {
        '@' | '4' => 'a',
        '8' => 'b',
        '3' => 'e',
        '6' | '9' => 'g',
        '1' | '!' | '|' => upright,
        '0' => 'o',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '2' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests;
