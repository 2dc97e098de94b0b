//! The way from the root of a document to one of its values, written as people write it: `services[2].placementStrategy[0].field`.

use std::fmt;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// Into the value of this key of a map.
    Key(String),
    /// Into this element of a list, counted from 0.
    Index(usize),
}

/// The steps from the root of a document to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// One step further, into a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// One step further, into a list.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// One step back; the root stays the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// The last key on the way: what people call the place.
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        })
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(out, "[{index}]")?,
                Segment::Key(key) => {
                    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-:/".contains(c));
                    let dot = if place == 0 { "" } else { "." };
                    if plain {
                        write!(out, "{dot}{key}")?
                    } else {
                        write!(out, "{dot}\"{}\"", crate::diagnostic::shown(key))?
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_people_write_it() {
        let path = Path::root().key("services").index(2).key("placementStrategy").index(0).key("field");
        assert_eq!(path.to_string(), "services[2].placementStrategy[0].field");
        assert_eq!(path.last_key(), Some("field"));
        assert_eq!(path.parent().to_string(), "services[2].placementStrategy[0]");
        assert_eq!(Path::root().key("instanceTypes").key("my.gpu").to_string(), "instanceTypes.\"my.gpu\"");
        assert_eq!(Path::root().parent().to_string(), "");
    }
}
