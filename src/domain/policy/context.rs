//! The request context: what is known about one request, by condition key.

use std::collections::HashMap;

/// The condition keys of one request and their values. Key names ignore case (`reference_policies_condition-keys`),
/// values keep theirs. A key that was never set is absent, which is not the same as an empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConditionContext {
    values: HashMap<String, Vec<String>>,
}

impl ConditionContext {
    /// This context with `key` set to one value; an earlier value of the key is forgotten.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_many(key, [value])
    }

    /// This context with `key` set to many values, for a multivalued key such as `aws:TagKeys`. No value at all makes
    /// the key absent: AWS calls it a null data set.
    #[must_use]
    pub fn with_many<V: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        let key = folded(key);
        if values.is_empty() {
            self.values.remove(&key);
        } else {
            self.values.insert(key, values);
        }
        self
    }

    /// The values of `key`, at least one, or `None` when the key is absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.get_folded(&folded(key))
    }

    /// As `get`, for a key that went through `folded` when its policy was parsed.
    pub(super) fn get_folded(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }
}

/// The one spelling of a key under which it is stored and looked up.
pub(super) fn folded(key: &str) -> String {
    key.to_lowercase()
}
