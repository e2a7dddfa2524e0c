//! The table of parameters against the parser: each takes what the table says and nothing beside it.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fmt::Display;

use shared_types::TransformQuery;
use shared_types::transform::ClientHints;
use shared_types::transform::parameters::{PARAMETERS, Parameter, Values};

/// Whether the parser takes this value; what contradicts or needs another parameter is taken as a value.
fn takes(parameter: &Parameter, value: &str) -> bool {
    let beside: &[(&str, &str)] = match parameter.name {
        "dpr" | "enlarge" => &[("w", "10")],
        "fit" => &[("w", "10"), ("h", "10")],
        // All over is the one place where `smart` cuts.
        "gravity" => &[("w", "10"), ("h", "10"), ("fit", "cover")],
        "gps" => &[("strip", "0")],
        name if name.starts_with("wmtext") && name != "wmtext" => &[("wmtext", "x")],
        name if name.starts_with("wm") && !name.starts_with("wmtext") && name != "wm" => {
            &[("wm", "01890a5d-ac96-774b-bcce-b302099a8057")]
        }
        _ => &[],
    };
    let pairs = beside.iter().copied().chain([(parameter.name, value)]);
    TransformQuery::parse(pairs, ClientHints::default()).is_ok()
}

fn bounds<T: Display>(parameter: &Parameter, [least, most, below, above]: [T; 4]) {
    for inside in [least, most] {
        assert!(takes(parameter, &inside.to_string()), "{}={inside}", parameter.name);
    }
    for outside in [below, above] {
        assert!(!takes(parameter, &outside.to_string()), "{}={outside}", parameter.name);
    }
}

#[test]
fn each_takes_what_it_is_said_to_take() {
    for parameter in PARAMETERS {
        assert!(takes(parameter, parameter.example), "{}={}", parameter.name, parameter.example);
        assert!(!takes(parameter, "\u{7}"), "{} takes nonsense", parameter.name);
        for values in parameter.takes {
            match *values {
                Values::Flag => {
                    assert!(["", "1", "0", "true", "false"].iter().all(|flag| takes(parameter, flag)));
                    assert!(!takes(parameter, "2"), "{}", parameter.name);
                }
                Values::Whole(least, i64::MAX) => bounds(parameter, [least, i64::MAX, least - 1, -1]),
                Values::Whole(least, most) => bounds(parameter, [least, most, least - 1, most + 1]),
                Values::Number(least, most) => bounds(parameter, [least, most, least / 2.0 - 0.001, most + 0.01]),
                Values::Words(words) => assert!(words.iter().all(|word| takes(parameter, word)), "{}", parameter.name),
                Values::Text(most) => {
                    assert!(takes(parameter, &"ä".repeat(most)) && !takes(parameter, &"ä".repeat(most + 1)));
                }
                Values::Pattern(pattern) => assert!(pattern.starts_with('^') && pattern.ends_with('$')),
            }
        }
    }
}

#[test]
fn each_is_named_where_one_is_unknown_and_in_the_readme() {
    let known = TransformQuery::parse([("nonsense", "1")], ClientHints::default()).unwrap_err().sentence();
    let readme = std::fs::read_to_string("../../README.md").unwrap();
    let (_, table) = readme.split_once("## Parameters of a variant").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    for Parameter { name, .. } in PARAMETERS {
        assert!(known.contains(&format!(" {name},")), "{name} in {known}");
        assert!(table.contains(&format!("`{name}`")), "the README does not tell of {name}");
    }
}
