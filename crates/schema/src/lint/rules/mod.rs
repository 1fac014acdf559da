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
    add_exclude,
    add_existing_column,
    add_foreign_key,
    add_not_null_column,
    add_primary_key,
    add_unique,
    alter_table_twice,
    attach_partition,
    broad_grant,
    change_storage,
    change_type,
    change_under_lock,
    change_without_where,
    char_column,
    compact_table,
    create_index,
    create_partition,
    create_rule,
    definer_search_path,
    detach_partition,
    down_loses_data,
    drop_column,
    drop_constraint,
    drop_index,
    drop_not_null,
    drop_table,
    edited_file,
    enum_value_order,
    foreign_key_without_index,
    json_column,
    late_file,
    lock_timeout_off,
    locks_another_table,
    long_identifier,
    long_lock,
    narrow_domain,
    open_policy,
    policy_without_row_security,
    redundant_index,
    refresh_view,
    reindex,
    rename,
    replica_identity,
    reset_sequence,
    role_in_migration,
    row_security_off,
    row_security_without_policy,
    serial_column,
    set_not_null,
    several_tables_locked,
    small_key,
    table_without_primary_key,
    timestamp_column,
    truncate,
    unexplained_allowance,
    unused_allowance,
    update_extension,
    validate_together,
    view_around_policies,
    wide_index,
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
