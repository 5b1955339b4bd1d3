//! Pure. Records on the wire (specification §3.3 and §8): headers both ways, and the replies made of them.

use super::violation::Violation;

/// Bytes of a record header.
pub(super) const HEADER_BYTES: usize = 8;
/// Most content that one of our records carries: the largest multiple of 8 that fits (§3.3 recommends alignment).
pub(super) const CONTENT_LIMIT_BYTES: usize = 0xFFF8;

const VERSION: u8 = 1;

/// Record types (§8).
pub(super) mod kind {
    pub(in super::super) const BEGIN_REQUEST: u8 = 1;
    pub(in super::super) const ABORT_REQUEST: u8 = 2;
    pub(in super::super) const END_REQUEST: u8 = 3;
    pub(in super::super) const PARAMS: u8 = 4;
    pub(in super::super) const STDIN: u8 = 5;
    pub(in super::super) const STDOUT: u8 = 6;
    pub(in super::super) const GET_VALUES: u8 = 9;
    pub(in super::super) const GET_VALUES_RESULT: u8 = 10;
    pub(in super::super) const UNKNOWN_TYPE: u8 = 11;
}

/// `protocolStatus` of an `END_REQUEST` (§5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProtocolStatus {
    Complete = 0,
    CannotMultiplex = 1,
    UnknownRole = 3,
}

/// A record header (§3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: u8,
    pub(super) request_id: u16,
    pub(super) content_bytes: u16,
    pub(super) padding_bytes: u8,
}

impl Header {
    pub(super) fn decode(bytes: [u8; HEADER_BYTES]) -> Result<Self, Violation> {
        let [version, kind, id1, id0, content1, content0, padding_bytes, _reserved] = bytes;
        if version != VERSION {
            return Err(Violation::Version(version));
        }
        let request_id = u16::from_be_bytes([id1, id0]);
        Ok(Self { kind, request_id, content_bytes: u16::from_be_bytes([content1, content0]), padding_bytes })
    }

    pub(super) fn encode(self) -> [u8; HEADER_BYTES] {
        let [id1, id0] = self.request_id.to_be_bytes();
        let [content1, content0] = self.content_bytes.to_be_bytes();
        [VERSION, self.kind, id1, id0, content1, content0, self.padding_bytes, 0]
    }
}

/// The header of an unpadded record of ours. `content_bytes` is at most `CONTENT_LIMIT_BYTES`.
pub(super) fn header(kind: u8, request_id: u16, content_bytes: usize) -> [u8; HEADER_BYTES] {
    debug_assert!(content_bytes <= CONTENT_LIMIT_BYTES);
    let content_bytes = u16::try_from(content_bytes).unwrap_or(u16::MAX);
    Header { kind, request_id, content_bytes, padding_bytes: 0 }.encode()
}

/// An `END_REQUEST` with application status 0.
pub(super) fn end_request(request_id: u16, ended: ProtocolStatus) -> Vec<u8> {
    let mut bytes = header(kind::END_REQUEST, request_id, 8).to_vec();
    bytes.extend([0, 0, 0, 0, ended as u8, 0, 0, 0]);
    bytes
}

/// The answer to a management record of a type that we do not know (§4.2).
pub(super) fn unknown_type(unknown: u8) -> Vec<u8> {
    let mut bytes = header(kind::UNKNOWN_TYPE, 0, 8).to_vec();
    bytes.extend([unknown, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// The records after the last output of a request: the empty `STDOUT` and `END_REQUEST`.
pub(super) fn end_of_answer(request_id: u16) -> Vec<u8> {
    let mut bytes = header(kind::STDOUT, request_id, 0).to_vec();
    bytes.extend(end_request(request_id, ProtocolStatus::Complete));
    bytes
}

/// A whole answer.
pub(super) fn answer(request_id: u16, stdout: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_answer(&mut bytes, request_id, stdout);
    bytes
}

/// Appends a whole answer, of as many `STDOUT` records as it takes.
pub(super) fn push_answer(bytes: &mut Vec<u8>, request_id: u16, stdout: &[u8]) {
    for content in stdout.chunks(CONTENT_LIMIT_BYTES) {
        bytes.extend(header(kind::STDOUT, request_id, content.len()));
        bytes.extend(content);
    }
    bytes.extend(end_of_answer(request_id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_stdout_its_end_and_the_end_of_the_request() {
        let expected = [
            &[1, 6, 1, 2, 0, 2, 0, 0, b'h', b'i'][..],
            &[1, 6, 1, 2, 0, 0, 0, 0],
            &[1, 3, 1, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(answer(0x0102, b"hi"), expected.concat());
    }

    #[test]
    fn a_header_survives_the_way_out_and_in() {
        let header = Header { kind: kind::STDIN, request_id: 0xABCD, content_bytes: 0x1234, padding_bytes: 7 };
        assert_eq!(Header::decode(header.encode()), Ok(header));
    }
}
