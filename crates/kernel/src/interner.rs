//! Names are interned so that a run works with small ids and only its borders, the reader and the writers, see text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::table::{Id, Table};

/// Text names and their ids, numbered in the order of insertion.
///
/// Insert names in sorted order where ids must not depend on the order of a file.
#[derive(Clone, Debug)]
pub struct Names<I: Id> {
    names: Table<I, Arc<str>>,
    ids: BTreeMap<Arc<str>, I>,
}

impl<I: Id> Names<I> {
    /// No names yet.
    pub const fn new() -> Self {
        Names { names: Table::new(), ids: BTreeMap::new() }
    }

    /// The id of `name`, which is added if it is new.
    pub fn intern(&mut self, name: &str) -> I {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let shared: Arc<str> = name.into();
        let id = self.names.push(Arc::clone(&shared));
        self.ids.insert(shared, id);
        id
    }

    /// The id of `name`, if it is known.
    pub fn get(&self, name: &str) -> Option<I> {
        self.ids.get(name).copied()
    }

    /// The name of `id`. Panics if these names did not give out that id.
    #[track_caller]
    pub fn name(&self, id: I) -> &str {
        &self.names[id]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All ids with their names, in the order of insertion.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &str)> + ExactSizeIterator {
        self.names.iter().map(|(id, name)| (id, &**name))
    }
}

impl<I: Id> Default for Names<I> {
    fn default() -> Self {
        Names::new()
    }
}

/// Equal when the same names have the same ids.
impl<I: Id> PartialEq for Names<I> {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl<I: Id> Eq for Names<I> {}

impl<I: Id, S: AsRef<str>> FromIterator<S> for Names<I> {
    fn from_iter<T: IntoIterator<Item = S>>(names: T) -> Self {
        let mut all = Names::new();
        for name in names {
            all.intern(name.as_ref());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::id! {
        struct NameId;
    }

    #[test]
    fn interning() {
        let mut names: Names<NameId> = Names::new();
        assert!(names.is_empty());
        let web = names.intern("web");
        let api = names.intern("api");
        assert_eq!((web.get(), api.get()), (0, 1));
        assert_eq!(names.intern("web"), web);
        assert_eq!(names.len(), 2);
        assert_eq!((names.get("api"), names.get("db")), (Some(api), None));
        assert_eq!(names.name(api), "api");
        assert_eq!(names.iter().collect::<Vec<_>>(), [(web, "web"), (api, "api")]);
        assert_eq!(names, ["web", "api", "web"].into_iter().collect());
        assert_ne!(names, ["api", "web"].into_iter().collect());
        assert_eq!(names.clone(), names);
    }
}
