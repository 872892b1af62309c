//! Random workflows: small, of every shape that the language has.

use std::fmt::Write as _;

use crate::Dice;

/// The text of a workflow drawn with the dice. It is always valid.
pub fn random_workflow(dice: &mut Dice) -> String {
    let mut text = String::from("loomwork: 1\nid: drawn\n");
    match dice.below(6) {
        0 => text.push_str("on_failure: stop\n"),
        1 | 2 => text.push_str("on_failure: compensate\n"),
        _ => {}
    }
    if dice.one_in(5) {
        let _ = writeln!(text, "timeout: {}ms", 5 + dice.below(120));
    }
    if dice.one_in(4) {
        let max = 1 + dice.below(2);
        let conflict = ["queue", "skip", "cancel_running"][usize::try_from(dice.below(3)).unwrap_or(0)];
        // The group's name says its bound, for those who judge the history.
        let _ = writeln!(text, "concurrency: {{ group: at-most-{max}, max: {max}, on_conflict: {conflict} }}");
    }
    text.push_str("steps:\n");
    let count = 1 + dice.below(7);
    scope(&mut text, dice, ("s", 2), count, 2);
    text
}

/// Steps of one scope, with a prefix for their ids and an indentation; groups may nest so deep.
fn scope(text: &mut String, dice: &mut Dice, (prefix, indent): (&str, usize), count: u64, depth: u32) {
    let mut ports: Vec<&[&str]> = Vec::new();
    for step in 0..count {
        let pad = " ".repeat(indent);
        let _ = writeln!(text, "{pad}- id: {prefix}{step}");
        let mut fields = String::new();
        let own = action(&mut fields, dice, (prefix, step), depth);
        needs(&mut fields, dice, (prefix, step), &ports);
        for line in fields.lines() {
            let _ = writeln!(text, "{pad}  {line}");
        }
        ports.push(own);
    }
}

const PLAIN: &[&str] = &["", ".failed"];

fn action(text: &mut String, dice: &mut Dice, (prefix, step): (&str, u64), depth: u32) -> &'static [&'static str] {
    match dice.below(if depth > 0 { 18 } else { 12 }) {
        0 => {
            let _ = writeln!(text, "set: {{ n: {step}, big: \"${{{{ [1, 2].map(x, x + {step}) }}}}\" }}");
            PLAIN
        }
        1 => {
            let _ = writeln!(text, "choose: {{ left: \"${{{{ {step} % 2 == 0 }}}}\", else: right }}");
            &["", ".left", ".right", ".failed"]
        }
        2 => {
            let _ = writeln!(text, "wait: {{ for: {}ms }}", dice.below(40));
            PLAIN
        }
        3 => {
            text.push_str("wait: { event: go, timeout: 60ms }\n");
            PLAIN
        }
        4 => {
            text.push_str("approve: { message: \"Go on?\", timeout: 80ms, on_timeout: rejected }\n");
            &["", ".approved", ".rejected", ".failed"]
        }
        5 => {
            text.push_str("first_of: { heard: { event: go }, late: { for: 30ms } }\n");
            &["", ".heard", ".late", ".failed"]
        }
        6 => {
            text.push_str("emit: { event: go, data: { n: 1 } }\n");
            PLAIN
        }
        7 => {
            text.push_str("workflow: { id: called }\n");
            if dice.one_in(3) {
                text.push_str("breaker: { failures: 1, cooldown: 15ms, key: shared }\n");
            }
            PLAIN
        }
        8 => {
            text.push_str(if dice.one_in(2) { "end: succeeded\n" } else { "end: { failed: \"drawn\" }\n" });
            PLAIN
        }
        9 if step > 0 => {
            let _ = writeln!(text, "cancel: [{prefix}{}]", dice.below(step));
            PLAIN
        }
        12 | 13 => group(text, dice, depth, ""),
        14 | 15 => {
            let parallel = if dice.one_in(2) { "max_parallel: 2\n" } else { "" };
            let failure = if dice.one_in(2) { "on_item_failure: continue\n" } else { "" };
            let head = format!("for_each: \"${{{{ [1, 2, 3] }}}}\"\n{parallel}{failure}");
            if dice.one_in(2) {
                let _ = writeln!(text, "{head}run: work");
                PLAIN
            } else {
                group(text, dice, depth, &head)
            }
        }
        16 | 17 => {
            let most = 1 + dice.below(3);
            group(text, dice, depth, &format!("loop: {{ max: {most} }}\n"))
        }
        _ => work(text, dice),
    }
}

fn group(text: &mut String, dice: &mut Dice, depth: u32, head: &str) -> &'static [&'static str] {
    text.push_str(head);
    if dice.one_in(4) {
        let _ = writeln!(text, "timeout: {}ms", 10 + dice.below(60));
    }
    if dice.one_in(4) {
        text.push_str("retry: { attempts: 2, initial: 5ms, jitter: none, classes: [transient, timeout, permanent] }\n");
    }
    text.push_str("steps:\n");
    let count = 1 + dice.below(3);
    scope(text, dice, ("t", 2), count, depth - 1);
    PLAIN
}

fn work(text: &mut String, dice: &mut Dice) -> &'static [&'static str] {
    text.push_str("run: work\n");
    if dice.one_in(3) {
        let _ = writeln!(text, "retry: {{ attempts: {}, initial: 10ms, jitter: none }}", 1 + dice.below(3));
    }
    match dice.below(8) {
        0 => text.push_str("on_restart: fail\n"),
        1 => text.push_str("on_restart: ask\n"),
        2 => text.push_str("on_error: [{ classes: [permanent], do: fallback, fallback: { run: plan-b } }]\n"),
        3 => text.push_str("on_error: [{ classes: [permanent], do: ask }]\n"),
        4 => text.push_str("on_error: [{ classes: [permanent], do: skip }, { do: continue }]\n"),
        _ => {}
    }
    match dice.below(8) {
        0 => text.push_str("cache: true\n"),
        1 => text.push_str("cache: { ttl: 20ms, key: \"${{ run.id }}\" }\n"),
        _ => {}
    }
    match dice.below(6) {
        0 => text.push_str("breaker: { failures: 1, cooldown: 15ms, key: shared }\n"),
        1 => text.push_str("breaker: { failures: 2, cooldown: 10ms }\n"),
        _ => {}
    }
    if dice.one_in(3) {
        text.push_str("compensate: { run: undo }\n");
    }
    match dice.below(10) {
        0 => text.push_str("resources: { gpu: 1 }\n"),
        1 => text.push_str("resources: { gpu: 3, slots: 2 }\n"),
        // Of this there is none.
        2 if dice.one_in(5) => text.push_str("resources: { pigeons: 1 }\n"),
        3 => {
            let _ = writeln!(text, "priority: {}", dice.below(10));
        }
        _ => {}
    }
    PLAIN
}

fn needs(text: &mut String, dice: &mut Dice, (prefix, step): (&str, u64), ports: &[&[&str]]) {
    let mut needs = Vec::new();
    for (from, ports) in (0..step).zip(ports) {
        if dice.one_in(3) {
            let port = ports[usize::try_from(dice.below(ports.len() as u64)).unwrap_or(0)];
            needs.push(format!("{prefix}{from}{port}"));
        }
    }
    if needs.is_empty() {
        return;
    }
    let _ = writeln!(text, "needs: [{}]", needs.join(", "));
    match dice.below(6) {
        0 => text.push_str("join: any\n"),
        1 => text.push_str("join: first\n"),
        2 => {
            let _ = writeln!(text, "join: {{ at_least: {} }}", 1 + dice.below(needs.len() as u64));
        }
        3 => text.push_str("join: { at_least: 1, rest: cancel }\n"),
        _ => {}
    }
}
