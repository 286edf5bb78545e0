//! Holders (持有者): whom or what a certificate is about, and the fields an operator takes down.

/// The kinds of holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderKind {
    /// A natural person (个人).
    Person,
    /// A legal person or public body (机构).
    Organisation,
    /// A server, gateway or other device (设备).
    Device,
}

impl HolderKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Person, Self::Organisation, Self::Device];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Device => "device",
        }
    }
}

crate::code_enum!(HolderKind, "holder kind", "person, organisation or device");

mod document;
mod fields;

pub use document::*;
pub use fields::*;
