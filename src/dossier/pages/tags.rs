//! The structure of the document for those who cannot see it: which text is a heading, a cell, a paragraph.

use std::num::NonZeroU16;

use krilla::tagging::{Identifier, ListNumbering, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};

/// A group of the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagId(usize);

/// What a group is.
#[derive(Clone, Debug)]
pub(super) enum Role {
    Section,
    Heading { level: u8, title: String },
    Para { language: Option<&'static str> },
    List,
    Item,
    ItemMark,
    ItemBody,
    Table,
    Row,
    ColumnHead,
    RowHead,
    Cell,
    Contents,
    ContentsItem,
    Link,
}

#[derive(Debug)]
struct Group {
    role: Role,
    children: Vec<Child>,
}

#[derive(Clone, Copy, Debug)]
enum Child {
    Group(TagId),
    Leaf(Identifier),
}

/// The groups, in reading order.
#[derive(Debug, Default)]
pub(super) struct Tags {
    groups: Vec<Group>,
    top: Vec<TagId>,
}

impl Tags {
    /// A group at the top of the document.
    pub(super) fn section(&mut self) -> TagId {
        let id = self.group(Role::Section);
        self.top.push(id);
        id
    }

    /// A group within another.
    pub(super) fn within(&mut self, parent: TagId, role: Role) -> TagId {
        let id = self.group(role);
        self.push(parent, Child::Group(id));
        id
    }

    /// Marked content of a page belongs to a group.
    pub(super) fn leaf(&mut self, parent: TagId, content: Identifier) {
        self.push(parent, Child::Leaf(content));
    }

    fn group(&mut self, role: Role) -> TagId {
        self.groups.push(Group { role, children: Vec::new() });
        TagId(self.groups.len() - 1)
    }

    fn push(&mut self, parent: TagId, child: Child) {
        if let Some(group) = self.groups.get_mut(parent.0) {
            group.children.push(child);
        }
    }

    /// The tree as krilla takes it.
    pub(super) fn tree(&self, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
        for id in &self.top {
            if let Some(node) = self.node(*id) {
                tree.push(node);
            }
        }
        tree
    }

    /// A group and all below it; nothing if no content belongs to it.
    fn node(&self, id: TagId) -> Option<Node> {
        let group = self.groups.get(id.0)?;
        let children: Vec<Node> = group
            .children
            .iter()
            .filter_map(|child| match child {
                Child::Group(id) => self.node(*id),
                Child::Leaf(content) => Some(Node::Leaf(*content)),
            })
            .collect();
        if children.is_empty() {
            return None;
        }
        Some(Node::Group(TagGroup::with_children(group.role.tag(), children)))
    }
}

impl Role {
    fn tag(&self) -> TagKind {
        match self {
            Self::Section => Tag::Section.into(),
            Self::Heading { level, title } => {
                let level = NonZeroU16::new(u16::from(*level)).unwrap_or(NonZeroU16::MIN);
                Tag::Hn(level, Some(title.clone())).into()
            }
            Self::Para { language } => Tag::P.with_lang(language.map(str::to_owned)).into(),
            Self::List => Tag::L(ListNumbering::Disc).into(),
            Self::Item => Tag::LI.into(),
            Self::ItemMark => Tag::Lbl.into(),
            Self::ItemBody => Tag::LBody.into(),
            Self::Table => Tag::Table.into(),
            Self::Row => Tag::TR.into(),
            Self::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
            Self::RowHead => Tag::TH(TableHeaderScope::Row).into(),
            Self::Cell => Tag::TD.into(),
            Self::Contents => Tag::TOC.into(),
            Self::ContentsItem => Tag::TOCI.into(),
            Self::Link => Tag::Link.into(),
        }
    }
}
