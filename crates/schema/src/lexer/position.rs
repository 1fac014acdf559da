//! From byte offsets to what an editor shows.

/// A place in a text as editors count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Reads the text once.
    pub fn new(text: &str) -> Self {
        let feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            starts: std::iter::once(0).chain(feeds.map(|(at, _)| at + 1)).collect(),
        }
    }

    /// The place of a byte of the same text; an offset inside a character counts as that character's.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = &text.as_bytes()[self.starts[line]..offset.min(text.len())];
        let column = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
        Position {
            line: saturate(line + 1),
            column: saturate(column + 1),
        }
    }
}

fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
