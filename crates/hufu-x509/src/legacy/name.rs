//! Names of other authorities as text, whatever their encoding.

use x509_parser::x509::X509Name;

use super::unreadable;
use crate::error::Result;
use crate::name::{self, Name};
use crate::oid;
use crate::tlv::{nest, put, tag};

/// A name as text; [`Name::display_der`] of it, or of the same name with the lengths that DER asks for.
pub(super) fn display(name: &X509Name<'_>) -> Result<String> {
    Name::display_der(name.as_raw()).or_else(|_| {
        let mut again = Vec::with_capacity(name.as_raw().len());
        nest(&mut again, tag::SEQUENCE, |out| {
            for rdn in name.iter() {
                nest(out, tag::SET, |out| {
                    for attribute in rdn.iter() {
                        nest(out, tag::SEQUENCE, |out| {
                            put(out, tag::OID, attribute.attr_type().as_bytes());
                            put(out, tag_octet(attribute.attr_value().tag().0), attribute.as_slice());
                        });
                    }
                });
            }
        });
        Name::display_der(&again).map_err(|_| unreadable("a name is not in any form that is read"))
    })
}

/// The last organizationalUnitName, where it is text.
pub(super) fn unit(name: &X509Name<'_>) -> Option<String> {
    let unit = name.iter_attributes().filter(|a| a.attr_type().as_bytes() == oid::UNIT.as_bytes()).last()?;
    let octets = unit.as_slice();
    let value = crate::tlv::Tlv { tag: tag_octet(unit.attr_value().tag().0), value: octets, whole: octets, offset: 0 };
    name::string_of(&value).map(|text| hufu_model::text::printable(&text))
}

/// The first octet of a string's tag; the numbers of all strings are below 31.
fn tag_octet(number: u32) -> u8 {
    u8::try_from(number & 0x1f).unwrap_or_default()
}
