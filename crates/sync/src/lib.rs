//! What a two-way sync decides, and the SQL it consists of, as values.
//!
//! Nothing here has a driver, a clock, an environment or randomness.
#![warn(missing_docs)]
