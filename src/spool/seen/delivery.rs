//! Pure. One delivery as a ring keeps it, and its record: 504 bytes, with a check.

use super::result::DeliveryResult;
use super::{CHECK_BYTES, RECORD_BYTES, RECORDS, seal, unsealed};
use crate::model::JobId;
use jiff::Timestamp;
use serde::Serialize;

/// A delivery that arrived. Its texts are cleaned and cut when it is written: they come from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenDelivery {
    /// Time of the answer.
    pub at: Timestamp,
    /// Its result.
    pub result: DeliveryResult,
    /// Status of the answer, where that is known.
    pub status: Option<u16>,
    /// The reason that the sender was told; empty where there is none.
    pub told: String,
    /// The reason for the operator, which may name files of this host.
    pub reason: Option<String>,
    /// Kind of event, where that was read.
    pub event: Option<String>,
    /// Branch or tag, where that was read.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The provider's delivery id, as the sender claims it.
    pub delivery: Option<String>,
    /// Address of the sender, as the web server tells it.
    pub remote: Option<String>,
    /// The job that it became, the first of several.
    pub job: Option<JobId>,
    /// Jobs that it became, at most 255.
    pub jobs: u8,
}

/// Bytes before the texts: check, number, time, status, result, jobs.
const FIXED_BYTES: usize = CHECK_BYTES + 8 + 8 + 2 + 1 + 1;
/// Longest texts, in their order; the last has what the others leave.
const LIMITS_BYTES: [usize; 7] = [28, 24, 100, 64, 46, 120, RECORD_BYTES];

impl SeenDelivery {
    /// A delivery of which nothing more is known.
    pub fn new(at: Timestamp, result: DeliveryResult, status: Option<u16>) -> Self {
        Self {
            at,
            result,
            status,
            told: String::new(),
            reason: None,
            event: None,
            reference: None,
            delivery: None,
            remote: None,
            job: None,
            jobs: 0,
        }
    }

    /// `queued 34e0f004`, `pong`, `ignored: branch dev …`, `refused 403: signature wrong`.
    pub fn words(&self) -> String {
        let told = |word: &str| {
            let status =
                self.status.filter(|_| word != "ignored").map(|status| format!(" {status}")).unwrap_or_default();
            let why = if self.told.is_empty() { String::new() } else { format!(": {}", self.told) };
            format!("{word}{status}{why}")
        };
        match self.result {
            DeliveryResult::Queued => match (self.job, self.jobs) {
                (Some(job), 0 | 1) => format!("queued {}", job.short()),
                (Some(job), count) => format!("queued {} and {} more", job.short(), count - 1),
                (None, _) => "queued".to_owned(),
            },
            DeliveryResult::Pong => "pong".to_owned(),
            DeliveryResult::Ignored => told("ignored"),
            DeliveryResult::Error => told("answered"),
            _ => told("refused"),
        }
    }

    /// The record of delivery `number`.
    pub(super) fn to_record(&self, number: u64) -> [u8; RECORD_BYTES] {
        let mut record = [0; RECORD_BYTES];
        let mut at = CHECK_BYTES;
        let mut put = |bytes: &[u8]| {
            record[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&number.to_le_bytes());
        put(&self.at.as_microsecond().to_le_bytes());
        put(&self.status.unwrap_or(0).to_le_bytes());
        put(&[u8::try_from(self.result.index()).unwrap_or(u8::MAX), self.jobs]);
        let job = self.job.map(|job| job.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (event, reference, delivery) = (text(&self.event), text(&self.reference), text(&self.delivery));
        let texts = [job, event, reference, delivery, text(&self.remote), self.told.clone(), text(&self.reason)];
        let mut left = RECORD_BYTES - FIXED_BYTES - 2 * texts.len();
        for (text, limit) in texts.iter().zip(LIMITS_BYTES) {
            let clean = clean(text, limit.min(left));
            left -= clean.len();
            put(&u16::try_from(clean.len()).unwrap_or(0).to_le_bytes());
            put(clean.as_bytes());
        }
        seal(&mut record);
        record
    }

    /// The delivery of a record, and its number; `None` for one that is empty, torn or in another's place.
    pub(super) fn of_record(record: &[u8], place: u64) -> Option<(u64, Self)> {
        let mut reader = RecordReader(unsealed(record)?);
        let number = u64::from_le_bytes(reader.array()?);
        let at = Timestamp::from_microsecond(i64::from_le_bytes(reader.array()?)).ok()?;
        let status = Some(u16::from_le_bytes(reader.array()?)).filter(|status| *status != 0);
        let [result, jobs] = reader.array()?;
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let job = reader.text()?.parse().ok();
        let (event, reference, delivery) = (some(reader.text()?), some(reader.text()?), some(reader.text()?));
        let (remote, told, reason) = (some(reader.text()?), reader.text()?, some(reader.text()?));
        let result = DeliveryResult::at(result)?;
        let delivery = Self { at, result, status, told, reason, event, reference, delivery, remote, job, jobs };
        (number % RECORDS == place).then_some((number, delivery))
    }
}

/// The rest of a record.
struct RecordReader<'a>(&'a [u8]);

impl RecordReader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    /// The next text, which may be empty. Whoever may write to a ring may write anything.
    fn text(&mut self) -> Option<String> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(clean(&String::from_utf8_lossy(text), RECORD_BYTES))
    }
}

/// `text` without what acts on a terminal or turns its direction, in no more bytes than `limit`, with a sign where that
/// is not all.
fn clean(text: &str, limit_bytes: usize) -> String {
    const SIGN: char = '…';
    let harmless = |c: char| if acts(c) { ' ' } else { c };
    let fits = text.len() <= limit_bytes;
    let room_bytes = if fits { limit_bytes } else { limit_bytes.saturating_sub(SIGN.len_utf8()) };
    let mut clean = String::with_capacity(text.len().min(limit_bytes));
    for c in text.chars().map(harmless) {
        if clean.len() + c.len_utf8() > room_bytes {
            break;
        }
        clean.push(c);
    }
    if !fits && limit_bytes >= SIGN.len_utf8() {
        clean.push(SIGN);
    }
    clean
}

/// `true` for control characters, line and paragraph separators, and marks that turn the direction of a text (UAX #9).
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::spool::seen) fn delivery(word: &str) -> SeenDelivery {
        let at = "2026-01-31T12:00:00.123456Z".parse().unwrap();
        SeenDelivery {
            told: "signature wrong".to_owned(),
            reason: Some("the forge has another secret".to_owned()),
            delivery: Some(word.to_owned()),
            remote: Some("2001:db8::1".to_owned()),
            ..SeenDelivery::new(at, DeliveryResult::RefusedSignature, Some(403))
        }
    }

    #[test]
    fn a_record_reads_back_in_its_own_place_only() {
        let mut delivery = delivery("d-1");
        assert_eq!(delivery.words(), "refused 403: signature wrong");
        delivery.job = Some("1795871234567890123.34e0f004".parse().unwrap());
        (delivery.event, delivery.reference) = (Some("push".into()), Some("refs/heads/main".into()));
        let record = delivery.to_record(129);
        assert_eq!(SeenDelivery::of_record(&record, 1), Some((129, delivery.clone())));
        assert_eq!(SeenDelivery::of_record(&record, 2), None);
        (delivery.result, delivery.jobs) = (DeliveryResult::Queued, 3);
        assert_eq!(delivery.words(), "queued 34e0f004 and 2 more");
    }

    #[test]
    fn a_record_with_any_bit_changed_or_never_written_is_none() {
        let record = delivery("d-1").to_record(7);
        for bit in 0..RECORD_BYTES * 8 {
            let mut torn = record;
            torn[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SeenDelivery::of_record(&torn, 7), None, "bit {bit}");
        }
        assert_eq!(SeenDelivery::of_record(&[0; RECORD_BYTES], 0), None);
        assert_eq!(SeenDelivery::of_record(&record[..100], 7), None);
    }

    #[test]
    fn overlong_and_hostile_texts_are_cut_and_cleaned() {
        let long = "é".repeat(1 << 20);
        let mut delivery = delivery(&long);
        for text in [&mut delivery.event, &mut delivery.reference, &mut delivery.remote, &mut delivery.reason] {
            *text = Some(long.clone());
        }
        delivery.told = "a\u{1b}[2J\u{202e}b\nc".to_owned();
        let (_, read) = SeenDelivery::of_record(&delivery.to_record(0), 0).unwrap();
        assert_eq!(read.told, "a [2J b c");
        let length = |text: &Option<String>| text.as_ref().unwrap().len();
        assert_eq!((length(&read.event), length(&read.reference), length(&read.delivery)), (23, 99, 63));
        assert!(read.reason.as_ref().unwrap().ends_with("é…") && length(&read.reason) > 80, "{read:?}");
    }

    #[test]
    fn a_record_that_somebody_sealed_over_nonsense_is_none() {
        for fill in [0xff, 0x01] {
            let mut record = [fill; RECORD_BYTES];
            seal(&mut record);
            for place in 0..RECORDS {
                assert_eq!(SeenDelivery::of_record(&record, place), None);
            }
        }
    }
}
