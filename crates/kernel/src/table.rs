//! Typed tables exist so that the index of one kind of thing cannot be used to look up another kind.

use core::fmt;
use core::hash::Hash;
use core::marker::PhantomData;
use core::ops::{Index, IndexMut};

/// A small typed index, made by [`id!`](crate::id): the position of a row in its [`Table`].
pub trait Id: Copy + Ord + Hash + fmt::Debug + fmt::Display + 'static {
    /// The id of the row at `index`. Panics above `u32::MAX`.
    fn from_index(index: usize) -> Self;

    /// The row this id stands for, from 0.
    fn index(self) -> usize;
}

/// Makes `u32` newtypes that implement [`Id`]: `id! { /// A task. pub struct TaskId; }`, one or more at a time.
///
/// Each has `new(u32)`, `get() -> u32`, `index() -> usize`, conversions from and to `usize` (from: panics above `u32::MAX`),
/// `Debug` like `TaskId(3)` and `Display` as the bare number.
#[macro_export]
macro_rules! id {
    ($($(#[$attribute:meta])* $visibility:vis struct $name:ident;)+) => { $(
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(transparent)]
        $visibility struct $name(u32);

        #[allow(dead_code, reason = "not every id needs every accessor")]
        impl $name {
            /// The id with this number.
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// The number of this id.
            pub const fn get(self) -> u32 {
                self.0
            }

            /// The row this id stands for, from 0.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl $crate::table::Id for $name {
            fn from_index(index: usize) -> Self {
                match u32::try_from(index) {
                    Ok(number) => Self(number),
                    Err(_) => panic!(concat!("too many rows: {} is beyond the last ", stringify!($name)), index),
                }
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }

        /// Panics above `u32::MAX`.
        impl ::core::convert::From<usize> for $name {
            fn from(index: usize) -> Self {
                <Self as $crate::table::Id>::from_index(index)
            }
        }

        impl ::core::convert::From<$name> for usize {
            fn from(id: $name) -> usize {
                id.index()
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }
    )+ };
}

/// A vector that only its own kind of id can index. Rows are appended and never removed, so an id stays valid.
pub struct Table<I, T> {
    rows: Vec<T>,
    // A function pointer: the table owns no ids, so it is Send and Sync whatever they are.
    ids: PhantomData<fn() -> I>,
}

impl<I: Id, T> Table<I, T> {
    /// An empty table.
    pub const fn new() -> Self {
        Table { rows: Vec::new(), ids: PhantomData }
    }

    /// An empty table with room for `capacity` rows.
    pub fn with_capacity(capacity: usize) -> Self {
        Table { rows: Vec::with_capacity(capacity), ids: PhantomData }
    }

    /// Appends a row and returns its id.
    pub fn push(&mut self, row: T) -> I {
        let id = self.next_id();
        self.rows.push(row);
        id
    }

    /// The id that the next [`push`](Table::push) will return.
    pub fn next_id(&self) -> I {
        I::from_index(self.rows.len())
    }

    /// The row of `id`, if there is one.
    pub fn get(&self, id: I) -> Option<&T> {
        self.rows.get(id.index())
    }

    /// The row of `id`, if there is one, to be changed.
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.rows.get_mut(id.index())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All ids with their rows, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.rows.iter().enumerate().map(|(index, row)| (I::from_index(index), row))
    }

    /// All ids with their rows, in order, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (I, &mut T)> + ExactSizeIterator {
        self.rows.iter_mut().enumerate().map(|(index, row)| (I::from_index(index), row))
    }

    /// All ids, in order; borrows nothing, so the table can be changed meanwhile.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.rows.len()).map(I::from_index)
    }

    /// All rows, in order.
    pub fn values(&self) -> core::slice::Iter<'_, T> {
        self.rows.iter()
    }

    /// All rows, in order, to be changed.
    pub fn values_mut(&mut self) -> core::slice::IterMut<'_, T> {
        self.rows.iter_mut()
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;

    #[track_caller]
    fn index(&self, id: I) -> &T {
        &self.rows[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    #[track_caller]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.rows[id.index()]
    }
}

// Written out, because derives would ask the same of the id, and `Default` would ask it of the rows.
impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Table { rows: Vec::new(), ids: PhantomData }
    }
}

impl<I, T: Clone> Clone for Table<I, T> {
    fn clone(&self) -> Self {
        Table { rows: self.rows.clone(), ids: PhantomData }
    }

    fn clone_from(&mut self, other: &Self) {
        self.rows.clone_from(&other.rows);
    }
}

impl<I, T: PartialEq> PartialEq for Table<I, T> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl<I, T: Eq> Eq for Table<I, T> {}

impl<I: Id, T: fmt::Debug> fmt::Debug for Table<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<I: Id, T> FromIterator<T> for Table<I, T> {
    fn from_iter<R: IntoIterator<Item = T>>(rows: R) -> Self {
        Table { rows: rows.into_iter().collect(), ids: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    id! {
        /// A row of the test.
        pub struct RowId;
        /// Another kind.
        struct OtherId;
    }

    /// Has neither `Default` nor `Clone`.
    #[derive(Debug, PartialEq)]
    struct Bare(u8);

    #[test]
    fn ids() {
        let id = RowId::new(3);
        assert_eq!((id.get(), id.index(), usize::from(id)), (3, 3, 3));
        assert_eq!(format!("{id:?} {id} {id:>3}"), "RowId(3) 3   3");
        assert_eq!(RowId::from(3), id);
        assert!(RowId::new(2) < id);
        assert_eq!(size_of::<RowId>(), 4);
        assert_eq!(OtherId::new(1).to_string(), "1");
    }

    #[test]
    #[should_panic(expected = "4294967296 is beyond the last RowId")]
    #[cfg(target_pointer_width = "64")]
    fn ids_are_checked() {
        let _ = RowId::from(u32::MAX as usize + 1);
    }

    #[test]
    fn tables() {
        let mut table: Table<RowId, Bare> = Table::default();
        assert!(table.is_empty());
        let first = table.push(Bare(7));
        assert_eq!(table.next_id(), RowId::new(1));
        let second = table.push(Bare(8));
        assert_eq!((first.get(), second.get(), table.len()), (0, 1, 2));
        table[first].0 = 9;
        for id in table.ids() {
            table[id].0 += 1;
        }
        assert_eq!(table[first], Bare(10));
        assert_eq!(table.get(RowId::new(2)), None);
        table.get_mut(second).unwrap().0 = 1;
        assert_eq!(table.iter().map(|(id, row)| (id.get(), row.0)).collect::<Vec<_>>(), [(0, 10), (1, 1)]);
        table.values_mut().for_each(|row| row.0 += 1);
        table.iter_mut().for_each(|(id, row)| row.0 += id.get() as u8);
        assert_eq!(table.values().map(|row| row.0).collect::<Vec<_>>(), [11, 3]);
        assert_eq!(format!("{table:?}"), "{RowId(0): Bare(11), RowId(1): Bare(3)}");
        assert_eq!(table, [Bare(11), Bare(3)].into_iter().collect());

        let numbers: Table<OtherId, u8> = (0..3).collect();
        let mut copy = Table::with_capacity(3);
        assert_ne!(copy, numbers);
        copy.clone_from(&numbers);
        assert_eq!((copy.clone(), copy.len()), (numbers, 3));
    }
}
