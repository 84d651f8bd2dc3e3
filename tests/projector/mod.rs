//! Projections over a log: the same rows however they came to be, nothing lost and nothing doubled.

mod given;
mod rebuilding;
mod same;
mod standing;
