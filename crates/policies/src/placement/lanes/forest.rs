//! Ordered lists of instances that find the first one with room without looking at the others.
//!
//! A [`Tree`] keeps its entries in chunks of at most [`CHUNK`], and the chunks in blocks of at most [`BLOCK`]; the
//! blocks of one tree stand in a flat list, so the depth is always three. Every chunk and block knows a [`Sketch`] of
//! its members: what they offer at best, in eight directions. All trees of a [`Forest`] share two arenas.

use core::ops::ControlFlow;

use ecsim_cluster::{GroupId, Resources};

/// Most entries in a chunk. Small in tests, so that small clusters have many.
const CHUNK: usize = if cfg!(test) { 4 } else { 32 };
/// Most chunks in a block.
const BLOCK: usize = if cfg!(test) { 4 } else { 64 };
/// How full a bulk load leaves them, so that the next insertions need no split.
const CHUNK_FILL: usize = CHUNK * 3 / 4;
const BLOCK_FILL: usize = BLOCK * 3 / 4;
/// Up to so many blocks a tree's slots are counted one by one.
const FEW_BLOCKS: usize = if cfg!(test) { 2 } else { 8 };

/// Where an entry stands in its tree: what it is ordered by, then what makes it unique.
pub(super) type Place = (u64, u32);

/// An instance in a tree.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// What the tree is ordered by.
    pub key: u64,
    /// Rank in the order of registration: unique, and the tie-break of `fixed` mode.
    pub tie: u32,
    /// The number of the instance.
    pub instance: u32,
    /// CPU units left.
    pub cpu: u32,
    /// MiB left.
    pub memory: u32,
    /// Which groups have live tasks on it, a bit for each or for several (see [`group_bit`]); 0 on a group's own shelf.
    pub groups: u64,
}

/// The bit of a group among those of an entry. With at most 64 groups each has a bit of its own.
#[inline]
pub(super) fn group_bit(group: GroupId) -> u64 {
    1 << (group.get() % 64)
}

impl Entry {
    pub(super) const fn place(&self) -> Place {
        (self.key, self.tie)
    }
}

/// What members offer at best: CPU units, MiB, and the lesser of the CPU share and the weighted memory share for six
/// weights.
///
/// The last six tell a node with one member that has both from one with a member that has only CPU and another that has
/// only memory, which the first two cannot.
pub(super) type Sketch = [u32; 8];

/// Whether a node with this sketch may have a member that offers `need`.
#[inline]
fn may_offer(sketch: &Sketch, need: &Sketch) -> bool {
    sketch.iter().zip(need).fold(true, |all, (have, need)| all & (have >= need))
}

#[inline]
fn join(sketch: &mut Sketch, other: &Sketch) {
    for (mine, other) in sketch.iter_mut().zip(other) {
        *mine = (*mine).max(*other);
    }
}

/// Whether taking `part` away may lower `whole`.
#[inline]
fn touches(whole: &Sketch, part: &Sketch) -> bool {
    whole.iter().zip(part).fold(false, |any, (whole, part)| any | (whole <= part))
}

/// Turns amounts into shares of what the instances of a lane registered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    cpu: u64,
    memory: u64,
}

impl Scale {
    pub(super) fn new(registered: Resources) -> Self {
        let inverse = |amount: u32| (1 << 40) / u64::from(amount.max(1));
        Self { cpu: inverse(registered.cpu), memory: inverse(registered.memory) }
    }

    /// Shares in 2^-24, rounded down. Monotone, which is all that pruning needs. Amounts must not exceed what was
    /// registered.
    #[inline]
    fn shares(self, cpu: u32, memory: u32) -> (u32, u32) {
        let share = |amount: u32, inverse: u64| ((u64::from(amount) * inverse) >> 16) as u32;
        (share(cpu, self.cpu), share(memory, self.memory))
    }

    /// The lesser share.
    #[inline]
    pub(super) fn roominess(self, cpu: u32, memory: u32) -> u64 {
        let (cpu, memory) = self.shares(cpu, memory);
        u64::from(cpu.min(memory))
    }

    #[inline]
    pub(super) fn sketch(self, cpu: u32, memory: u32) -> Sketch {
        let (c, m) = self.shares(cpu, memory);
        [cpu, memory, c.min(m >> 2), c.min(m >> 1), c.min(m), c.min(m << 1), c.min(m << 2), c.min(m << 3)]
    }
}

/// What is looked for in a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub cpu: u32,
    pub memory: u32,
    pub sketch: Sketch,
}

impl Need {
    pub(super) fn new(scale: Scale, cpu: u32, memory: u32) -> Self {
        Self { cpu, memory, sketch: scale.sketch(cpu, memory) }
    }

    #[inline]
    pub(super) const fn is_met_by(&self, entry: &Entry) -> bool {
        entry.cpu >= self.cpu && entry.memory >= self.memory
    }
}

/// A chunk as its block sees it, or a block as its tree sees it.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Where its last entry stands.
    last: Place,
    sketch: Sketch,
    /// Its number in the arena.
    id: u32,
    /// How many entries, or chunks, it has.
    len: u32,
    /// How many entries are under it.
    size: u32,
}

const NO_NODE: Node = Node { last: (0, 0), sketch: [0; 8], id: 0, len: 0, size: 0 };

/// One ordered list.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    blocks: Vec<Node>,
    scale: Scale,
    size: u32,
}

impl Tree {
    pub(super) const fn new(scale: Scale) -> Self {
        Self { blocks: Vec::new(), scale, size: 0 }
    }

    pub(super) const fn scale(&self) -> Scale {
        self.scale
    }

    /// How many entries it has.
    pub(super) const fn size(&self) -> u32 {
        self.size
    }
}

/// The memory of many trees.
#[derive(Clone, Debug, Default)]
pub(super) struct Forest {
    /// Chunk `c` is `entries[c * CHUNK..][..len]`.
    entries: Vec<Entry>,
    /// Block `b` is `chunks[b * BLOCK..][..len]`.
    chunks: Vec<Node>,
    free_chunks: Vec<u32>,
    free_blocks: Vec<u32>,
    size: u32,
}

impl Forest {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.chunks.clear();
        self.free_chunks.clear();
        self.free_blocks.clear();
        self.size = 0;
    }

    /// Whether so much memory is half empty that loading everything anew is worth it.
    pub(super) fn is_sparse(&self, trees: usize) -> bool {
        let chunks = self.entries.len() / CHUNK - self.free_chunks.len();
        let blocks = self.chunks.len() / BLOCK - self.free_blocks.len();
        chunks > BLOCK + 2 * trees + self.size as usize * 4 / CHUNK || blocks > 16 + 2 * trees + chunks * 4 / BLOCK
    }

    fn new_chunk(&mut self) -> u32 {
        self.free_chunks.pop().unwrap_or_else(|| {
            let id = self.entries.len() / CHUNK;
            self.entries.resize(self.entries.len() + CHUNK, Entry::default());
            id as u32
        })
    }

    fn new_block(&mut self) -> u32 {
        self.free_blocks.pop().unwrap_or_else(|| {
            let id = self.chunks.len() / BLOCK;
            self.chunks.resize(self.chunks.len() + BLOCK, NO_NODE);
            id as u32
        })
    }

    fn chunk(&self, node: &Node) -> &[Entry] {
        &self.entries[node.id as usize * CHUNK..][..node.len as usize]
    }

    fn block(&self, node: &Node) -> &[Node] {
        &self.chunks[node.id as usize * BLOCK..][..node.len as usize]
    }

    fn chunk_sketch(&self, scale: Scale, node: &Node) -> Sketch {
        let mut sketch = [0; 8];
        for entry in self.chunk(node) {
            join(&mut sketch, &scale.sketch(entry.cpu, entry.memory));
        }
        sketch
    }

    fn block_sketch(&self, node: &Node) -> Sketch {
        let mut sketch = [0; 8];
        for chunk in self.block(node) {
            join(&mut sketch, &chunk.sketch);
        }
        sketch
    }

    /// Fills an empty tree with entries in ascending order.
    pub(super) fn load(&mut self, tree: &mut Tree, entries: &[Entry]) {
        debug_assert!(tree.blocks.is_empty() && entries.is_sorted_by_key(Entry::place));
        for part in entries.chunks(CHUNK_FILL * BLOCK_FILL) {
            let id = self.new_block();
            let mut block = Node { id, size: part.len() as u32, ..NO_NODE };
            for part in part.chunks(CHUNK_FILL) {
                let id = self.new_chunk();
                self.entries[id as usize * CHUNK..][..part.len()].copy_from_slice(part);
                let len = part.len() as u32;
                let mut chunk = Node { id, len, size: len, last: part[part.len() - 1].place(), ..NO_NODE };
                chunk.sketch = self.chunk_sketch(tree.scale, &chunk);
                join(&mut block.sketch, &chunk.sketch);
                block.last = chunk.last;
                self.chunks[block.id as usize * BLOCK + block.len as usize] = chunk;
                block.len += 1;
            }
            tree.blocks.push(block);
        }
        tree.size += entries.len() as u32;
        self.size += entries.len() as u32;
    }

    /// The block and, in it, the chunk where `place` is or belongs.
    fn find(&self, tree: &Tree, place: Place) -> (usize, usize) {
        let b = tree.blocks.partition_point(|block| block.last < place).min(tree.blocks.len() - 1);
        let chunks = self.block(&tree.blocks[b]);
        (b, chunks.partition_point(|chunk| chunk.last < place).min(chunks.len() - 1))
    }

    pub(super) fn insert(&mut self, tree: &mut Tree, entry: Entry) {
        if tree.blocks.is_empty() {
            return self.load(tree, &[entry]);
        }
        let place = entry.place();
        let (b, c) = loop {
            let (b, c) = self.find(tree, place);
            let block = tree.blocks[b];
            let chunk = self.block(&block)[c];
            if (chunk.len as usize) < CHUNK {
                break (b, c);
            } else if (block.len as usize) < BLOCK {
                self.split_chunk(tree, b, c);
            } else {
                self.split_block(tree, b);
            }
        };
        let chunk = &mut self.chunks[tree.blocks[b].id as usize * BLOCK + c];
        let len = chunk.len as usize;
        let entries = &mut self.entries[chunk.id as usize * CHUNK..][..=len];
        let at = entries[..len].partition_point(|other| other.place() < place);
        entries.copy_within(at..len, at + 1);
        entries[at] = entry;
        chunk.len += 1;
        chunk.size += 1;
        chunk.last = chunk.last.max(place);
        let sketch = tree.scale.sketch(entry.cpu, entry.memory);
        join(&mut chunk.sketch, &sketch);
        let block = &mut tree.blocks[b];
        block.size += 1;
        block.last = block.last.max(place);
        join(&mut block.sketch, &sketch);
        tree.size += 1;
        self.size += 1;
    }

    fn split_chunk(&mut self, tree: &mut Tree, b: usize, c: usize) {
        let block = tree.blocks[b];
        let at = block.id as usize * BLOCK + c;
        let mut low = self.chunks[at];
        let mut high = Node { id: self.new_chunk(), ..NO_NODE };
        let (half, len) = (low.len as usize / 2, low.len as usize);
        let from = low.id as usize * CHUNK;
        self.entries.copy_within(from + half..from + len, high.id as usize * CHUNK);
        (low.len, low.size) = (half as u32, half as u32);
        (high.len, high.size) = ((len - half) as u32, (len - half) as u32);
        high.last = low.last;
        low.last = self.entries[from + half - 1].place();
        low.sketch = self.chunk_sketch(tree.scale, &low);
        high.sketch = self.chunk_sketch(tree.scale, &high);
        let end = block.id as usize * BLOCK + block.len as usize;
        self.chunks.copy_within(at + 1..end, at + 2);
        self.chunks[at] = low;
        self.chunks[at + 1] = high;
        tree.blocks[b].len += 1;
    }

    fn split_block(&mut self, tree: &mut Tree, b: usize) {
        let mut low = tree.blocks[b];
        let mut high = Node { id: self.new_block(), ..NO_NODE };
        let (half, len) = (low.len as usize / 2, low.len as usize);
        let from = low.id as usize * BLOCK;
        self.chunks.copy_within(from + half..from + len, high.id as usize * BLOCK);
        low.len = half as u32;
        high.len = (len - half) as u32;
        for node in [&mut low, &mut high] {
            let chunks = self.block(node);
            let (size, last) = (chunks.iter().map(|chunk| chunk.size).sum(), chunks[chunks.len() - 1].last);
            (node.size, node.last, node.sketch) = (size, last, self.block_sketch(node));
        }
        tree.blocks[b] = low;
        tree.blocks.insert(b + 1, high);
    }

    /// Takes an entry out. It must be there.
    pub(super) fn remove(&mut self, tree: &mut Tree, place: Place) {
        let (b, c) = self.find(tree, place);
        let block = tree.blocks[b];
        let first = block.id as usize * BLOCK;
        let chunk = &mut self.chunks[first + c];
        let len = chunk.len as usize;
        let entries = &mut self.entries[chunk.id as usize * CHUNK..][..len];
        let at = entries.partition_point(|other| other.place() < place);
        debug_assert_eq!(entries[at].place(), place, "an entry that is there");
        let gone = entries[at];
        entries.copy_within(at + 1.., at);
        chunk.len -= 1;
        chunk.size -= 1;
        tree.size -= 1;
        self.size -= 1;
        tree.blocks[b].size -= 1;
        if len == 1 {
            self.free_chunks.push(chunk.id);
            let sketch = chunk.sketch;
            self.chunks.copy_within(first + c + 1..first + block.len as usize, first + c);
            tree.blocks[b].len -= 1;
            if block.len == 1 {
                self.free_blocks.push(block.id);
                tree.blocks.remove(b);
                return;
            }
            tree.blocks[b].last = self.chunks[first + block.len as usize - 2].last;
            if touches(&block.sketch, &sketch) {
                tree.blocks[b].sketch = self.block_sketch(&tree.blocks[b]);
            }
            return;
        }
        chunk.last = entries[len - 2].place();
        let sketch = tree.scale.sketch(gone.cpu, gone.memory);
        self.refresh(tree, b, c, &sketch, None);
        tree.blocks[b].last = self.chunks[first + tree.blocks[b].len as usize - 1].last;
    }

    /// Changes an entry that keeps its place. It must be there.
    pub(super) fn change(&mut self, tree: &mut Tree, entry: Entry) {
        let place = entry.place();
        let (b, c) = self.find(tree, place);
        let chunk = self.chunks[tree.blocks[b].id as usize * BLOCK + c];
        let entries = &mut self.entries[chunk.id as usize * CHUNK..][..chunk.len as usize];
        let at = entries.partition_point(|other| other.place() < place);
        debug_assert_eq!(entries[at].place(), place, "an entry that is there");
        let before = core::mem::replace(&mut entries[at], entry);
        if (before.cpu, before.memory) == (entry.cpu, entry.memory) {
            return;
        }
        let gone = tree.scale.sketch(before.cpu, before.memory);
        let come = tree.scale.sketch(entry.cpu, entry.memory);
        self.refresh(tree, b, c, &gone, Some(&come));
    }

    /// Brings the sketches over a changed entry up to date.
    fn refresh(&mut self, tree: &mut Tree, b: usize, c: usize, gone: &Sketch, come: Option<&Sketch>) {
        let at = tree.blocks[b].id as usize * BLOCK + c;
        let before = self.chunks[at].sketch;
        if touches(&before, gone) {
            self.chunks[at].sketch = self.chunk_sketch(tree.scale, &self.chunks[at]);
        } else if let Some(come) = come {
            join(&mut self.chunks[at].sketch, come);
        }
        let after = self.chunks[at].sketch;
        if after == before {
            return;
        }
        if touches(&tree.blocks[b].sketch, &before) {
            tree.blocks[b].sketch = self.block_sketch(&tree.blocks[b]);
        } else {
            join(&mut tree.blocks[b].sketch, &after);
        }
    }

    /// Visits in order the entries from `from` on with a key below `below` that meet the need.
    pub(super) fn walk<B>(
        &self,
        tree: &Tree,
        need: &Need,
        from: u64,
        below: u64,
        mut visit: impl FnMut(&Entry) -> ControlFlow<B>,
    ) -> Option<B> {
        let start = (from, 0);
        let b = tree.blocks.partition_point(|block| block.last < start);
        for (nth, block) in tree.blocks[b..].iter().enumerate() {
            if !may_offer(&block.sketch, &need.sketch) {
                continue;
            }
            let chunks = self.block(block);
            let c = if nth == 0 { chunks.partition_point(|chunk| chunk.last < start) } else { 0 };
            for chunk in &chunks[c..] {
                if !may_offer(&chunk.sketch, &need.sketch) {
                    continue;
                }
                for entry in self.chunk(chunk) {
                    if entry.key < from || !need.is_met_by(entry) {
                        continue;
                    }
                    if entry.key >= below {
                        return None;
                    }
                    if let ControlFlow::Break(found) = visit(entry) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    /// Whether some block may have a member that meets the need.
    pub(super) fn may_hold(&self, tree: &Tree, need: &Need) -> bool {
        tree.blocks.iter().rev().any(|block| may_offer(&block.sketch, &need.sketch))
    }

    /// How many entries stand before `place`.
    pub(super) fn rank(&self, tree: &Tree, place: Place) -> u32 {
        let b = tree.blocks.partition_point(|block| block.last < place);
        let Some(block) = tree.blocks.get(b) else { return tree.size };
        let before: u32 = tree.blocks[..b].iter().map(|block| block.size).sum();
        let chunks = self.block(block);
        let c = chunks.partition_point(|chunk| chunk.last < place);
        let in_block: u32 = chunks[..c].iter().map(|chunk| chunk.size).sum();
        let in_chunk = self.chunk(&chunks[c]).partition_point(|entry| entry.place() < place);
        before + in_block + in_chunk as u32
    }

    /// The entry with so many before it.
    pub(super) fn nth(&self, tree: &Tree, mut at: u32) -> Option<&Entry> {
        let block = tree.blocks.iter().find(|block| {
            let here = at < block.size;
            at -= if here { 0 } else { block.size };
            here
        })?;
        let chunk = self.block(block).iter().find(|chunk| {
            let here = at < chunk.size;
            at -= if here { 0 } else { chunk.size };
            here
        })?;
        self.chunk(chunk).get(at as usize)
    }

    /// The places for entries in the blocks from that of `from` on: each such entry stands in exactly one, some are
    /// empty. Drawing a slot evenly and rejecting the empty ones is an even draw of an entry.
    pub(super) fn slots(&self, tree: &Tree, from: u64) -> Slots {
        let first = tree.blocks.partition_point(|block| block.last < (from, 0));
        let blocks = &tree.blocks[first..];
        let count = if blocks.len() <= FEW_BLOCKS {
            blocks.iter().map(|block| u64::from(block.len)).sum::<u64>() * CHUNK as u64
        } else {
            (blocks.len() * BLOCK * CHUNK) as u64
        };
        Slots { first, count }
    }

    /// The entry in a slot, if it is not empty.
    pub(super) fn slot(&self, tree: &Tree, slots: Slots, slot: u64) -> Option<&Entry> {
        let slot = slot as usize;
        let blocks = &tree.blocks[slots.first..];
        let (block, slot) = if blocks.len() <= FEW_BLOCKS {
            let mut slot = slot;
            let block = blocks.iter().find(|block| {
                let here = slot < block.len as usize * CHUNK;
                slot -= if here { 0 } else { block.len as usize * CHUNK };
                here
            })?;
            (block, slot)
        } else {
            (&blocks[slot / (BLOCK * CHUNK)], slot % (BLOCK * CHUNK))
        };
        let chunk = self.block(block).get(slot / CHUNK)?;
        self.chunk(chunk).get(slot % CHUNK)
    }
}

/// See [`Forest::slots`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    first: usize,
    /// How many there are.
    pub count: u64,
}
