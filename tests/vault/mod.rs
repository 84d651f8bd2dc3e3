//! The vault over either engine, and several instances over one.

mod given;
mod instances;
mod keys;
mod lookup;
mod racing;
mod tokens;
