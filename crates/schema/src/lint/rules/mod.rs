//! The rules, one file each. A rule has a name, which is also that of its page in `docs/lint/`, and looks at a script as a whole.

use super::file::File;
use super::finding::{Concern, Draft, Severity};

/// Declares the modules of the rules and the table of them.
macro_rules! rules {
    ($($module:ident),* $(,)?) => {
        $(pub(super) mod $module;)*

        /// All rules, by name.
        pub static RULES: &[Rule] = &[$($module::RULE),*];
    };
}

rules! {
    add_check,
    add_column_check,
    add_column_references,
    add_column_rewrite,
    add_column_unique,
    add_foreign_key,
    add_not_null_column,
    add_primary_key,
    add_unique,
    attach_partition,
    change_type,
    change_without_where,
    compact_table,
    create_index,
    detach_partition,
    down_loses_data,
    drop_column,
    drop_index,
    drop_table,
    edited_file,
    foreign_key_without_index,
    late_file,
    long_lock,
    policy_without_row_security,
    redundant_index,
    reindex,
    rename,
    row_security_without_policy,
    set_not_null,
    table_without_primary_key,
    truncate,
    unexplained_allowance,
    unused_allowance,
    validate_together,
    view_around_policies,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, in lower case with hyphens.
    pub code: &'static str,
    /// How much a finding of it matters where no size is known.
    pub severity: Severity,
    /// What it is afraid of.
    pub concern: Concern,
    /// Looks at a script. None for the rules about allowances and about work that no other rule has named.
    pub(super) check: Option<Check>,
}

type Check = fn(&File<'_>) -> Vec<Draft>;
