//! A text file with the ability to point into itself.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::origin::Place;
use super::secret::mask_passwords;
use crate::Excerpt;

/// The text of a file and its name.
#[derive(Debug, Clone)]
pub(super) struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    pub(super) fn new(path: &Path, text: String) -> Self {
        Self {
            path: path.to_owned(),
            text,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A file's name as messages show it: the project's own files without their directory.
    pub(super) fn shown(path: &Path) -> String {
        path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    /// The line that a byte offset is in.
    pub(super) fn place(&self, offset: usize) -> Place {
        Place::new(&self.path, self.line(offset))
    }

    fn line(&self, offset: usize) -> u32 {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let breaks = before.iter().filter(|b| **b == b'\n').count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }

    /// The line that a range begins in, with a caret under the range.
    pub(super) fn excerpt(&self, span: &Range<usize>, message: String, help: Option<String>) -> Excerpt {
        let start = self.boundary(span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |at| start + at);
        let end = self.boundary(span.end).clamp(start, line_end);
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Excerpt {
            file: Self::shown(&self.path),
            line: self.line(start),
            column: count(&self.text[line_start..start]) + 1,
            width: count(&self.text[start..end]).max(1),
            text: mask_passwords(self.text[line_start..line_end].trim_end()),
            message,
            help,
        }
    }

    /// The nearest character boundary at or before an offset.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(Path::new("/project/ponte.toml"), text.to_owned())
    }

    #[test]
    fn an_excerpt_counts_characters_and_stays_on_its_line() {
        let document = document("a = 1\nção = \"x\"\nb = 2\n");
        let start = document.text().find("\"x\"").unwrap();
        let excerpt = document.excerpt(&(start..start + 30), "no".into(), None);
        assert_eq!((excerpt.line, excerpt.column, excerpt.width), (2, 7, 3));
        assert_eq!(excerpt.text, "ção = \"x\"");
        assert_eq!(excerpt.file, "ponte.toml");
    }

    #[test]
    fn the_end_of_the_file_can_be_pointed_at() {
        let document = document("a = ");
        let excerpt = document.excerpt(&(4..9), "no".into(), None);
        assert_eq!((excerpt.line, excerpt.column, excerpt.width), (1, 5, 1));
    }

    #[test]
    fn a_password_in_the_line_is_masked() {
        let document = document("url = \"postgres://a:geheim@h/d");
        let excerpt = document.excerpt(&(6..7), "no".into(), None);
        assert_eq!(excerpt.text, "url = \"postgres://a:******@h/d");
    }
}
