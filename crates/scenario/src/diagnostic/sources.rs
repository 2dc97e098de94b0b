//! The texts that diagnostics point into, with lines and columns found quickly even in a line of ten million letters.

/// One of the texts of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(u32);

impl FileId {
    /// The file a scenario was loaded from: always the first one.
    pub const ROOT: FileId = FileId(0);
}

/// A stretch of one text, in bytes of its stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one; equal to `start` for a place between two letters.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to, but without, `end`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end: end.max(start) }
    }
}

/// A line and a column as editors count them: both begin at 1, and columns are letters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// How many bytes lie between two remembered letter counts.
const BLOCK: usize = 1024;

/// Converts between bytes and letters of one text without walking it from the start.
#[derive(Debug, Clone)]
pub(crate) struct LetterIndex {
    /// How many letters begin before byte `k * BLOCK`; empty for plain ASCII, where bytes are letters.
    before_block: Vec<u32>,
}

impl LetterIndex {
    pub(crate) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self { before_block: Vec::new() };
        }
        let mut before_block = vec![0];
        let mut letters = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            letters += letters_in(block);
            before_block.push(letters);
        }
        Self { before_block }
    }

    /// How many letters of `text` begin before `byte`.
    pub(crate) fn letters_before(&self, text: &str, byte: u32) -> u32 {
        let byte = (byte as usize).min(text.len());
        if self.before_block.is_empty() {
            return byte as u32;
        }
        let block = byte / BLOCK;
        self.before_block[block] + letters_in(&text.as_bytes()[block * BLOCK..byte])
    }

    /// The byte at which the letter number `letter` begins, or the end of the text.
    pub(crate) fn byte_of(&self, text: &str, letter: usize) -> u32 {
        if self.before_block.is_empty() {
            return letter.min(text.len()) as u32;
        }
        let letter = u32::try_from(letter).unwrap_or(u32::MAX);
        let block = self.before_block.partition_point(|before| *before <= letter).saturating_sub(1);
        let mut left = letter - self.before_block[block];
        let from = block * BLOCK;
        for (offset, byte) in text.as_bytes()[from.min(text.len())..].iter().enumerate() {
            if begins_letter(*byte) {
                if left == 0 {
                    return (from + offset) as u32;
                }
                left -= 1;
            }
        }
        text.len() as u32
    }
}

fn begins_letter(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

fn letters_in(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| begins_letter(**byte)).count() as u32
}

/// One text and where its lines begin.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<u32>,
    letters: LetterIndex,
}

impl SourceFile {
    fn new(name: String, text: String) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1))
            .collect();
        let letters = LetterIndex::new(&text);
        Self { name, text, line_starts, letters }
    }

    /// The name shown to people: a path, or `command line`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text as stored: without a byte order mark, lines ended by `\n` alone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column of a byte.
    pub fn position(&self, byte: u32) -> Position {
        let line = self.line_of(byte);
        let letters = |byte| self.letters.letters_before(&self.text, byte);
        Position { line: line as u32 + 1, column: letters(byte) - letters(self.line_starts[line]) + 1 }
    }

    pub(crate) fn letter_index(&self) -> &LetterIndex {
        &self.letters
    }

    /// The line that holds `byte`, counted from 0.
    pub(crate) fn line_of(&self, byte: u32) -> usize {
        self.line_starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// First byte of line `line` (counted from 0) and the byte after its last letter, the line end left out.
    pub(crate) fn line_range(&self, line: usize) -> (usize, usize) {
        let start = self.line_starts.get(line).map_or(self.text.len(), |start| *start as usize);
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| *next as usize - 1);
        (start, end)
    }
}

/// All texts that spans point into.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// No texts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text. Longer ones than 4 GiB are cut, which the limits on reading make impossible.
    pub fn add(&mut self, name: impl Into<String>, mut text: String) -> FileId {
        if text.len() > u32::MAX as usize - 1 {
            let mut end = u32::MAX as usize - 1;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let id = FileId(self.files.len() as u32);
        self.files.push(SourceFile::new(name.into(), text));
        id
    }

    /// The text of this id. Ids of another map give no text.
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }

    /// The name of a file, for messages and for [`crate::source::SourceFiles::resolve`].
    pub fn name(&self, file: FileId) -> &str {
        self.get(file).map_or("", SourceFile::name)
    }

    /// Line and column of the beginning of a span.
    pub fn position(&self, span: Span) -> Position {
        self.get(span.file).map_or(Position { line: 1, column: 1 }, |file| file.position(span.start))
    }

    /// The text a span covers.
    pub fn text(&self, span: Span) -> &str {
        let text = self.get(span.file).map_or("", SourceFile::text);
        text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// All texts in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_letters_and_begin_at_one() {
        let mut sources = SourceMap::new();
        let file = sources.add("a", "äb\n\ncé🦀d".to_owned());
        let positions: Vec<(u32, u32)> = [0, 2, 3, 4, 5, 6, 8, 12, 13]
            .into_iter()
            .map(|byte| sources.position(Span::new(file, byte, byte)))
            .map(|position| (position.line, position.column))
            .collect();
        assert_eq!(positions, [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2), (3, 3), (3, 4), (3, 5)]);
    }

    #[test]
    fn letters_and_bytes_agree_in_long_texts() {
        for text in ["x".repeat(5000), "aé€🦀".repeat(2000), "é".repeat(1024), String::new()] {
            let index = LetterIndex::new(&text);
            let mut expected: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
            expected.push(text.len());
            for (letter, byte) in expected.into_iter().enumerate() {
                assert_eq!(index.byte_of(&text, letter) as usize, byte);
                assert_eq!(index.letters_before(&text, byte as u32) as usize, letter);
            }
            assert_eq!(index.byte_of(&text, usize::MAX) as usize, text.len());
        }
    }
}
