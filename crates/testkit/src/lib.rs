//! Throw-away clusters, faults and checkers for the tests of every other crate.
#![warn(missing_docs)]
