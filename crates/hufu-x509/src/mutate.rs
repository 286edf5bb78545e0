//! For tests: changes to DER that keep its structure whole, so that they reach the inner fields.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use crate::tlv::{self, Reader, tag};

/// One element: its tag, and either what stands in it or its octets.
#[derive(Clone)]
enum Node {
    Constructed(u8, Vec<Node>),
    Primitive(u8, Vec<u8>),
}

impl Node {
    fn read_all(mut reader: Reader<'_>) -> Option<Vec<Self>> {
        let mut nodes = Vec::new();
        while !reader.is_empty() {
            let tlv = reader.any().ok()?;
            let inside = if tlv.tag & 0x20 == 0 { None } else { Self::read_all(tlv.inside()) };
            nodes.push(match inside {
                Some(inside) => Self::Constructed(tlv.tag, inside),
                None => Self::Primitive(tlv.tag, tlv.value.to_vec()),
            });
        }
        Some(nodes)
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Constructed(tag, inside) => tlv::nest(out, *tag, |out| inside.iter().for_each(|n| n.write(out))),
            Self::Primitive(tag, octets) => tlv::put(out, *tag, octets),
        }
    }

    /// How many lists of siblings there are in this element.
    fn lists(&self) -> usize {
        match self {
            Self::Constructed(_, inside) => 1 + inside.iter().map(Self::lists).sum::<usize>(),
            Self::Primitive(..) => 0,
        }
    }

    /// The `n`-th list of siblings, in order of reading.
    fn list(&mut self, n: &mut usize) -> Option<&mut Vec<Self>> {
        let Self::Constructed(_, inside) = self else { return None };
        if *n == 0 {
            return Some(inside);
        }
        *n -= 1;
        inside.iter_mut().find_map(|node| node.list(n))
    }
}

/// `der` with one to three changes: elements removed, doubled, swapped, retagged, emptied, or with other content, all
/// lengths made right again; now and then a change below that level (a length, an octet, the end).
pub(crate) fn mutated(der: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let Some(mut nodes) = Node::read_all(Reader::new(der)) else { return raw(der.to_vec(), rng) };
    for _ in 0..rng.random_range(1..=3) {
        change(&mut nodes, rng);
    }
    let mut out = Vec::new();
    nodes.iter().for_each(|node| node.write(&mut out));
    if rng.random_range(0..8) == 0 { raw(out, rng) } else { out }
}

fn change(nodes: &mut Vec<Node>, rng: &mut StdRng) {
    let lists = 1 + nodes.iter().map(Node::lists).sum::<usize>();
    let mut n = rng.random_range(0..lists);
    let list = match n.checked_sub(1) {
        None => nodes,
        Some(rest) => {
            n = rest;
            match nodes.iter_mut().find_map(|node| node.list(&mut n)) {
                Some(list) => list,
                None => return,
            }
        }
    };
    if list.is_empty() {
        list.push(Node::Primitive(rng.random(), Vec::new()));
        return;
    }
    let at = rng.random_range(0..list.len());
    let other = rng.random_range(0..list.len());
    match rng.random_range(0..12) {
        0 => drop(list.remove(at)),
        1 => list.insert(at, list[other].clone()),
        2 => list.swap(at, other),
        3 => list[at] = Node::Constructed(tag::SEQUENCE, vec![list[at].clone()]),
        4 => list[at] = Node::Primitive(tag::NULL, Vec::new()),
        5 => match &mut list[at] {
            Node::Constructed(tag, _) | Node::Primitive(tag, _) => *tag = rng.random::<u8>() & 0xbf,
        },
        6 => match &mut list[at] {
            Node::Constructed(_, inside) => inside.clear(),
            Node::Primitive(_, octets) => octets.clear(),
        },
        _ => match &mut list[at] {
            Node::Constructed(_, inside) => inside.reverse(),
            Node::Primitive(tag, octets) => edit(*tag, octets, rng),
        },
    }
}

fn edit(tag: u8, octets: &mut Vec<u8>, rng: &mut StdRng) {
    match rng.random_range(0..5) {
        0 if tag == tag::INTEGER => *octets = rng.random::<i64>().to_be_bytes().to_vec(),
        0 => *octets = vec![rng.random(); rng.random_range(0..300)],
        1 => octets.insert(0, 0),
        2 => octets.push(rng.random()),
        _ if octets.is_empty() => octets.push(0),
        3 => drop(octets.pop()),
        _ => {
            let at = rng.random_range(0..octets.len());
            octets[at] = octets[at].wrapping_add(1);
        }
    }
}

fn raw(mut der: Vec<u8>, rng: &mut StdRng) -> Vec<u8> {
    if der.is_empty() {
        return der;
    }
    let at = rng.random_range(0..der.len());
    match rng.random_range(0..4) {
        0 => der.truncate(at),
        1 => der[at] = rng.random(),
        2 => der.insert(at, rng.random()),
        _ => {
            let mut tail = vec![0; rng.random_range(1..9)];
            rng.fill_bytes(&mut tail);
            der.extend_from_slice(&tail);
        }
    }
    der
}
