//! Messages for chat programs.

use annvil_report::{Notice, notice, slack_json, teams_json, webhook_json};
use serde_json::Value;

use crate::samples::{inconclusive, invalid, many, regressed, well};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn one_message_for_each() {
    for (name, report) in [
        ("well", well()),
        ("regressed", regressed()),
        ("inconclusive", inconclusive()),
        ("invalid", invalid()),
    ] {
        let notice = notice(&report);
        insta::assert_json_snapshot!(format!("{name}_webhook"), json(&webhook_json(&notice)));
        if name == "regressed" {
            insta::assert_json_snapshot!(format!("{name}_slack"), json(&slack_json(&notice)));
            insta::assert_json_snapshot!(format!("{name}_teams"), json(&teams_json(&notice)));
        }
    }
}

#[test]
fn messages_keep_to_what_is_taken() {
    let mut report = many();
    report.invalid = vec!["a very long reason <!channel> ".repeat(300); 40];
    report.origin.url = Some("javascript:alert(1)".to_owned());
    let notice = notice(&report);
    assert_eq!(notice.link, None);
    let slack = json(&slack_json(&notice));
    assert!(slack["blocks"][0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
    assert!(slack["blocks"][1]["text"]["text"].as_str().unwrap().chars().count() <= 3_000);
    assert!(!slack["text"].as_str().unwrap().contains('<'));
    // What is not plain text is none of ours.
    for block in slack["blocks"].as_array().unwrap().iter().filter(|block| block["type"] != "context") {
        assert_eq!(block["text"]["type"], "plain_text");
    }
    assert!(teams_json(&notice).len() < 28_000);
    let link = Some("https://ci.example/?a=1&b=<2|3>".to_owned());
    let slack = json(&slack_json(&Notice { link, ..notice }));
    let foot = slack["blocks"][2]["elements"][0]["text"].as_str().unwrap();
    assert!(foot.ends_with(" · <https://ci.example/?a=1&amp;b=%3C2%7C3%3E|the job>"), "{foot}");
}
