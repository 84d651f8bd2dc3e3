//! Projections over a log: the same rows however they came to be, nothing lost and nothing doubled.

mod delivery;
mod given;
mod kills;
mod late;
mod rebuilding;
mod same;
mod several;
mod standing;
