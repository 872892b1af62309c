//! Random workflows: small, of every shape that the language has.

use std::fmt::Write as _;

use crate::Dice;

/// The text of a workflow drawn with the dice. It is always valid.
pub fn random_workflow(dice: &mut Dice) -> String {
    let mut text = String::from("loomwork: 1\nid: drawn\n");
    if dice.one_in(3) {
        text.push_str("on_failure: stop\n");
    }
    if dice.one_in(4) {
        let _ = writeln!(text, "timeout: {}ms", 5 + dice.below(60));
    }
    text.push_str("steps:\n");
    let count = 1 + dice.below(8);
    let mut ports: Vec<&[&str]> = Vec::new();
    for step in 0..count {
        let _ = writeln!(text, "  - id: s{step}");
        let own = action(&mut text, dice, step);
        needs(&mut text, dice, step, &ports);
        ports.push(own);
    }
    text
}

fn action(text: &mut String, dice: &mut Dice, step: u64) -> &'static [&'static str] {
    match dice.below(6) {
        0 => {
            let _ = writeln!(text, "    set: {{ n: {step}, big: \"${{{{ [1, 2].map(x, x + {step}) }}}}\" }}");
            &["", ".failed"]
        }
        1 => {
            let _ = writeln!(text, "    choose: {{ left: \"${{{{ {step} % 2 == 0 }}}}\", else: right }}");
            &["", ".left", ".right", ".failed"]
        }
        _ => {
            text.push_str("    run: work\n");
            if dice.one_in(3) {
                let _ = writeln!(text, "    retry: {{ attempts: {}, initial: 10ms, jitter: none }}", 1 + dice.below(3));
            }
            if dice.one_in(4) {
                text.push_str("    on_restart: fail\n");
            }
            &["", ".failed"]
        }
    }
}

fn needs(text: &mut String, dice: &mut Dice, step: u64, ports: &[&[&str]]) {
    let mut needs = Vec::new();
    for (from, ports) in (0..step).zip(ports) {
        if dice.one_in(3) {
            let port = ports[usize::try_from(dice.below(ports.len() as u64)).unwrap_or(0)];
            needs.push(format!("s{from}{port}"));
        }
    }
    if needs.is_empty() {
        return;
    }
    let _ = writeln!(text, "    needs: [{}]", needs.join(", "));
    match dice.below(5) {
        0 => text.push_str("    join: any\n"),
        1 => text.push_str("    join: first\n"),
        2 => {
            let _ = writeln!(text, "    join: {{ at_least: {} }}", 1 + dice.below(needs.len() as u64));
        }
        _ => {}
    }
}
