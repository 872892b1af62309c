//! Sizes as people write and read them: `512MB`, `2GiB`, `1.5 kB`.

/// Units with their bytes: those of the SI, and those of IEC 80000-13.
const UNITS: [(&str, f64); 11] = [
    ("", 1.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// Reads a size, in bytes; none when the text is none, or not above 0.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == &text[digits.len()..])?;
    let size = digits.trim_end().parse::<f64>().ok().filter(|size| size.is_finite() && *size > 0.0)?;
    // Beyond 2^64 it is as much as can be said.
    Some((size * unit).round().max(1.0) as u64)
}

/// A size for people, with one digit behind the point: `1.5 kB`.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(|| format!("{bytes} bytes"), |(size, name)| format!("{:.1} {name}", bytes as f64 / size as f64))
}

#[cfg(test)]
mod tests {
    use super::{format_bytes, parse_bytes};

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        for (bytes, text) in [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (35_500_000_000, "35.5 GB")] {
            assert_eq!(format_bytes(bytes), text);
        }
    }

    #[test]
    fn sizes_are_read_in_units_of_ten_and_of_two() {
        for (text, bytes) in [("512", 512), ("512MB", 512_000_000), ("2 GiB", 2_147_483_648), ("1.5kB", 1_500), ("0.1B", 1)] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_none() {
        for text in ["", "MB", "0", "-1MB", "1 parsec", "1mb", "inf", "NaN", "é"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }
}
