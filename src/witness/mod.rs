//! Outside eyes: witnesses of the log by the C2SP protocol `tlog-witness`.
//!
//! [`client`] asks a witness to cosign a checkpoint. [`mirror`] is a witness that reads every entry and derives
//! tree, chains and heads again before it cosigns, so that its word says more than a plain witness's: not only that
//! the log grew, but that nothing in it was left out. [`wire`] is what both say to each other.
//!
//! Nothing here is part of an append: a witness that is away lowers a verdict and stops nobody.

pub mod client;
pub mod mirror;
pub mod wire;
