//! The notary by its public face: over both engines, and one among several instances.

mod contract;
mod given;
mod several;
