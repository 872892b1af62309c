//! Speeds of the analysis of a large workflow, by the crate's own example.

use std::collections::HashMap;

use super::{Bound, Measured, middle};
use crate::shell::{Done, capture, command};

/// Name in the example's output, what it is, and its bound in milliseconds.
const FIGURES: [(&str, &str, f64); 3] = [
    ("full", "analysis of 5,000 steps", 150.0),
    ("again", "analysis after a keystroke", 30.0),
    ("canvas", "an edge drawn and analysed", 60.0),
];
const ROUNDS: usize = 3;

pub(super) fn analysis() -> Done<Vec<Measured>> {
    let mut found: HashMap<String, Vec<f64>> = HashMap::new();
    for _ in 0..ROUNDS {
        let mut example = command("cargo");
        example.args(["run", "--release", "--quiet", "--package", "loomwork-workflow", "--example", "analysis_speed", "--"]);
        example.args(FIGURES.map(|(name, _, _)| name));
        let output = capture(&mut example)?;
        for (name, figure) in output.lines().filter_map(|line| line.split_once(' ')) {
            let figure = figure.parse().map_err(|_| format!("`{figure}` is no figure"))?;
            found.entry(name.to_owned()).or_default().push(figure);
        }
    }
    let measured = FIGURES.map(|(name, what, bound)| {
        let figures = found.remove(name).unwrap_or_default();
        let details = "in one process, the middle of nine".to_owned();
        Measured { name: what, value: middle(figures), bound: Bound::AtMost(bound), unit: "ms", details }
    });
    Ok(measured.into())
}
