//! What is a word in disguise, and what is not.

use super::*;
use proptest::prelude::*;

fn is(text: &str, word: &str) -> bool {
    is_made_of(text, &WORDS, |asked| forms(word).any(|form| *form == asked))
}

fn is_monkey(text: &str) -> bool {
    is(text, "monkey")
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
    assert!(is("p@$$w0rd", "password") && is("p455w0rd!", "password") && is("dr0w$$@p1", "password"));
    assert!(is("l1ttl3", "little") && is("1itt1e", "little") && is("k!tten", "kitten") && is("6o1den", "golden"));
    assert!(is("li1!|", "iiiii") && is("1itt|e", "little") && is("l!mit", "limit"), "each for itself");
    assert!(is("6ar6ar", "bargar") && is("8ar9ar", "bargar") && is("9uar7z", "quartz"), "one digit for two");
    assert!(is("s0<cer", "soccer") && is("#ockey", "hockey") && is("fo%es", "foxes") && is("ch\u{20ac}ese", "cheese"));
    assert!(is("trustno1", "trustno1") && is("tru5tno!", "trustno1"), "so do those of the word");
}

#[test]
fn what_has_no_letter_is_only_itself() {
    for word in ["123456", "654321", "*****", "3.1415926", "!@#$%^"] {
        assert!(is(word, word) && is(&format!("x{word}!7"), word), "{word}");
        let backwards: String = word.chars().rev().collect();
        assert!(is(&backwards, word), "{word}");
    }
    assert!(is("\u{ff11}\u{ff12}3456", "123456"));
    for (other, word) in [("izeasb", "123456"), ("lzeas6", "123456"), ("bsaezi", "654321"), ("ia#s%^", "!@#$%^")] {
        assert!(!is(other, word), "{other}");
    }
    assert!(is("57013", "stole"), "but digits may all stand for letters");
}

#[test]
fn accents_are_left_out_and_what_makes_another_letter_is_not() {
    for (disguised, word) in [
        ("m\u{f6}nkey", "monkey"),
        ("m\u{f3}\u{323}nk\u{308}\u{331}e\u{301}y", "monkey"),
        ("monkey", "m\u{f6}nk\u{e9}y"),
        ("M\u{d8}NKEY1", "monkey"),
        ("m\u{4e7}nkey", "monkey"),
        ("\u{439}\u{446}\u{443}\u{43a}\u{435}\u{43d}", "\u{439}\u{446}\u{443}\u{43a}\u{435}\u{43d}"),
        ("\u{43f}\u{430}\u{440}0\u{43b}\u{44c}", "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}"),
    ] {
        assert!(is(disguised, word), "{disguised}");
    }
    // A vowel of Hindi, and syllables of Hangul, each of which is one character around a word.
    assert!(!is("\u{915}\u{93f}\u{924}\u{93e}\u{92c}", "\u{915}\u{924}\u{92c}\u{915}\u{924}"));
    assert!(is("monkey\u{ac00}\u{ac01}\u{ac02}", "monkey"));
    assert!(!is("monkey\u{ac00}\u{ac01}\u{ac02}\u{ac03}", "monkey"));
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
    let is_word = |text: &str| is(text, "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}");
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
        prop_assert_eq!(is_monkey(&text), stands_alone(&text, "monkey"), "{}", text);
    }

    #[test]
    fn a_word_is_found_whatever_stands_around_it(word in "[a-z]{5,20}", before in "[!-~\u{e0}-\u{ff}\u{3b1}-\u{3c9}\u{6f22}]?", after in "[!-~\u{e0}-\u{ff}\u{bd}\u{fb01}\u{1f511}]{0,2}") {
        // A character may fall apart into several when it is folded.
        prop_assume!(folded(&before).chars().count() + folded(&after).chars().count() < 4);
        let typed = format!("{before}{}{after}", word.to_uppercase());
        prop_assert!(is(&typed, &word));
    }

    #[test]
    fn a_word_is_found_however_each_of_its_letters_is_dressed(word in "[a-z]{5,20}", drawn in any::<[usize; 20]>()) {
        let typed = word.chars().zip(drawn).map(|(letter, drawn)| {
            let dresses: Vec<char> = match letter {
                'a' => "aA4@\u{e4}\u{430}",
                'b' => "bB86",
                'c' => "cC(<[{\u{e7}",
                'e' => "eE3\u{20ac}\u{e9}",
                'g' => "gG69",
                'h' => "hH#",
                'i' => "iI1!|l\u{ef}",
                'l' => "lL1!|I",
                'o' => "oO0\u{f6}\u{3bf}",
                'q' => "qQ9",
                's' => "sS5$\u{161}",
                't' => "tT7+",
                'x' => "xX%",
                'z' => "zZ2",
                _ => return letter,
            }
            .chars()
            .collect();
            dresses[drawn % dresses.len()]
        });
        prop_assert!(is(&typed.collect::<String>(), &word));
    }

    #[test]
    fn any_text_is_read_without_end_or_panic(text in "\\PC{0,128}") {
        prop_assert!(!is_made_of(&text, &WORDS, |_| false));
        let is_anything = seen(&text).iter().any(|text| !text.is_empty());
        prop_assert_eq!(is_made_of(&text, &(1..=usize::MAX), |_| true), is_anything);
    }

    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
        // Small letters may compose anew; from the second time on nothing changes.
        let once = folded(&folded(&text));
        prop_assert_eq!(folded(&once), once);
    }
}
