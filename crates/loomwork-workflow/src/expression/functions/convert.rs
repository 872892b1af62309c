//! Conversions between types, and JSON, hashes and base64.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::super::meter::{EvalError, Meter};
use super::super::template::as_text;
use super::super::time::{duration_text, parse_cel_duration, parse_timestamp, timestamp_part};
use super::super::value::Val;
use super::unfit;

pub(super) fn type_of<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    Ok(Val::Type(args[0].type_name()))
}

pub(super) fn dynamic<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    Ok(args[0].clone())
}

pub(super) fn string<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Text(_) => Ok(args[0].clone()),
        Val::Bool(value) => Ok(Val::text(value.to_string())),
        Val::Int(value) => Ok(Val::text(value.to_string())),
        Val::UInt(value) => Ok(Val::text(value.to_string())),
        Val::Double(value) => Ok(Val::text(value.to_string())),
        Val::Timestamp(at) => Ok(Val::text(at.to_string())),
        Val::Duration(duration) => Ok(Val::text(duration_text(*duration))),
        Val::Bytes(bytes) => {
            meter.make(bytes.len())?;
            std::str::from_utf8(bytes).map(Val::text).map_err(|_| EvalError::invalid("the bytes are not UTF-8 text"))
        }
        other => Err(EvalError::invalid(format!("`string` does not take {}; `text` writes any value", other.type_name()))),
    }
}

fn range_error(to: &str) -> EvalError {
    EvalError::invalid(format!("the value is outside the range of {to}"))
}

#[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(super) fn int<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Int(value) => Ok(Val::Int(*value)),
        Val::UInt(value) => i64::try_from(*value).map(Val::Int).map_err(|_| range_error("int")),
        Val::Double(value) if value.abs() < 9_223_372_036_854_775_807.0 => Ok(Val::Int(*value as i64)),
        Val::Double(_) => Err(range_error("int")),
        Val::Text(text) => text
            .as_str()
            .parse()
            .map(Val::Int)
            .map_err(|_| EvalError::invalid(format!("`{}` is not an integer", clip(text.as_str())))),
        Val::Timestamp(at) => Ok(Val::Int(at.as_second())),
        other => Err(unfit("int", "a number, text or a time", other)),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
pub(super) fn uint<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::UInt(value) => Ok(Val::UInt(*value)),
        Val::Int(value) => u64::try_from(*value).map(Val::UInt).map_err(|_| range_error("uint")),
        Val::Double(value) if (0.0..18_446_744_073_709_551_615.0).contains(value) => Ok(Val::UInt(*value as u64)),
        Val::Double(_) => Err(range_error("uint")),
        Val::Text(text) => text
            .as_str()
            .parse()
            .map(Val::UInt)
            .map_err(|_| EvalError::invalid(format!("`{}` is not an unsigned integer", clip(text.as_str())))),
        other => Err(unfit("uint", "a number or text", other)),
    }
}

#[allow(clippy::cast_precision_loss, reason = "asked for")]
pub(super) fn double<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Double(value) => Ok(Val::Double(*value)),
        Val::Int(value) => Ok(Val::Double(*value as f64)),
        Val::UInt(value) => Ok(Val::Double(*value as f64)),
        Val::Text(text) => text
            .as_str()
            .parse()
            .map(Val::Double)
            .map_err(|_| EvalError::invalid(format!("`{}` is not a number", clip(text.as_str())))),
        other => Err(unfit("double", "a number or text", other)),
    }
}

pub(super) fn bool<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Bool(value) => Ok(Val::Bool(*value)),
        Val::Text(text) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Val::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Val::Bool(false)),
            other => Err(EvalError::invalid(format!("`{}` is neither true nor false", clip(other)))),
        },
        other => Err(unfit("bool", "true, false or text", other)),
    }
}

pub(super) fn bytes<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Bytes(_) => Ok(args[0].clone()),
        Val::Text(text) => {
            meter.make(text.as_str().len())?;
            Ok(Val::Bytes(Arc::from(text.as_str().as_bytes())))
        }
        other => Err(unfit("bytes", "text", other)),
    }
}

pub(super) fn timestamp<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Timestamp(at) => Ok(Val::Timestamp(*at)),
        Val::Text(text) => parse_timestamp(text.as_str()).map(Val::Timestamp),
        Val::Int(seconds) => jiff::Timestamp::from_second(*seconds).map(Val::Timestamp).map_err(|_| range_error("timestamp")),
        other => Err(unfit("timestamp", "text or seconds", other)),
    }
}

pub(super) fn duration<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Duration(duration) => Ok(Val::Duration(*duration)),
        Val::Text(text) => parse_cel_duration(text.as_str()).map(Val::Duration),
        other => Err(unfit("duration", "text like 1h30m", other)),
    }
}

pub(super) fn time_part<'a>(args: &[Val<'a>], part: &'static str) -> Result<Val<'a>, EvalError> {
    let zone = match args.get(1) {
        None => None,
        Some(Val::Text(zone)) => Some(zone.as_str()),
        Some(other) => return Err(unfit(part, "an offset as text", other)),
    };
    match &args[0] {
        Val::Timestamp(at) => timestamp_part(*at, zone, part).map(Val::Int),
        Val::Duration(duration) => Ok(Val::Int(match part {
            "getHours" => duration.as_secs() / 3_600,
            "getMinutes" => duration.as_secs() / 60,
            "getSeconds" => duration.as_secs(),
            "getMilliseconds" => i64::from(duration.subsec_millis()),
            _ => return Err(unfit(part, "a time", &args[0])),
        })),
        other => Err(unfit(part, "a time", other)),
    }
}

/// Parses text as JSON.
pub(super) fn json<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let Val::Text(text) = &args[0] else {
        return Err(unfit("json", "text", &args[0]));
    };
    let text = text.as_str();
    meter.look(text.len() * 4)?;
    // `[0,0,…` makes a value of every second byte: that many are charged before they are made.
    meter.make(text.len() + text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b':')).count() * 64)?;
    serde_json::from_str(text)
        .map(Val::from_owned_json)
        .map_err(|error| EvalError::invalid(format!("the text is not JSON: {error}")))
}

/// Any value as text: text as it is, everything else as JSON.
pub(super) fn text<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    if let Val::Text(_) = &args[0] {
        return Ok(args[0].clone());
    }
    let weight = args[0].weight(meter.bytes_left());
    meter.make(weight)?;
    meter.look(weight)?;
    as_text(&args[0]).map(Val::text)
}

pub(super) fn sha256<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let digest = |meter: &mut Meter, bytes: &[u8]| -> Result<Val<'a>, EvalError> {
        meter.look(bytes.len())?;
        Ok(Val::text(hex::encode(Sha256::digest(bytes))))
    };
    match &args[0] {
        Val::Text(text) => digest(meter, text.as_str().as_bytes()),
        Val::Bytes(bytes) => digest(meter, bytes),
        other => Err(unfit("sha256", "text or bytes", other)),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding (RFC 4648, section 4).
pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for sextet in 0..4 {
            if sextet <= chunk.len() {
                text.push(ALPHABET[(group >> (18 - 6 * sextet)) as usize & 63] as char);
            } else {
                text.push('=');
            }
        }
    }
    text
}

pub(super) fn base64_encode_value<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let bytes: &[u8] = match &args[0] {
        Val::Bytes(bytes) => bytes,
        Val::Text(text) => text.as_str().as_bytes(),
        other => return Err(unfit("base64.encode", "bytes or text", other)),
    };
    meter.make(bytes.len() * 2)?;
    Ok(Val::text(base64_encode(bytes)))
}

/// Takes text with or without padding.
pub(super) fn base64_decode<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let Val::Text(text) = &args[0] else {
        return Err(unfit("base64.decode", "text", &args[0]));
    };
    let digits = text.as_str().trim_end_matches('=').as_bytes();
    meter.make(digits.len())?;
    let bad = || EvalError::invalid("the text is not base64");
    if digits.len() % 4 == 1 {
        return Err(bad());
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for digit in chunk {
            let value = ALPHABET.iter().position(|known| known == digit).ok_or_else(bad)?;
            group = (group << 6) | u32::try_from(value).map_err(|_| bad())?;
        }
        group <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Ok(Val::Bytes(Arc::from(bytes)))
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}
