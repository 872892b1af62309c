//! What is kept of a process's output in memory: the beginning of one stream, the end of the other.

/// Most bytes of standard output that become part of a step's output.
pub(crate) const MAX_STDOUT_BYTES: usize = 16 << 20;

/// Most bytes of standard error that are kept for the error.
pub(crate) const MAX_TAIL_BYTES: usize = 4 << 10;

/// The first bytes of a stream.
#[derive(Debug, Default)]
pub(crate) struct Head {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Head {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = MAX_STDOUT_BYTES - self.bytes.len();
        self.truncated |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(crate) fn truncated(&self) -> bool {
        self.truncated
    }

    /// The text; what is no UTF-8 stands as U+FFFD, a character cut in two at the end is left out.
    pub(crate) fn into_text(mut self) -> String {
        if self.truncated {
            let valid = match std::str::from_utf8(&self.bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => self.bytes.len(),
            };
            self.bytes.truncate(valid);
        }
        String::from_utf8(self.bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cutting now and then instead of every time keeps a flood cheap.
        if self.bytes.len() > 4 * MAX_TAIL_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.bytes.len() > MAX_TAIL_BYTES {
            self.bytes.drain(..self.bytes.len() - MAX_TAIL_BYTES);
            self.cut = true;
        }
    }

    /// The text, beginning with a whole character; what is no UTF-8 stands as U+FFFD.
    pub(crate) fn into_text(mut self) -> String {
        self.cut();
        let continuation = |byte: &&u8| **byte & 0xC0 == 0x80;
        let skip = if self.cut { self.bytes.iter().take(3).take_while(continuation).count() } else { 0 };
        String::from_utf8_lossy(&self.bytes[skip..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_keeps_the_first_bytes_and_says_when_there_were_more() {
        let mut head = Head::default();
        head.push(&vec![b'x'; MAX_STDOUT_BYTES - 1]);
        assert!(!head.truncated());
        head.push("é".as_bytes());
        assert!(head.truncated());
        assert_eq!(head.into_text().len(), MAX_STDOUT_BYTES - 1);
    }

    #[test]
    fn the_tail_keeps_the_last_bytes_from_a_whole_character_on() {
        let mut tail = Tail::default();
        for _ in 0..10 {
            tail.push("ä".repeat(MAX_TAIL_BYTES).as_bytes());
        }
        tail.push(b"!");
        let text = tail.into_text();
        assert_eq!(text.len(), MAX_TAIL_BYTES - 1);
        assert!(text.starts_with('ä') && text.ends_with('!'));
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters() {
        let (mut head, mut tail) = (Head::default(), Tail::default());
        head.push(b"a\xffb");
        tail.push(b"a\xffb");
        assert_eq!((head.into_text().as_str(), tail.into_text().as_str()), ("a\u{FFFD}b", "a\u{FFFD}b"));
    }
}
