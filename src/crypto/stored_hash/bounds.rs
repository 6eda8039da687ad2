//! What a stored hash may cost, and how short its salt and output may be: each bound, and one past it.

use super::*;

fn bounded(memory_kib: u32, passes: u32, lanes: u32) -> bool {
    Parameters { memory_kib, passes, lanes }.are_bounded()
}

#[test]
fn a_hash_costs_at_most_a_quarter_of_a_gibibyte_and_a_hundred_times_the_default() {
    assert!(bounded(262_144, 16, 1) && bounded(65_536, 64, 1) && bounded(128, 64, 16));
    assert!(!bounded(262_145, 1, 1), "memory");
    assert!(!bounded(64, 65, 1), "passes");
    assert!(!bounded(1024, 1, 17), "lanes");
    assert!(!bounded(262_144, 17, 1) && !bounded(65_537, 64, 1), "memory times passes");
}

#[test]
fn what_argon2_cannot_compute_is_out_of_bounds() {
    assert!(bounded(8, 1, 1) && bounded(16, 1, 2) && bounded(128, 1, 16));
    assert!(!bounded(7, 1, 1) && !bounded(15, 1, 2) && !bounded(127, 1, 16));
    assert!(!bounded(64, 0, 1) && !bounded(64, 1, 0) && !bounded(0, 0, 0));
}

#[test]
fn the_parameter_part_of_a_hash_is_read_as_it_was_written() {
    let parameters = Parameters { memory_kib: 19_456, passes: 2, lanes: 1 };
    assert_eq!(Parameters::parse("m=19456,t=2,p=1"), Some(parameters));
    assert_eq!(Parameters::parse("m=19456,t=2,p=1,keyid=azE"), Some(parameters));
    for wrong in ["", "m=19456,t=2", "m=19456,p=1", "t=2,p=1", "m=x,t=2,p=1", "m=4194304,t=1,p=1", "m=-1,t=2,p=1"] {
        assert_eq!(Parameters::parse(wrong), None, "{wrong}");
    }
}

/// Of a stored hash with this salt and this output, in bytes, made with the parameters that are asked about.
fn stored(salt: usize, output: usize) -> Result<StoredHash, HashingError> {
    let params = current_params(Parameters { memory_kib: 64, passes: 1, lanes: 1 }, None)?;
    let recipe = Recipe { params, salt: Salt::new(&vec![7; salt]).unwrap() };
    StoredHash::parse(&recipe.phc(&vec![9; output])?)
}

#[test]
fn an_output_has_at_least_16_bytes() {
    assert!(stored(16, 16).is_ok() && stored(16, 32).is_ok());
    assert_eq!(stored(16, 15).err(), Some(HashingError::Corrupt("a stored password hash is cut short")));
}

#[test]
fn a_salt_shorter_than_ours_is_outdated_and_a_longer_one_is_not() {
    for (salt, outdated) in [(8, true), (15, true), (16, false), (24, false)] {
        let current = current_params(Parameters { memory_kib: 64, passes: 1, lanes: 1 }, None).unwrap();
        assert_eq!(stored(salt, 32).unwrap().is_outdated(&current), outdated, "{salt} bytes");
    }
}
