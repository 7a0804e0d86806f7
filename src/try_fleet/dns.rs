//! A DNS server for the names of upstreams' servers. It answers over UDP with the addresses of these names, and with
//! NXDOMAIN for every other one.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread;

/// How long nginx keeps an answer, in seconds.
const TTL: u32 = 1;
const A: u16 = 1;
const AAAA: u16 = 28;

/// Answers on these addresses until the process ends.
///
/// # Errors
/// An address that cannot be bound.
pub(super) fn serve(listens: &[SocketAddr], names: &BTreeMap<String, IpAddr>) -> io::Result<()> {
    for listen in listens {
        let (socket, names) = (UdpSocket::bind(listen)?, names.clone());
        thread::spawn(move || {
            let mut query = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut query) {
                if let Some(reply) = answer(&query[..length], &names) {
                    // The client asks again.
                    let _ = socket.send_to(&reply, client);
                }
            }
        });
    }
    Ok(())
}

/// The answer to a query with one question; `None` for what is no such query.
fn answer(query: &[u8], names: &BTreeMap<String, IpAddr>) -> Option<Vec<u8>> {
    let (header, question) = query.split_at_checked(12)?;
    if header[2] & 0x80 != 0 || header[4..6] != [0, 1] {
        return None;
    }
    let (name, end) = name(question)?;
    let kind = u16::from_be_bytes(question.get(end..end + 2)?.try_into().ok()?);
    let question = question.get(..end + 4)?;
    let address = names.get(&name);
    let record = match (address, kind) {
        (Some(IpAddr::V4(v4)), A) => v4.octets().to_vec(),
        (Some(IpAddr::V6(v6)), AAAA) => v6.octets().to_vec(),
        _ => Vec::new(),
    };
    // An answer with recursion, or that there is no such name.
    let code = if address.is_some() { 0x80 } else { 0x83 };
    let mut reply = [&header[..2], &[0x81, code, 0, 1, 0, u8::from(!record.is_empty()), 0, 0, 0, 0]].concat();
    reply.extend(question);
    if !record.is_empty() {
        // The name of the question, which begins after the header.
        reply.extend([0xc0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend(1_u16.to_be_bytes());
        reply.extend(TTL.to_be_bytes());
        reply.extend(u16::try_from(record.len()).ok()?.to_be_bytes());
        reply.extend(record);
    }
    Some(reply)
}

/// The name at the start of a question, in small letters, and where it ends.
fn name(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 0);
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = question.get(at..at + length).filter(|_| length < 64)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut query = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend(label.bytes());
        }
        query.push(0);
        query.extend(kind.to_be_bytes());
        query.extend([0, 1]);
        query
    }

    #[test]
    fn a_known_name_has_its_address_and_another_is_not_there() {
        let names = BTreeMap::from([("app.internal".to_owned(), IpAddr::from([127, 99, 0, 1]))]);
        let found = answer(&query("App.internal", A), &names).unwrap();
        assert_eq!((found[3] & 0xf, found[7], &found[found.len() - 4..]), (0, 1, &[127, 99, 0, 1][..]));
        let other_family = answer(&query("app.internal", AAAA), &names).unwrap();
        assert_eq!((other_family[3] & 0xf, other_family[7]), (0, 0));
        let none = answer(&query("db.internal", A), &names).unwrap();
        assert_eq!((none[3] & 0xf, none[7]), (3, 0));
        let whole = query("app.internal", A);
        for length in 0..whole.len() {
            assert!(answer(&whole[..length], &names).is_none(), "{length}");
        }
        assert!(answer(&found, &names).is_none(), "an answer is no query");
    }
}
