//! The secret that a browser must show.

use std::hint::black_box;

/// A token: text without blanks that is safe in an address.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// 32 random bytes, in hex.
    ///
    /// # Panics
    /// When the system has no source of randomness: nothing safe could be served then.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has a source of randomness");
        Self(hex::encode(bytes))
    }

    /// A token that was chosen elsewhere; none when it is shorter than 16 characters or not safe in an address.
    pub fn chosen(text: &str) -> Option<Self> {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        (text.len() >= 16 && text.chars().all(safe)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the texts differ.
    pub(crate) fn matches(&self, shown: &str) -> bool {
        let (own, shown) = (self.0.as_bytes(), shown.as_bytes());
        let same = own.iter().enumerate().fold(0_u8, |all, (at, byte)| all | (byte ^ shown.get(at).copied().unwrap_or(!byte)));
        black_box(same) == 0 && own.len() == shown.len()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::random();
        assert!(token.matches(token.as_str()));
        assert!(!token.matches(""));
        assert!(!token.matches(&token.as_str()[1..]));
        assert!(!token.matches(&format!("{}0", token.as_str())));
        assert!(!token.matches(Token::random().as_str()));
    }

    #[test]
    fn a_chosen_token_must_be_long_and_safe_in_an_address() {
        assert!(Token::chosen("0123456789abcdef").is_some());
        assert!(Token::chosen("short").is_none());
        assert!(Token::chosen("0123456789abcdef&x").is_none());
    }
}
