//! A schema of several hundred objects: departments that are alike in their kinds of objects and not in their names, and depend on each other in
//! both directions.

/// One department. `{n}` is its number, `{m}` that of another one, made before it.
const DEPARTMENT: &str = include_str!("large/department.sql");

/// What all of them use.
const COMMON: &str = include_str!("large/common.sql");

/// What can only be made once all of them are there.
const LAST: &str = include_str!("large/last.sql");

/// The script that makes it, with so many departments.
pub(crate) fn schema(departments: usize) -> String {
    let mut script = COMMON.to_owned();
    for (text, first) in [(DEPARTMENT, 0), (LAST, 0)] {
        for n in first..departments {
            let other = (n + departments - 1) % departments;
            let earlier = if n == 0 { 0 } else { n / 2 };
            script.push_str(
                &text
                    .replace("{n}", &n.to_string())
                    .replace("{m}", &earlier.to_string())
                    .replace("{next}", &other.to_string()),
            );
        }
    }
    script
}
