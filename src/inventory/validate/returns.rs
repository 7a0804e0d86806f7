//! Reads `return`: a redirect, or a status with which nginx answers by itself.

use super::fields::{count_if_written, optional, or_default, scalar, switch};
use crate::diagnostic::Code;
use crate::inventory::model::{Answer, Redirect, Target};
use crate::inventory::node::Node;
use crate::inventory::raw::RawReturn;
use crate::inventory::schema::Reader;
use crate::inventory::types::{Body, MediaType, RedirectCode, RedirectUrl, Scalar};

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Target> {
    let raw = RawReturn::read(reader, node)?;
    let code = count_if_written(reader, raw.code, "code", 200..=599).and_then(|code| u16::try_from(code).ok());
    let body: Option<Body> = optional(reader, raw.body, "body");
    let media_type = or_default(reader, raw.r#type, "type", MediaType::plain());
    let append_request_uri = switch(reader, raw.append_request_uri, "append_request_uri", false);
    match raw.url {
        Some(url) => redirect(reader, &raw, (code, url), append_request_uri).map(Target::Redirect),
        None => {
            let status = status(reader, &raw, code)?;
            Some(Target::Answer(Answer { status, body, media_type }))
        }
    }
}

fn redirect(
    reader: &mut Reader<'_>,
    raw: &RawReturn<'_>,
    (code, url): (Option<u16>, &Node),
    append_request_uri: bool,
) -> Option<Redirect> {
    for (key, node) in [("body", raw.body), ("type", raw.r#type)] {
        if let Some(node) = node {
            let message = format!("`{key}` has no effect beside `url`: a redirect has a page of nginx's");
            reader.report(Code::IN09, node.underline(), message, "remove it, or `url`");
        }
    }
    let url = scalar::<RedirectUrl>(reader, url, "url")?;
    let code = match (code, raw.code) {
        (Some(code), Some(node)) => match RedirectCode::parse(&code.to_string()) {
            Ok(code) => code,
            Err(_) => {
                let message = format!("`code` is not the status of a redirect: `{code}`");
                let help = "write 301, 302, 303, 307 or 308, or remove `url`";
                reader.report(Code::IN09, node.underline(), message, help);
                return None;
            }
        },
        _ => RedirectCode::Permanent,
    };
    if append_request_uri && url.value.has_path() {
        let help = "end `url` after the host, or remove `append_request_uri`";
        let message = format!("`url` has a path, and `append_request_uri` appends another: `{}`", url.value);
        reader.report(Code::IN09, url.span, message, help);
        return None;
    }
    Some(Redirect { code, url: url.value, append_request_uri })
}

/// The status, if nginx can answer with it.
fn status(reader: &mut Reader<'_>, raw: &RawReturn<'_>, code: Option<u16>) -> Option<u16> {
    if let Some(node) = raw.append_request_uri {
        let help = "add `url`, or remove the key";
        reader.report(Code::IN09, node.underline(), "`append_request_uri` has no effect without `url`", help);
    }
    lonely_type(reader, raw.r#type, raw.body);
    let Some(node) = raw.code else {
        let help = "add `url: https://…` for a redirect, or `code:` with a status such as 404 or 410";
        reader.missing(raw.span, "sites[].locations[].return", "url", help);
        return None;
    };
    let code = code?;
    if (300..400).contains(&code) {
        let message = format!("`code` is the status of a redirect, and there is no `url`: `{code}`");
        reader.report(Code::IN04, node.underline(), message, "add `url: https://…`, or write another status");
        return None;
    }
    if Answer::REFUSED.contains(&code) {
        let message = format!("`code` is a status that nginx keeps for itself: `{code}`");
        let help = "write a status of HTTP, such as 403, 404 or 410";
        reader.report(Code::IN06, node.underline(), message, help);
        return None;
    }
    if let Some(body) = raw.body.filter(|_| Answer::EMPTY.contains(&code)) {
        let message = format!("an answer with the status {code} has no text");
        reader.report(Code::IN09, body.underline(), message, "remove `body`, or write another `code`");
        return None;
    }
    Some(code)
}

/// Reports a `type` without a text that it would be of.
fn lonely_type(reader: &mut Reader<'_>, media_type: Option<&Node>, body: Option<&Node>) {
    if let (Some(node), None) = (media_type, body) {
        reader.report(Code::IN09, node.underline(), "`type` has no effect without `body`", "add `body`, or remove it");
    }
}
