//! A schema of several hundred objects: departments that are alike in their kinds of objects and not in their names, and lean on earlier ones.

/// One department. `{n}` is its number, `{m}` that of another one, made before it.
const DEPARTMENT: &str = include_str!("large/department.sql");

/// What all of them use.
const COMMON: &str = include_str!("large/common.sql");

/// What can only be made once all of them are there.
const LAST: &str = include_str!("large/last.sql");

/// The script that makes it, with so many departments.
pub(crate) fn schema(departments: usize) -> String {
    let mut script = COMMON.to_owned();
    for text in [DEPARTMENT, LAST] {
        for n in 0..departments {
            let text = text.replace("{n}", &n.to_string());
            script.push_str(&text.replace("{m}", &(n / 2).to_string()));
        }
    }
    script
}
