//! What a sink remembers of the tasks that exist: a row while a task lives, four bytes once it is gone.

use ecsim_cluster::TaskId;

/// The row number of a task that is gone or was never seen.
const NONE: u32 = u32::MAX;

pub(super) struct TaskSlots<T> {
    row_of: Vec<u32>,
    rows: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> TaskSlots<T> {
    pub(super) const fn new() -> Self {
        Self { row_of: Vec::new(), rows: Vec::new(), free: Vec::new() }
    }

    pub(super) fn insert(&mut self, task: TaskId, value: T) {
        let row = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            u32::try_from(self.rows.len() - 1).unwrap_or(NONE)
        });
        if self.row_of.len() <= task.index() {
            self.row_of.resize(task.index() + 1, NONE);
        }
        self.row_of[task.index()] = row;
        if let Some(slot) = self.rows.get_mut(row as usize) {
            *slot = Some(value);
        }
    }

    pub(super) fn get_mut(&mut self, task: TaskId) -> Option<&mut T> {
        let row = *self.row_of.get(task.index())?;
        self.rows.get_mut(row as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, task: TaskId) -> Option<T> {
        let row = core::mem::replace(self.row_of.get_mut(task.index())?, NONE);
        let value = self.rows.get_mut(row as usize)?.take();
        self.free.push(row);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_reused() {
        let mut slots = TaskSlots::new();
        slots.insert(TaskId::new(2), 'a');
        slots.insert(TaskId::new(3), 'b');
        assert_eq!(slots.get_mut(TaskId::new(0)), None);
        assert_eq!(slots.remove(TaskId::new(2)), Some('a'));
        assert_eq!(slots.remove(TaskId::new(2)), None);
        slots.insert(TaskId::new(9), 'c');
        assert_eq!((slots.get_mut(TaskId::new(9)).copied(), slots.rows.len()), (Some('c'), 2));
    }
}
