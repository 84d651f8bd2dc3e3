//! The table of operations, one file per kind of caller, as the door itself.

mod answering;
mod emitters;
mod log;
mod others;
mod projections;
mod readers;
mod registers;
mod rules;

use super::operation::{Kind, Operation, Parameter, Place};
use crate::error::{self, Code};

/// Every operation, in the order in which they are shown.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        emitters::ALL,
        readers::ALL,
        registers::ALL,
        answering::ALL,
        log::ALL,
        rules::ALL,
        projections::ALL,
        others::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The store cannot be read.
const STORE: &[Code] = &[error::STORE_FAULT];

/// An event cannot be written now.
const WRITING: &[Code] =
    &[error::QUEUE_FULL, error::DRAINING, error::CLOCK_LEAPT, error::STORE_FAULT, error::VAULT_FAULT];

const SUBJECT: Parameter = Parameter {
    name: "id",
    place: Place::Path,
    kind: Kind::Pattern("^[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*$"),
    required: true,
    text: "The platform's own opaque id of the person: 8 to 64 of A-Z a-z 0-9 _ - with at least one letter. \
           Never an IIN, phone number or e-mail address.",
    example: "p-0192a1b2",
};

const TEXT_HASH: Parameter = Parameter {
    name: "sha256",
    place: Place::Path,
    kind: Kind::Pattern("^[0-9a-f]{64}$"),
    required: true,
    text: "SHA-256 of the text's bytes, 64 lower-case hexadecimal digits.",
    example: "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f",
};
