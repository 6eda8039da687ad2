//! A long list in pieces: where a piece begins, and where the next one does. By key, so that what is added or deleted
//! meanwhile neither repeats nor hides anything else.

/// Of a list that not all items are wanted of, one piece looks through so many and no more, however few it has found.
const LOOKED_THROUGH: u32 = 1000;

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
    /// The key of the last item that was looked at, where more come after it. None of them may be wanted.
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

    /// How many items to read for `pick`.
    pub fn to_look_through(&self, all_are_wanted: bool) -> u32 {
        if all_are_wanted { self.max_items + 1 } else { self.max_items.max(LOOKED_THROUGH) + 1 }
    }

    /// Picks those that are wanted out of what was read, which may have been one item more than is looked at. The piece may
    /// be short, or empty, while more come after it, as in AWS.
    pub fn pick<T>(
        &self,
        read: Vec<T>,
        to_look_through: u32,
        is_wanted: impl Fn(&T) -> bool,
        key: impl Fn(&T) -> String,
    ) -> Paged<T> {
        let mut piece = Paged { items: Vec::new(), next: None };
        let mut last = None;
        for (number, item) in (1..).zip(read) {
            if number == to_look_through || piece.items.len() == self.max_items as usize {
                piece.next = last;
                break;
            }
            last = Some(key(&item));
            if is_wanted(&item) {
                piece.items.push(item);
            }
        }
        piece
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
    fn what_is_picked_in_pieces_is_all_that_is_wanted_and_no_piece_looks_further_than_it_may() {
        let all: Vec<u32> = (1000..4500).collect();
        for (max_items, divisor) in [(1, 3000), (2, 999), (100, 7), (1000, 1), (1000, 3), (7, 5000)] {
            let mut page = Page { after: None, max_items };
            let (mut seen, mut pieces) = (Vec::new(), 0);
            loop {
                let limit = page.to_look_through(divisor == 1);
                assert!(limit <= 1001);
                let rest = all
                    .iter()
                    .copied()
                    .filter(|item| page.after.as_ref().is_none_or(|after| item.to_string() > *after));
                let read: Vec<u32> = rest.take(limit as usize).collect();
                let piece = page.pick(read, limit, |item| item % divisor == 0, ToString::to_string);
                assert!(piece.items.len() <= max_items as usize);
                seen.extend(piece.items);
                pieces += 1;
                match piece.next {
                    Some(next) => page.after = Some(next),
                    None => break,
                }
            }
            let wanted: Vec<u32> = all.iter().copied().filter(|item| item % divisor == 0).collect();
            assert_eq!(seen, wanted, "{max_items} {divisor}");
            assert!(pieces <= wanted.len() / max_items as usize + 4, "{max_items} {divisor}: {pieces}");
        }
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
