//! Which passwords are common or named after somebody, and which reasonable ones are not.

use super::*;
use Violation::{CommonPassword, MadeOfAName};

fn judge_for(user_name: &str, alias: Option<&str>, text: &str) -> Vec<Violation> {
    judge_with(&RefusedWords::new(CommonPasswords::built_in(), "Blue Harbour"), user_name, alias, text)
}

fn judge_with(words: &RefusedWords, user_name: &str, alias: Option<&str>, text: &str) -> Vec<Violation> {
    let user_name = UserName::parse(user_name).unwrap();
    let account_id = AccountId::parse("314159265358").unwrap();
    let alias = alias.map(|alias| AccountAlias::parse(alias).unwrap());
    let owner = Owner { user_name: &user_name, account_id: &account_id, account_alias: alias.as_ref() };
    words.violations(&TypedPassword::new(text), &owner)
}

fn judge(text: &str) -> Vec<Violation> {
    judge_for("zora.quimby@example.com", Some("kettle-works"), text)
}

#[test]
fn common_passwords_are_refused_as_attackers_rules_vary_them() {
    for common in [
        "password",
        "Password1",
        "Password1!",
        "p@ssw0rd2026",
        "P@$$w0rd!",
        "Passw0rd2026!",
        "drowssap1",
        "Qwertyuiop1!",
        "1q2w3e4r5t",
        "Welcome2025!",
        "Summer2026!",
        "Dragon#12",
        "letmein!!",
        "iloveyou2",
        "Football-1",
        "12345678",
        "!Sunshine1",
        "\u{420}\u{430}ssword1",
        "Trustno1!",
        "\u{41f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}1!",
    ] {
        assert_eq!(judge(common), [CommonPassword], "{common}");
    }
}

#[test]
fn letters_may_be_dressed_one_by_one_in_digits_symbols_and_accents() {
    for common in [
        // One for i and for l, in one word.
        "M1chae1!",
        "L1verpoo1!",
        "l!verpoo|7",
        "MlCHAEL-2026",
        // Digits for some letters, and digits of the word itself.
        "Qw3rty123456",
        "P@ssword123456",
        "Pa5sword!23456",
        "6S4321drowss@P",
        // One for several letters.
        "6asebal1!x",
        "Base8a11!",
        "9uitar12",
        "6oldfish!",
        // Accents, as one character and apart, and strokes.
        "Passw\u{f6}rd1",
        "Pa\u{301}sswo\u{308}\u{304}rd1",
        "P\u{e0}\u{15b}\u{15f}w0rd2026!",
        "Passw\u{f8}rd1",
        "Passw\u{4e7}rd1",
        "\u{43f}\u{430}\u{440}0\u{43b}\u{44c}1!",
    ] {
        assert_eq!(judge(common), [CommonPassword], "{common}");
    }
}

#[test]
fn words_of_digits_stay_digits() {
    for common in ["123456", "1234567!", "87654321", "19191919", "!98765432", "\u{ff11}\u{ff12}\u{ff13}456"] {
        assert_eq!(judge(common), [CommonPassword], "{common}");
    }
    // The letters that 753357, 131313, 14121412, 159753 and the ID of the account look like.
    for good in ["tseest", "Ieieie-x", "iaiziaiz", "isbtse", "Eiaisbzbsesb"] {
        assert_eq!(judge(good), [], "{good}");
    }
}

#[test]
fn reasonable_passwords_pass() {
    for good in [
        "Correct-horse-1",
        "correct horse battery staple",
        "Battery-staple-2",
        "Tr0ub4dor&3",
        "my dog hates Mondays",
        "Password manager of Jo",
        "summer-in-Lisbon-44",
        "dragon fruit & lime",
        "xK9#mQ2v",
        "u7-Fje!0",
        "Kq3!vnZr",
        "ww9w6ovJg3QR8yge2mxHzrg%",
        "\u{43c}\u{43e}\u{440}\u{43e}\u{437} \u{438} \u{441}\u{43e}\u{43b}\u{43d}\u{446}\u{435}",
        "Caf\u{e9}-au-lait-1",
        "Zora and the rabbit",
        "the blue door at the harbour",
        "quimbys are a family",
        "3141-5926 and more of pi",
        "2026-11-24 was a Tuesday",
        "correct horse battery stapl\u{e9}",
        "aim-biggest-lilac-toggle",
        "gist babble zeal oats",
        "total legal soil 18",
        "Great big oak tables",
        "1975 in 50 states",
        "+49 89 1234567 ext. 5",
        "\u{43c}\u{43e}\u{439} \u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{434}\u{43b}\u{438}\u{43d}\u{43d}\u{44b}\u{439}",
    ] {
        assert_eq!(judge(good), [], "{good}");
    }
}

#[test]
fn names_of_the_user_the_account_and_the_product_are_refused_in_every_disguise() {
    for name in [
        // The user, the parts of the name, and the name in one piece.
        "zora.quimby@example.com",
        "Zora.Quimby@Example.com1!",
        "ZoraQuimbyExampleCom",
        "quimby123",
        "Quimby2026!",
        "qu1mby!!",
        "ybmiuQ-12",
        "Qu!mby#7x",
        "ybmiuq2026",
        "qu\u{456}mby2026",
        "zora!7K",
        "9u1mBy-77",
        "Quimb\u{fd}-77",
        "3xamp1e!7",
        "Ex@mple77",
        "example!1",
        // The account.
        "kettle-works",
        "Kettle-Works1!",
        "kettleworks12",
        "skrow-elttek",
        "kettle99",
        "K3tt|e-W0rks",
        "314159265358",
        "853562951413",
        "3141-5926-5358",
        "314159265358!aB",
        // The product and the operator's name for it.
        "BlueHarbour1",
        "blue harbour",
        "harbour2026",
        "My Security Credentials",
        "mysecuritycredentials",
        "Credentials7",
    ] {
        assert_eq!(judge(name), [MadeOfAName], "{name}");
    }
}

#[test]
fn names_of_one_to_three_letters_refuse_nothing() {
    for name in ["a", "jo", "bob", "b.o", "x-y-z"] {
        for good in ["bobxK9#m", "Jo!7-xKw", "aK9#mQ2v", "bob#K9mQ", "boxy-7-Z"] {
            assert_eq!(judge_for(name, None, good), [], "{name}: {good}");
        }
    }
}

#[test]
fn a_name_with_enough_beside_it_is_a_password_of_its_own() {
    for good in ["quimby-has-7-cats", "Quimby!2x7", "kettle-works-4-Tea", "kettle on 2 hobs", "314159265358-aBcd"] {
        assert_eq!(judge(good), [], "{good}");
    }
}

#[test]
fn without_the_list_only_names_are_refused_and_an_own_list_stands_for_it() {
    let judge = |words: &RefusedWords, text: &str| {
        let (user_name, account_id) = (UserName::parse("alice").unwrap(), AccountId::parse("314159265358").unwrap());
        let owner = Owner { user_name: &user_name, account_id: &account_id, account_alias: None };
        words.violations(&TypedPassword::new(text), &owner)
    };
    let off = RefusedWords::new(CommonPasswords::default(), "");
    assert!(!off.hold_common_passwords());
    assert_eq!(judge(&off, "Password1!"), []);
    assert_eq!(judge(&off, "Alice-12"), [MadeOfAName]);
    let own = RefusedWords::new(CommonPasswords::default().with_own("Acme-Rockets\n").unwrap(), "");
    assert!(own.hold_common_passwords());
    assert_eq!(judge(&own, "acme-rockets7!"), [CommonPassword]);
    assert_eq!(judge(&own, "Password1!"), []);
}

#[test]
fn of_a_managers_passwords_next_to_none_is_refused() {
    // Xorshift: any source without a pattern does, and always the same one.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |count: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(count).unwrap()).unwrap()
    };
    let letters: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').collect();
    let letters_and_digits: Vec<u8> = letters.iter().copied().chain(b'0'..=b'9').collect();
    let printable: Vec<u8> = (b'!'..=b'~').collect();
    let words = RefusedWords::new(CommonPasswords::built_in(), "Blue Harbour");
    let mut refused = Vec::new();
    for at in 0..10_000 {
        let alphabet = [&letters, &letters_and_digits, &printable][at % 3];
        let password: String = (0..12 + at % 13).map(|_| char::from(alphabet[draw(alphabet.len())])).collect();
        if !judge_with(&words, "zora.quimby@example.com", Some("kettle-works"), &password).is_empty() {
            refused.push(password);
        }
    }
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn what_can_be_no_password_is_not_searched() {
    let (nothing, endless) = ("", "password".repeat(2_000));
    for text in [nothing, &endless, "password\u{1}", &"\u{fdfa}".repeat(200)] {
        assert_eq!(judge(text), []);
    }
}
