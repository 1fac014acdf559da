//! Connection strings: what libpq's documentation promises, case by case, and properties over random ones.

mod environment;
mod properties;
mod text;
