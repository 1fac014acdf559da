//! A new, empty migration file.

use super::{MigrationError, MigrationSet, Problem, Result, Revision};

/// A timestamp revision, `20250131093000`, has this many digits.
const TIMESTAMP_DIGITS: usize = 14;
const DOWN: &str = "-- DOWN operations (each line commented out once; ponte takes that off)";
const TEMPLATE: &str =
    "-- UP operations\n\n\n-- DOWN operations (each line commented out once; ponte takes that off)\n-- \n";

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its name.
    pub file: String,
    /// Its revision.
    pub revision: Revision,
    /// Its content.
    pub text: String,
}

/// The next file of a directory: the next number in the width of the last, or `now` (14 digits) where timestamps are used.
pub fn new_file(set: &MigrationSet, name: &str, now: &str) -> Result<NewFile> {
    let name = file_part(name);
    if name.is_empty() {
        return Err(MigrationError::new(
            Problem::FileName,
            "cannot name the new migration: the name has neither a letter nor a digit",
        )
        .hint("say what it does, for example: ponte migrate new add_users_email"));
    }
    let revision = match set.last() {
        None => Some(Revision::first()),
        Some(last) if last.revision.as_str().len() == TIMESTAMP_DIGITS => {
            Revision::parse(now).map(|now| now.max(last.revision.next()))
        }
        Some(last) => Some(last.revision.next()),
    };
    let revision =
        revision.ok_or_else(|| MigrationError::new(Problem::FileName, "cannot make the next number"))?;
    Ok(NewFile {
        file: format!("{revision}_{name}.sql"),
        revision,
        text: TEMPLATE.to_owned(),
    })
}

/// The content of a file with both parts. Every line of `down` is commented out once.
pub fn with_parts(up: &str, down: &str) -> String {
    let mut text = format!("-- UP operations\n\n{}\n\n{DOWN}\n", up.trim());
    for line in down.trim().lines() {
        let is_marker = line.starts_with("-- ponte:");
        text.push_str(match line {
            "" => "--",
            _ if is_marker => "",
            _ => "-- ",
        });
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Lower case, with an underscore for every run of anything but letters and digits.
fn file_part(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}
