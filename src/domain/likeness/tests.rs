//! What is a word in disguise, and what is not.

use super::*;
use proptest::prelude::*;

fn is_monkey(text: &str) -> bool {
    is_made_of(text, &WORDS, |word| word == "monkey")
}

#[test]
fn a_word_is_found_in_capitals_backwards_and_with_fewer_than_four_characters_around_it() {
    for disguised in [
        "monkey",
        "MONKEY",
        "Monkey1",
        "Monkey1!",
        "!!Monkey!",
        "123monkey",
        "monkey\u{1f412}",
        "yeknom",
        "1yeknoM!",
        "monkeyxyz",
        "xmonkeyyz",
    ] {
        assert!(is_monkey(disguised), "{disguised}");
    }
    for other in ["monkey1234", "12monkey34", "monkeys and bananas", "monke", "mon-key", "donkey1!", "mmonkey1234", ""]
    {
        assert!(!is_monkey(other), "{other}");
    }
}

#[test]
fn a_year_counts_as_one_character() {
    for disguised in
        ["monkey2026", "Monkey2026!", "1984monkey2026", "19991999monkey2026", "monkey1999!x", "!2026Monkey"]
    {
        assert!(is_monkey(disguised), "{disguised}");
    }
    for other in ["monkey2126", "monkey1899", "monkey2026!xy", "monkey202", "1984monkey2026!x", "monkey20a6"] {
        let is_short = other == "monkey202";
        assert_eq!(is_monkey(other), is_short, "{other}");
    }
}

#[test]
fn digits_and_symbols_stand_for_letters() {
    for disguised in ["m0nk3y", "M0nk3y2026", "y3kn0m!"] {
        assert!(is_monkey(disguised), "{disguised}");
    }
    let is = |text: &str, asked: &str| is_made_of(text, &WORDS, |word| word == asked);
    assert!(is("p@$$w0rd", "password") && is("p455w0rd!", "password") && is("dr0w$$@p1", "password"));
    assert!(is("l1ttl3", "little") && is("1itt1e", "little") && is("k!tten", "kitten") && is("6o1den", "golden"));
    assert!(is("trustno1", "trustno1"), "a word with a digit is also itself");
}

#[test]
fn look_alikes_of_other_scripts_stand_for_latin_letters() {
    let spelled = [
        // Cyrillic o, e; Greek omicron; capitals that look Latin though their small letters do not.
        "m\u{43e}nk\u{435}y",
        "m\u{3bf}nkey1",
        "\u{41c}\u{41e}NK\u{395}Y",
        "MO\u{39d}KEY",
        // Fullwidth letters, a ligature of nothing: NFKC.
        "\u{ff4d}\u{ff4f}\u{ff4e}\u{ff4b}\u{ff45}\u{ff59}",
        "\u{1d426}onkey",
        // What is not seen at all.
        "mon\u{200b}key",
        "monkey\u{ad}",
    ];
    for disguised in spelled {
        assert!(is_monkey(disguised), "{disguised}");
    }
    assert!(!is_monkey("m\u{43e}nk\u{435}y-\u{437}\u{438}\u{43c}\u{430}"));
}

#[test]
fn words_of_other_scripts_are_words() {
    let is_word = |text: &str| is_made_of(text, &WORDS, |word| word == "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}");
    assert!(is_word("\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}1!"));
    assert!(is_word("\u{41f}\u{410}\u{420}\u{41e}\u{41b}\u{42c}"));
    assert!(!is_word("\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{438}"));
}

#[test]
fn only_words_of_the_lengths_that_are_asked_for_are_looked_up() {
    assert!(!is_made_of("monkey1", &(8..=10), |_| true));
    assert!(is_made_of("monkey1", &(4..=4), |word| word == "monk"));
    assert!(!is_made_of("monkey1", &(3..=3), |_| true), "four characters around it are enough");
}

/// What the rule says, written down once more: every part, and the least number of thoughts that the rest takes.
fn stands_alone(text: &str, word: &str) -> bool {
    fn thoughts(text: &str) -> usize {
        let year = |text: &str| {
            let bytes = text.as_bytes();
            bytes.len() >= 4
                && (bytes.starts_with(b"19") || bytes.starts_with(b"20"))
                && bytes[2..4].iter().all(u8::is_ascii_digit)
        };
        match text.len() {
            0 => 0,
            _ if year(text) => 1 + thoughts(&text[4..]),
            _ => 1 + thoughts(&text[1..]),
        }
    }
    text.match_indices(word).any(|(at, _)| thoughts(&text[..at]) + thoughts(&text[at + word.len()..]) < 4)
}

proptest! {
    #[test]
    fn plain_text_is_judged_as_the_rule_says(text in "(a|b|c|2|0|1|9|monkey|2026|19){0,8}") {
        prop_assert_eq!(is_made_of(&text, &WORDS, |word| word == "monkey"), stands_alone(&text, "monkey"), "{}", text);
    }

    #[test]
    fn a_word_is_found_whatever_stands_around_it(word in "[a-z]{5,20}", before in "[!-~\u{e0}-\u{ff}\u{3b1}-\u{3c9}\u{6f22}]?", after in "[!-~\u{e0}-\u{ff}\u{bd}\u{fb01}\u{1f511}]{0,2}") {
        // A character may fall apart into several when it is folded.
        prop_assume!(folded(&before).chars().count() + folded(&after).chars().count() < 4);
        let typed = format!("{before}{}{after}", word.to_uppercase());
        prop_assert!(is_made_of(&typed, &WORDS, |asked| asked == word));
    }

    #[test]
    fn any_text_is_read_without_end_or_panic(text in "\\PC{0,128}") {
        prop_assert!(!is_made_of(&text, &WORDS, |_| false));
        let is_long = folded(&text).chars().count() > 4;
        prop_assert_eq!(is_made_of(&text, &(1..=usize::MAX), |_| true), is_long || !text.is_empty());
    }

    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
        // Small letters may compose anew; from the second time on nothing changes.
        let once = folded(&folded(&text));
        prop_assert_eq!(folded(&once), once);
    }
}
