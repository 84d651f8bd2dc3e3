//! What can be proven, through the real doors: the log's checkpoints, tiles and proofs; dossiers; and attacks on both.

mod attacks;
mod copying;
mod doors;
mod dossiers;
mod erased;
mod flips;
mod folders;
mod given;
mod merkle;
mod moving;
mod page;
mod verifying;
