//! State an observer keeps for each task that exists, and four bytes for each that ever did.

use ecsim_cluster::TaskId;

const GONE: u32 = u32::MAX;

/// A table by task whose rows are reused once a task is gone.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    row_of: Vec<u32>,
    rows: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { row_of: Vec::new(), rows: Vec::new(), free: Vec::new() }
    }
}

impl<T: Copy> Slab<T> {
    pub(crate) fn insert(&mut self, task: TaskId, state: T) {
        let row = match self.free.pop() {
            Some(row) => {
                self.rows[row as usize] = state;
                row
            }
            None => {
                self.rows.push(state);
                (self.rows.len() - 1) as u32
            }
        };
        // Tasks are numbered in the order of creation; an observer that joined late has holes.
        if self.row_of.len() <= task.index() {
            self.row_of.resize(task.index() + 1, GONE);
        }
        self.row_of[task.index()] = row;
    }

    pub(crate) fn get_mut(&mut self, task: TaskId) -> Option<&mut T> {
        let row = *self.row_of.get(task.index())?;
        self.rows.get_mut(row as usize)
    }

    pub(crate) fn get(&self, task: TaskId) -> Option<&T> {
        let row = *self.row_of.get(task.index())?;
        self.rows.get(row as usize)
    }

    pub(crate) fn remove(&mut self, task: TaskId) -> Option<T> {
        let row = core::mem::replace(self.row_of.get_mut(task.index())?, GONE);
        let state = *self.rows.get(row as usize)?;
        self.free.push(row);
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_reused() {
        let mut slab = Slab::default();
        slab.insert(TaskId::new(0), 'a');
        slab.insert(TaskId::new(1), 'b');
        assert_eq!(slab.remove(TaskId::new(0)), Some('a'));
        assert_eq!(slab.remove(TaskId::new(0)), None);
        slab.insert(TaskId::new(2), 'c');
        assert_eq!((slab.get(TaskId::new(1)), slab.get(TaskId::new(2))), (Some(&'b'), Some(&'c')));
        assert_eq!(slab.rows.len(), 2);
        assert_eq!(slab.get(TaskId::new(9)), None);
    }
}
