//! State an observer keeps for each task or instance that exists, and four bytes for each that ever did.

use core::marker::PhantomData;

use ecsim_kernel::table::Id;

const GONE: u32 = u32::MAX;

/// A table by id whose rows are reused once what they stand for is gone.
#[derive(Clone, Debug)]
pub(crate) struct Slab<I, T> {
    row_of: Vec<u32>,
    rows: Vec<Option<T>>,
    free: Vec<u32>,
    ids: PhantomData<fn() -> I>,
}

impl<I, T> Default for Slab<I, T> {
    fn default() -> Self {
        Self { row_of: Vec::new(), rows: Vec::new(), free: Vec::new(), ids: PhantomData }
    }
}

impl<I: Id, T> Slab<I, T> {
    pub(crate) fn insert(&mut self, id: I, state: T) {
        let row = match self.free.pop() {
            Some(row) => {
                self.rows[row as usize] = Some(state);
                row
            }
            None => {
                self.rows.push(Some(state));
                (self.rows.len() - 1) as u32
            }
        };
        // Ids are numbered in the order of creation; an observer that joined late has holes.
        if self.row_of.len() <= id.index() {
            self.row_of.resize(id.index() + 1, GONE);
        }
        self.row_of[id.index()] = row;
    }

    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        let row = *self.row_of.get(id.index())?;
        self.rows.get_mut(row as usize)?.as_mut()
    }

    pub(crate) fn get(&self, id: I) -> Option<&T> {
        let row = *self.row_of.get(id.index())?;
        self.rows.get(row as usize)?.as_ref()
    }

    pub(crate) fn remove(&mut self, id: I) -> Option<T> {
        let row = core::mem::replace(self.row_of.get_mut(id.index())?, GONE);
        let state = self.rows.get_mut(row as usize)?.take();
        self.free.push(row);
        state
    }

    /// The ids of what exists, ascending.
    pub(crate) fn ids(&self) -> Vec<I> {
        let rows = self.row_of.iter().enumerate();
        rows.filter(|(_, row)| **row != GONE).map(|(index, _)| I::from_index(index)).collect()
    }

    /// What exists, in the order of the rows: deterministic, but not the order of ids.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_cluster::TaskId;

    #[test]
    fn rows_are_reused() {
        let mut slab = Slab::default();
        slab.insert(TaskId::new(0), 'a');
        slab.insert(TaskId::new(1), 'b');
        assert_eq!(slab.remove(TaskId::new(0)), Some('a'));
        assert_eq!(slab.remove(TaskId::new(0)), None);
        assert_eq!(slab.values().collect::<Vec<_>>(), [&'b']);
        slab.insert(TaskId::new(2), 'c');
        assert_eq!((slab.get(TaskId::new(1)), slab.get(TaskId::new(2))), (Some(&'b'), Some(&'c')));
        assert_eq!((slab.rows.len(), slab.ids()), (2, vec![TaskId::new(1), TaskId::new(2)]));
        assert_eq!(slab.get(TaskId::new(9)), None);
    }
}
