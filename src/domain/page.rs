//! A long list in pieces: where a piece begins, and where the next one does. By key, so that what is added or deleted
//! meanwhile neither repeats nor hides anything else.

/// Which piece of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The key of the last item that was seen.
    pub after: Option<String>,
    /// 1 to 1000.
    pub max_items: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { after: None, max_items: 100 }
    }
}

/// A piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    pub items: Vec<T>,
    /// The key of the last item, where more come after it.
    pub next: Option<String>,
}

impl<T> Paged<T> {
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Paged<U> {
        Paged { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

impl Page {
    /// Every item up to the largest page.
    pub fn whole() -> Self {
        Self { after: None, max_items: 1000 }
    }

    /// Cuts a piece that was read with one item more than is wanted.
    pub fn cut<T>(&self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> Paged<T> {
        let wanted = self.max_items as usize;
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items.last().filter(|_| more).map(key);
        Paged { items, next }
    }

    /// The piece of a short list that is at hand as a whole.
    pub fn of<T>(&self, mut all: Vec<T>, key: impl Fn(&T) -> String) -> Paged<T> {
        all.sort_by_key(&key);
        let items = all.into_iter().filter(|item| self.after.as_ref().is_none_or(|after| key(item) > *after));
        self.cut(items.take(self.max_items as usize + 1).collect(), key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_list() {
        let all: Vec<String> = ["d", "a", "c", "b", "e"].map(str::to_owned).to_vec();
        let mut page = Page { after: None, max_items: 2 };
        let mut seen = Vec::new();
        loop {
            let piece = page.of(all.clone(), Clone::clone);
            assert!(piece.items.len() <= 2);
            seen.extend(piece.items);
            match piece.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn the_whole_is_the_largest_page_from_the_beginning() {
        assert_eq!(Page::whole(), Page { after: None, max_items: 1000 });
        assert_eq!(Page::default(), Page { after: None, max_items: 100 });
    }

    #[test]
    fn a_changed_piece_still_says_where_the_next_one_begins() {
        let page = Page { after: None, max_items: 2 };
        let piece = page.of(vec![3, 1, 2], ToString::to_string).map(|number| number * 10);
        assert_eq!(piece, Paged { items: vec![10, 20], next: Some("2".to_owned()) });
    }

    #[test]
    fn a_piece_that_ends_with_the_list_names_no_next_one() {
        let page = Page { after: None, max_items: 2 };
        assert_eq!(page.of(vec!["a", "b"], |item| (*item).to_owned()).next, None);
        assert_eq!(page.of(vec!["a", "b", "c"], |item| (*item).to_owned()).next, Some("b".to_owned()));
        assert_eq!(page.of(Vec::<&str>::new(), |item| (*item).to_owned()).items.len(), 0);
    }
}
