//! Attacks, by name: each is caught at the position that is wrong and on its axis.

mod attacks;
mod claims;
mod flips;
mod given;
