//! Gets the attachments out of a PDF, or from a folder that they were saved to.
//!
//! `lopdf` reads the PDF, within the limits named here. Whatever else stands in the file is not looked at: pages are
//! for people, and prove nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use crate::dossier::manifest::FILES_MAX;

/// Most bytes of one attachment, unpacked: 512 MiB.
pub const FILE_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Most bytes of all attachments together, and of a PDF: 1 GiB.
pub const TOTAL_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Most bytes that a stream of the PDF's own book-keeping may unpack to: 64 MiB.
const STRUCTURE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most levels of the tree of attachments' names.
const DEPTH_MAX: usize = 32;
/// Most bytes of an attachment's name.
const NAME_BYTES_MAX: usize = 200;

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) file_bytes: usize,
    pub(super) total_bytes: usize,
}

const LIMITS: Limits = Limits { file_bytes: FILE_BYTES_MAX, total_bytes: TOTAL_BYTES_MAX };

/// Attachments by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachments(BTreeMap<String, Vec<u8>>);

/// Why there are no attachments to be had.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no PDF that can be read.
    #[error("this is no PDF that can be read: {0}")]
    Pdf(String),
    /// The PDF is encrypted, which PDF/A forbids.
    #[error("the PDF is encrypted: a dossier never is")]
    Encrypted,
    /// Nothing is attached.
    #[error("nothing is attached to this PDF: is it a dossier?")]
    NothingAttached,
    /// Two attachments of one name.
    #[error("two attachments are named {0:?}")]
    Twice(String),
    /// A name that no attachment of a dossier has.
    #[error("an attachment is named {0:?}, which no attachment of a dossier is")]
    Name(String),
    /// More than is read.
    #[error("{what}: at most {limit} are read")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },
}

impl Attachments {
    /// An attachment's bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Adds one that came from elsewhere.
    fn add(&mut self, name: String, bytes: Vec<u8>, limits: Limits) -> Result<(), UnpackError> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(['/', '\\', '\0']) {
            return Err(UnpackError::Name(name.chars().take(NAME_BYTES_MAX).collect()));
        }
        if self.0.len() >= FILES_MAX {
            return Err(UnpackError::TooMuch { what: "attachments", limit: FILES_MAX });
        }
        if bytes.len() > self.room(limits) {
            return Err(UnpackError::TooMuch { what: "bytes of attachments", limit: limits.total_bytes });
        }
        if self.0.contains_key(&name) {
            return Err(UnpackError::Twice(name));
        }
        self.0.insert(name, bytes);
        Ok(())
    }

    /// Bytes that the next attachment may have.
    fn room(&self, limits: Limits) -> usize {
        let taken: usize = self.0.values().map(Vec::len).sum();
        limits.file_bytes.min(limits.total_bytes.saturating_sub(taken))
    }
}

impl FromIterator<(String, Vec<u8>)> for Attachments {
    /// Attachments that were made here; of two of one name the last.
    fn from_iter<I: IntoIterator<Item = (String, Vec<u8>)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

/// Reads a PDF, or a folder that the attachments of one were saved to.
///
/// # Errors
/// [`UnpackError`], saying what stands in the way.
pub fn open(path: &Path) -> Result<Attachments, UnpackError> {
    if path.is_dir() { folder(path) } else { unpack(&read(path, TOTAL_BYTES_MAX)?) }
}

/// The attachments of a PDF.
///
/// # Errors
/// [`UnpackError`], saying what stands in the way.
pub fn unpack(pdf: &[u8]) -> Result<Attachments, UnpackError> {
    if pdf.len() > TOTAL_BYTES_MAX {
        return Err(UnpackError::TooMuch { what: "bytes of a PDF", limit: TOTAL_BYTES_MAX });
    }
    // The file may be anybody's work. Should the reader ever stop at one, that is a file that cannot be read.
    std::panic::catch_unwind(AssertUnwindSafe(|| attached(pdf, LIMITS)))
        .unwrap_or_else(|_| Err(UnpackError::Pdf("it is damaged".to_owned())))
}

/// The attachments of a PDF, within limits.
pub(super) fn attached(pdf: &[u8], limits: Limits) -> Result<Attachments, UnpackError> {
    let unreadable = |error: lopdf::Error| UnpackError::Pdf(error.to_string());
    let options = LoadOptions::with_max_decompressed_size(STRUCTURE_BYTES_MAX);
    let document = Document::load_mem_with_options(pdf, options).map_err(unreadable)?;
    if document.is_encrypted() {
        return Err(UnpackError::Encrypted);
    }
    let catalog = document.catalog().map_err(unreadable)?;
    let names = catalog.get_deref(b"Names", &document).and_then(Object::as_dict);
    let root = names.and_then(|names| names.get_deref(b"EmbeddedFiles", &document)).and_then(Object::as_dict);
    let Ok(root) = root else { return Err(UnpackError::NothingAttached) };
    let mut found = Attachments::default();
    Tree { document: &document, limits, seen: BTreeSet::new() }.walk(root, DEPTH_MAX, &mut found)?;
    if found.0.is_empty() { Err(UnpackError::NothingAttached) } else { Ok(found) }
}

/// The tree of attachments' names (ISO 32000-1, sections 7.9.6 and 7.11.4).
struct Tree<'a> {
    document: &'a Document,
    limits: Limits,
    seen: BTreeSet<ObjectId>,
}

impl Tree<'_> {
    fn walk(&mut self, node: &Dictionary, depth: usize, found: &mut Attachments) -> Result<(), UnpackError> {
        let broken = |what: &str| UnpackError::Pdf(format!("its list of attachments is broken: {what}"));
        let depth = depth.checked_sub(1).ok_or_else(|| broken("too deep"))?;
        if let Ok(names) = node.get_deref(b"Names", self.document).and_then(Object::as_array) {
            for pair in names.chunks(2) {
                let [_, specification] = pair else { return Err(broken("a name without a file")) };
                let (name, bytes) = self.file(specification, found.room(self.limits))?;
                found.add(name, bytes, self.limits)?;
            }
        }
        let kids = node.get_deref(b"Kids", self.document).and_then(Object::as_array);
        for kid in kids.map(Vec::as_slice).unwrap_or_default() {
            let id = kid.as_reference().map_err(|_| broken("a branch that is no reference"))?;
            if !self.seen.insert(id) {
                return Err(broken("a branch that leads back"));
            }
            let node = self.document.get_dictionary(id).map_err(|_| broken("a branch that leads nowhere"))?;
            self.walk(node, depth, found)?;
        }
        Ok(())
    }

    fn file(&self, specification: &Object, room: usize) -> Result<(String, Vec<u8>), UnpackError> {
        let unreadable =
            |error: lopdf::Error| UnpackError::Pdf(format!("an attachment does not read: {error}"));
        let (_, specification) = self.document.dereference(specification).map_err(unreadable)?;
        let specification = specification.as_dict().map_err(unreadable)?;
        let name = specification
            .get_deref(b"UF", self.document)
            .or_else(|_| specification.get_deref(b"F", self.document))
            .and_then(lopdf::decode_text_string)
            .map_err(unreadable)?;
        let embedded = specification.get_deref(b"EF", self.document).and_then(Object::as_dict);
        let embedded = embedded.map_err(unreadable)?;
        let stream = embedded
            .get_deref(b"F", self.document)
            .or_else(|_| embedded.get_deref(b"UF", self.document))
            .and_then(Object::as_stream)
            .map_err(unreadable)?;
        let bytes = stream.get_plain_content_with_limit(room).map_err(unreadable)?;
        Ok((name, bytes))
    }
}

/// Attachments that some other program saved to a folder, as `pdfdetach -saveall` does.
///
/// # Errors
/// [`UnpackError`], saying what stands in the way.
pub fn folder(path: &Path) -> Result<Attachments, UnpackError> {
    let failed = |source| UnpackError::File { path: path.to_owned(), source };
    let mut found = Attachments::default();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Attachments have no folders; nothing that is no file is followed.
        if entry.file_type().map_err(failed)?.is_file() {
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| UnpackError::Name(name.display().to_string()))?;
            let bytes = read(&entry.path(), found.room(LIMITS))?;
            found.add(name.to_owned(), bytes, LIMITS)?;
        }
    }
    Ok(found)
}

/// Reads a file of at most so many bytes.
fn read(path: &Path, limit: usize) -> Result<Vec<u8>, UnpackError> {
    let failed = |source| UnpackError::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let enough = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(enough).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit { Err(UnpackError::TooMuch { what: "bytes", limit }) } else { Ok(bytes) }
}
