//! The rules that a new password can break, as values: the words are the doors'.

/// One rule that a new password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Violation {
    TooShort {
        minimum: u32,
    },
    TooLong,
    ForbiddenCharacter,
    MissingUppercase,
    MissingLowercase,
    MissingNumber,
    MissingSymbol,
    /// The default policy's rule: three of the four kinds.
    TooFewKinds,
    /// The default policy's rule: not the account's alias or ID.
    SameAsAccount,
    SameAsCurrent,
    Reused {
        remembered: u32,
    },
}
