//! Sizes of nginx's buffers for the heads of requests and answers.

use std::fmt;

use super::{Scalar, Size, ValueError};

/// The size of a buffer, kept as written: `16k`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferSize(Size);

impl BufferSize {
    /// The smallest and the largest: a page of memory, and what nobody needs.
    pub const RANGE: [u64; 2] = [4 << 10, 1 << 20];

    /// The default of both buffers.
    pub fn usual() -> Self {
        Self(Size::parse("16k").expect("`16k` is a size"))
    }

    /// In bytes.
    pub fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}

impl fmt::Display for BufferSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for BufferSize {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let size = Size::parse(text).map_err(|error| {
            let help =
                Self::instead(text).unwrap_or_else(|| "write a size from `4k` to `1m`, such as `16k`".to_owned());
            ValueError { help, ..error }
        })?;
        if (Self::RANGE[0]..=Self::RANGE[1]).contains(&size.bytes()) {
            return Ok(Self(size));
        }
        Err(ValueError::malformed("is out of range", "write a size from `4k` to `1m`, such as `16k`"))
    }

    /// nginx takes a number of buffers before the size.
    fn instead(text: &str) -> Option<String> {
        let size = text.rsplit([' ', '\t']).next().unwrap_or(text);
        if size != text && Self::parse(size).is_ok() {
            return Some(format!("write `{size}`: the number of buffers is not set"));
        }
        let help = Size::instead(text)?;
        let size = help.strip_prefix("write `")?.strip_suffix('`')?;
        Self::parse(size).is_ok().then(|| format!("write `{size}`"))
    }
}
