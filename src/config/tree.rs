//! A YAML document with the place of every node: what the checks of shape and meaning point at.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A node with its place.
pub type Placed = Spanned<Node>;

/// A YAML node.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number with a point or an exponent: `1.0` is none of the whole ones.
    Number(f64),
    /// A whole number.
    Whole(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Placed>),
    /// A mapping in the order of the file.
    Map(Vec<(Spanned<String>, Placed)>),
}

impl Node {
    /// What the node is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "nothing",
            Node::Bool(_) => "true or false",
            Node::Number(_) => "a number with a point",
            Node::Whole(_) => "a number",
            Node::Text(_) => "a text",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }
}

/// A step on the way to a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// A place in a list.
    Index(usize),
}

/// The line of the node at `path`, or of the nearest node above that exists. 1-based; 0 where unknown.
pub fn line_of(root: &Placed, path: &[Step]) -> u64 {
    let mut line = root.referenced.line();
    let mut node = root;
    for step in path {
        let next = match (step, &node.value) {
            (Step::Key(key), Node::Map(entries)) => entries.iter().find(|(k, _)| &k.value == key).map(|(k, v)| {
                line = k.referenced.line();
                v
            }),
            (Step::Index(i), Node::List(items)) => items.get(*i).inspect(|item| line = item.referenced.line()),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    line
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }
            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Node, D::Error> {
                Node::deserialize(d)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
                Ok(Node::Bool(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
                Ok(Node::Whole(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
                Ok(Node::Whole(v as f64))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
                Ok(Node::Number(v))
            }
            fn visit_str<E>(self, v: &str) -> Result<Node, E> {
                Ok(Node::Text(v.to_string()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
