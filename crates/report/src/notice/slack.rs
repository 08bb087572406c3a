//! The message for an incoming webhook of Slack.

use serde_json::json;

use super::Notice;

/// Characters that a section may have.
const SECTION: usize = 3_000;

/// For an incoming webhook of Slack: blocks, and a text for notifications.
pub fn slack_json(notice: &Notice) -> String {
    let mut text = String::new();
    for line in &notice.lines {
        if text.chars().count() + line.chars().count() + 3 > SECTION {
            break;
        }
        text.push_str(&format!("• {line}\n"));
    }
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": notice.title, "emoji": false },
    })];
    if !text.is_empty() {
        // Not Markdown: names of ours have stars and underscores in them.
        let text = json!({ "type": "plain_text", "text": text.trim_end(), "emoji": false });
        blocks.push(json!({ "type": "section", "text": text }));
    }
    let mut foot = format!("annvil gate · exit {}", notice.exit_code);
    if let Some(link) = &notice.link {
        foot.push_str(&format!(" · <{}|the job>", address(link)));
    }
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": foot }] }));
    json!({ "text": escape(&notice.title), "blocks": blocks }).to_string()
}

/// Text that means only itself: `<!channel>` calls everyone.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An address as it stands between angle brackets, where a bar would end it.
fn address(link: &str) -> String {
    link.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E").replace('|', "%7C")
}
