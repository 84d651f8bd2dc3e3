//! A small log and its dossier, made here byte for byte; then everything that somebody might do to it.

mod attacks;
mod flips;
mod given;
mod levels;
mod shapes;
mod sound;
mod unpacking;
mod vectors;
