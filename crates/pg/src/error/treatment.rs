//! What to do about an error while rows are written, by its SQLSTATE: the one table.
//!
//! A class is answered as a whole; codes that differ from their class stand in a list of their own. A code that PostgreSQL does not know can
//! only come from the user's functions, and is about the row that they looked at.

/// What an error of the target means for the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It passes: the whole batch is tried again later.
    Retry,
    /// A row is refused: it goes into the quarantine, and the others are written.
    Quarantine,
    /// A person has to change something first.
    Stop,
}

use Treatment::{Quarantine, Retry, Stop};

/// Every class of Appendix A of PostgreSQL's manual.
const CLASSES: &[(&str, Treatment)] = &[
    ("00", Stop),       // successful completion
    ("01", Stop),       // warning
    ("02", Stop),       // no data
    ("03", Stop),       // statement not yet complete
    ("08", Retry),      // connection exception
    ("09", Quarantine), // triggered action exception
    ("0A", Stop),       // feature not supported
    ("0B", Stop),       // invalid transaction initiation
    ("0F", Quarantine), // locator exception
    ("0L", Stop),       // invalid grantor
    ("0P", Stop),       // invalid role
    ("0Z", Quarantine), // diagnostics exception
    ("10", Quarantine), // XQuery error
    ("20", Quarantine), // case not found
    ("21", Quarantine), // cardinality violation
    ("22", Quarantine), // data exception
    ("23", Quarantine), // integrity constraint violation
    ("24", Stop),       // invalid cursor state
    ("25", Stop),       // invalid transaction state
    ("26", Stop),       // invalid SQL statement name
    ("27", Quarantine), // triggered data change violation
    ("28", Stop),       // invalid authorization specification
    ("2B", Stop),       // dependent privilege descriptors still exist
    ("2D", Stop),       // invalid transaction termination
    ("2F", Quarantine), // SQL routine exception
    ("34", Stop),       // invalid cursor name
    ("38", Quarantine), // external routine exception
    ("39", Quarantine), // external routine invocation exception
    ("3B", Stop),       // savepoint exception
    ("3D", Stop),       // invalid catalog name
    ("3F", Stop),       // invalid schema name
    ("40", Retry),      // transaction rollback
    ("42", Stop),       // syntax error or access rule violation
    ("44", Quarantine), // WITH CHECK OPTION violation
    ("53", Retry),      // insufficient resources
    ("54", Quarantine), // program limit exceeded
    ("55", Stop),       // object not in prerequisite state
    ("57", Retry),      // operator intervention
    ("58", Stop),       // system error
    ("72", Retry),      // snapshot failure
    ("F0", Stop),       // configuration file error
    ("HV", Stop),       // foreign data wrapper error
    ("P0", Quarantine), // PL/pgSQL error: what a trigger raises
    ("XX", Stop),       // internal error
];

/// Codes that do not follow their class.
const CODES: &[(&str, Treatment)] = &[
    ("25006", Retry),      // read-only transaction: a failover is under way
    ("40002", Quarantine), // transaction integrity constraint violation
    ("42501", Stop),       // insufficient privilege, also of row-level security: every row would be refused
    ("55006", Retry),      // object in use
    ("55P03", Retry),      // lock not available
    ("54001", Stop),       // statement too complex
    // Behind a pooler a stranger's statement may have the name that the driver chose; the next one is another.
    ("42P05", Retry), // duplicate prepared statement
];

/// What a SQLSTATE means for a batch that is being written.
pub(crate) fn of(code: &str) -> Treatment {
    let find = |table: &[(&str, Treatment)], wanted: &str| {
        table
            .iter()
            .find(|(known, _)| *known == wanted)
            .map(|(_, treatment)| *treatment)
    };
    find(CODES, code)
        .or_else(|| find(CLASSES, code.get(..2)?))
        .unwrap_or(Quarantine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Retry as Again, classify};

    /// Codes that servers do send, one or more of each kind of trouble.
    const MATRIX: &[(Treatment, &[&str])] = &[
        (
            Retry,
            &[
                "40001", "40003", "40P01", "42P05", "53000", "53100", "53200", "53300", "53400", "55006",
                "55P03", "57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", "08000", "08003",
                "08006", "08001", "08004", "25006", "72000",
            ],
        ),
        (
            Quarantine,
            &[
                "23000", "23001", "23502", "23503", "23505", "23514", "23P01", "22000", "22001", "22003",
                "22007", "22008", "22012", "22021", "22023", "22P02", "22P03", "22P05", "21000", "27000",
                "2F002", "38000", "39004", "40002", "44000", "54000", "P0001", "P0002", "P0004", "09000",
                "20000", "45000", "UE001", "",
            ],
        ),
        (
            Stop,
            &[
                "42501", "42601", "42703", "42804", "42883", "42P01", "42P17", "0A000", "25001", "25P02",
                "25P03", "28000", "28P01", "26000", "34000", "3B001", "3D000", "3F000", "55000", "54001",
                "58000", "58030", "F0000", "HV000", "XX000", "XX001", "XX002",
            ],
        ),
    ];

    /// AT-150: what passes is tried again, what is about a row costs that row only, the rest stops.
    #[test]
    fn every_sqlstate_is_tried_again_set_aside_or_stops_the_link() {
        for (expected, codes) in MATRIX {
            for code in *codes {
                assert_eq!(of(code), *expected, "{code}");
            }
        }
    }

    /// AT-150: nothing that a row is to blame for makes the worker try the same batch for ever.
    #[test]
    fn what_is_tried_again_is_what_the_kind_of_the_error_says_too() {
        for (treatment, codes) in MATRIX {
            for code in *codes {
                let later = classify::of_sqlstate(code).retry() == Again::Later;
                assert_eq!(later, *treatment == Retry, "{code}");
            }
        }
    }

    #[test]
    fn classes_are_listed_once_and_in_order() {
        assert!(CLASSES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(CODES.iter().all(|(code, _)| code.len() == 5));
    }
}
