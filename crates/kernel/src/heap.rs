//! A four-way heap exists because the calendar pops an event for everything that happens, and this one is faster than the standard library's.
//!
//! Four children per node halve the depth, and the four keys lie next to each other in memory. `examples/hold.rs` compares.

/// Smaller keys first; keys are distinct.
pub(crate) type Key = (u64, u64);

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    key: Key,
    value: T,
}

impl<T> Entry<T> {
    /// One number, so that comparing takes no branch between the two halves.
    #[inline]
    fn rank(&self) -> u128 {
        u128::from(self.key.0) << 64 | u128::from(self.key.1)
    }
}

/// A priority queue of small values, smallest key first.
#[derive(Clone, Debug)]
pub(crate) struct Heap<T> {
    entries: Vec<Entry<T>>,
}

const WAYS: usize = 4;

impl<T: Copy> Heap<T> {
    pub(crate) const fn new() -> Self {
        Heap { entries: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<Key> {
        self.entries.first().map(|entry| entry.key)
    }

    pub(crate) fn push(&mut self, key: Key, value: T) {
        let entry = Entry { key, value };
        self.entries.push(entry);
        self.rise(self.entries.len() - 1, entry);
    }

    pub(crate) fn pop(&mut self) -> Option<(Key, T)> {
        let last = self.entries.pop()?;
        let Some(&first) = self.entries.first() else {
            return Some((last.key, last.value));
        };
        // The hole sinks along the smallest children to the bottom, where the last entry nearly always belongs, being one of the
        // latest; comparing it on the way down would be a waste.
        let entries = self.entries.as_mut_slice();
        let mut hole = 0;
        loop {
            let child = WAYS * hole + 1;
            let smallest = if let Some(children) = entries.get(child..child + WAYS) {
                let [a, b, c, d] = children else { unreachable!("the slice has four entries") };
                let left = usize::from(b.rank() < a.rank());
                let right = 2 + usize::from(d.rank() < c.rank());
                if children[right].rank() < children[left].rank() { child + right } else { child + left }
            } else if child < entries.len() {
                let mut smallest = child;
                for other in child + 1..entries.len() {
                    if entries[other].rank() < entries[smallest].rank() {
                        smallest = other;
                    }
                }
                smallest
            } else {
                break;
            };
            entries[hole] = entries[smallest];
            hole = smallest;
        }
        self.rise(hole, last);
        Some((first.key, first.value))
    }

    /// Puts `entry` where the hole is, or above it.
    #[inline]
    fn rise(&mut self, mut hole: usize, entry: Entry<T>) {
        let entries = self.entries.as_mut_slice();
        while hole > 0 {
            let parent = (hole - 1) / WAYS;
            if entries[parent].rank() <= entry.rank() {
                break;
            }
            entries[hole] = entries[parent];
            hole = parent;
        }
        entries[hole] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pops_in_order(steps in proptest::collection::vec(proptest::option::weighted(0.6, 0..50_u64), 0..300)) {
            let mut heap = Heap::new();
            let mut model = Vec::new();
            for (sequence, step) in (0..).zip(steps) {
                match step {
                    Some(time) => {
                        heap.push((time, sequence), sequence);
                        model.push((time, sequence));
                        model.sort_unstable_by(|a, b| b.cmp(a));
                    }
                    None => prop_assert_eq!(heap.pop(), model.pop().map(|key| (key, key.1))),
                }
                prop_assert_eq!((heap.len(), heap.peek()), (model.len(), model.last().copied()));
            }
        }
    }
}
