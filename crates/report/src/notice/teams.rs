//! The message for a workflow of Microsoft Teams: an Adaptive Card.

use serde_json::json;

use super::Notice;

/// For the workflow "When a Teams webhook request is received": a message with one Adaptive Card. Lines are text runs, which
/// know no markup.
pub fn teams_json(notice: &Notice) -> String {
    let color = match notice.verdict.as_str() {
        "passed" => "Good",
        "inconclusive" | "invalid" | "refused" | "interrupted" => "Warning",
        _ => "Attention",
    };
    let mut body = vec![run(&json!({
        "type": "TextRun",
        "text": notice.title,
        "weight": "Bolder",
        "size": "Medium",
        "color": color,
    }))];
    body.extend(notice.lines.iter().map(|line| run(&json!({ "type": "TextRun", "text": line }))));
    let foot = format!("annvil gate · exit {}", notice.exit_code);
    body.push(run(&json!({ "type": "TextRun", "text": foot, "isSubtle": true, "size": "Small" })));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    if let Some(link) = &notice.link {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": "Open the job", "url": link }]);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
    .to_string()
}

fn run(text: &serde_json::Value) -> serde_json::Value {
    json!({ "type": "RichTextBlock", "inlines": [text] })
}
