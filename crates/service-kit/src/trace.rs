//! W3C trace context: taken from the request, handed on to other servers.

use uuid::Uuid;

use crate::http::request;

/// `traceparent` in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: String,
    flags: u8,
}

impl TraceContext {
    /// Reads the header; `None` if it is malformed (W3C Trace Context, section 3.2).
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let more = parts.next().is_some();
        let valid = is_hex(version, 2)
            && version != "ff"
            && (version != "00" || !more)
            && is_hex(trace_id, 32)
            && is_hex(span_id, 16)
            && is_hex(flags, 2)
            && trace_id.bytes().any(|b| b != b'0')
            && span_id.bytes().any(|b| b != b'0');
        valid
            .then(|| Some(Self { trace_id: trace_id.to_owned(), flags: u8::from_str_radix(flags, 16).ok()? }))
            .flatten()
    }

    /// A new trace, not sampled.
    pub fn generate() -> Self {
        Self { trace_id: Uuid::new_v4().simple().to_string(), flags: 0 }
    }

    /// The header for a call to another server: the same trace, a new span.
    pub fn child(&self) -> String {
        let span = &Uuid::new_v4().simple().to_string()[..16];
        format!("00-{}-{span}-{:02x}", self.trace_id, self.flags)
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Headers for a call to another server on behalf of the current request; none outside of one.
pub fn outgoing_headers() -> Vec<(&'static str, String)> {
    match request::current() {
        Some(context) => vec![("traceparent", context.trace.child()), ("x-request-id", context.id)],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_kept_and_a_malformed_one_is_not() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let child = TraceContext::parse(header).map(|context| context.child()).unwrap_or_default();
        assert!(
            child.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
                && child.ends_with("-01")
                && child.len() == header.len()
        );
        assert!(TraceContext::parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later").is_some());
        for bad in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert!(TraceContext::parse(bad).is_none(), "{bad}");
        }
    }
}
