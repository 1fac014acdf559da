//! The text files of the repository, as git knows them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, iter};

/// A text file.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The lines with their numbers, without the unit tests at the end of a source file and none for a test file.
    pub(crate) fn lines_outside_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let whole_file = self.path.contains("/tests/")
            || self.path.starts_with("crates/testkit/")
            || self.path.ends_with("/tests.rs");
        (1..)
            .zip(self.text.lines())
            .take_while(move |(_, line)| !whole_file && !line.starts_with("#[cfg(test)]"))
    }

    /// The crate that a source file belongs to: `pg` for `crates/pg/src/…`.
    pub(crate) fn source_of(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        rest.starts_with("src/").then_some(name)
    }
}

/// All text files of the repository that git tracks or would track.
#[derive(Debug)]
pub(crate) struct Repo {
    root: PathBuf,
    files: Vec<File>,
}

impl Repo {
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|e| format!("cannot run git: {e}"))?;
        if !listed.status.success() {
            return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let files = listed.split('\0').filter(|path| !path.is_empty());
        Ok(Self {
            root: root.to_owned(),
            // A file that is deleted but not yet committed as such, or that is no text, is none of ours.
            files: files
                .filter_map(|path| {
                    Some(File {
                        path: path.to_owned(),
                        text: fs::read_to_string(root.join(path)).ok()?,
                    })
                })
                .collect(),
        })
    }

    /// A repository that exists only in a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self {
            root: PathBuf::new(),
            files: files.iter().map(file).collect(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose name ends so.
    pub(crate) fn ending<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(suffix))
    }
}

/// The functions of a source file that `cargo fmt` has laid out: name, first line, number of lines.
pub(crate) fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let closing = iter::repeat_n(' ', indent).chain(['}']).collect::<String>();
        let end = lines[index..].iter().position(|line| **line == closing);
        // A declaration without a body ends before anything closes at its depth.
        let bodiless = lines[index..]
            .iter()
            .find(|line| line.ends_with(';') || line.ends_with('{') || line.ends_with('}'))
            .is_some_and(|line| !line.ends_with('{'));
        if let Some(end) = end
            && !bodiless
        {
            functions.push((name, index + 1, end + 1));
        }
    }
    functions
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word == "fn" {
            let name = words.next()?.split(['(', '<']).next()?;
            return Some(name.to_owned());
        }
        let qualifier =
            matches!(word, "pub" | "async" | "const" | "unsafe" | "extern") || word.starts_with("pub(");
        if !qualifier && !word.ends_with(')') {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_length() {
        let text = "fn a() {\n    b();\n}\n\nimpl X {\n    pub(crate) async fn c<T>(\n        t: T,\n    ) -> T\n    where\n        T: Copy,\n    {\n        t\n    }\n}\ntrait Y {\n    fn d();\n}\n";
        assert_eq!(functions(text), [("a".into(), 1, 3), ("c".into(), 6, 8)]);
    }

    #[test]
    fn unit_tests_are_not_read_as_source() {
        let file = File {
            path: "crates/pg/src/x.rs".into(),
            text: "a\n#[cfg(test)]\nb\n".into(),
        };
        assert_eq!(file.lines_outside_tests().collect::<Vec<_>>(), [(1, "a")]);
        assert_eq!(file.source_of(), Some("pg"));
    }
}
