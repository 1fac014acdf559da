//! What has changed in a file, as lines with a minus and a plus in front.

use similar::TextDiff;

/// Lines around each change.
const CONTEXT_LINES: usize = 1;
/// Lines shown of all changes together.
const LINES_MAX: usize = 30;

/// The changes from one text to another, with a line around each.
pub fn changed_lines(before: &str, now: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before.trim_end(), now.trim_end());
    let unified = diff
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .missing_newline_hint(false)
        .to_string();
    let mut lines: Vec<String> = unified
        .lines()
        .filter(|line| !line.starts_with("@@"))
        .map(str::to_owned)
        .collect();
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!(" … {more} more lines"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_with_its_neighbours() {
        let before = "a\nb\nCREATE TABLE t (x int);\nc\nd\n";
        let now = "a\nb\nCREATE TABLE t (x text);\nc\nd";
        assert_eq!(
            changed_lines(before, now),
            [
                " b",
                "-CREATE TABLE t (x int);",
                "+CREATE TABLE t (x text);",
                " c"
            ]
        );
    }

    #[test]
    fn much_is_cut_and_counted() {
        let now: String = (0..100).map(|n| format!("{n}\n")).collect();
        let lines = changed_lines("", &now);
        assert_eq!(lines.len(), LINES_MAX + 1);
        assert!(lines[LINES_MAX].contains("more lines"), "{lines:?}");
    }
}
